/** Reads the answer to `hello`: what a program plays, and in which form. */
import { type Split, splits, type TextEnvironment, type TokensSpec, type VectorSpec } from '../environment.ts';
import { MOST_ACTIONS, MOST_STEPS } from '../limits.ts';
import {
  isObject,
  ProtocolError,
  type ProtocolVersion,
  protocolVersions,
  type Received,
  readName,
} from './messages.ts';

/** Largest sizes of the vector and tokens forms. Networks with the default sizes then fit into memory. */
const widest = 65_536;
const mostSlots = 4_096;
const mostWords = 65_536;
const mostPackages = 100;
/** Longest word of a vocabulary, name of an action or package, and version of a package, in UTF-16 code units. */
const longestWord = 200;

/** A form with its spec. Names of the vector form are those of the program. */
export type FormSpec =
  | { readonly form: 'text'; readonly spec: TextEnvironment['spec'] }
  | {
      readonly form: 'vector';
      readonly spec: VectorSpec;
      readonly actionNames: readonly string[] | null;
      readonly observationNames: readonly string[] | null;
    }
  | { readonly form: 'tokens'; readonly spec: TokensSpec };

/** The answer to `hello`. */
export type Hello = FormSpec & {
  readonly protocol: ProtocolVersion;
  /** What each split contains, in the words of the program. */
  readonly splits: Readonly<Partial<Record<Split, string>>> | null;
};

function readCount(answer: Received, field: string, most: number, rule: string): number {
  const value = answer[field];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) {
    throw new ProtocolError(`${field} must be an integer >= 1${rule}`);
  }
  if (value > most) throw new ProtocolError(`${field} must be at most ${most}`);
  return value;
}

function readWords(answer: Received, field: string, count: number | null): string[] {
  const words = answer[field];
  if (!Array.isArray(words) || (count !== null && words.length !== count)) {
    throw new ProtocolError(`${field} must be a list of ${count ?? 'one or more'} texts`);
  }
  return words.map((word) => readName(`each of ${field}`, word, longestWord));
}

function optionalWords(answer: Received, field: string, count: number): string[] | null {
  return answer[field] === undefined || answer[field] === null ? null : readWords(answer, field, count);
}

/** Versions by name of package, in alphabetical order: records must not depend on the order of the program. */
function readPackages({ packages }: Received): Record<string, string> | null {
  if (packages === undefined || packages === null) return null;
  if (!isObject(packages) || Object.keys(packages).length > mostPackages) {
    throw new ProtocolError(`packages must be an object of at most ${mostPackages} versions by name`);
  }
  const read = Object.keys(packages)
    .sort()
    .map((name) => [
      readName('the name of a package', name, longestWord),
      readName(`packages.${name}`, packages[name], longestWord),
    ]);
  return Object.fromEntries(read) as Record<string, string>;
}

function readSplits({ splits: given }: Received): Hello['splits'] {
  if (given === undefined || given === null) return null;
  if (!isObject(given)) throw new ProtocolError('splits must be an object of one text for each split, or absent');
  const known = splits.filter((split) => given[split] !== undefined);
  return Object.fromEntries(known.map((split) => [split, readName(`splits.${split}`, given[split])]));
}

function readSuccess({ success }: Received): { success: 'step' | null } | undefined {
  if (success === undefined || success === 'return') return undefined;
  if (success === 'step' || success === null) return { success };
  throw new ProtocolError('success must be "return", "step" or null, or absent for "return"');
}

type CommonSpec = TextEnvironment['spec'];

function readForm(answer: Received, common: CommonSpec): FormSpec {
  const { form } = answer;
  switch (form) {
    case 'text':
      return { form, spec: common };
    case 'vector': {
      const vectorWidth = readCount(answer, 'vectorWidth', widest, ': one list of numbers, not the shape of an image');
      const actionCount = readCount(
        answer,
        'actionCount',
        MOST_ACTIONS,
        ': the number of discrete actions; continuous actions are not supported',
      );
      return {
        form,
        spec: { ...common, form, vectorWidth, actionCount },
        actionNames: optionalWords(answer, 'actionNames', actionCount),
        observationNames: optionalWords(answer, 'observationNames', vectorWidth),
      };
    }
    case 'tokens': {
      const vocabulary = readWords(answer, 'vocabulary', null);
      if (vocabulary.length === 0 || vocabulary.length > mostWords) {
        throw new ProtocolError(`vocabulary must have 1 to ${mostWords} words (it has ${vocabulary.length})`);
      }
      const { layout } = answer;
      if (layout !== 'slots' && layout !== 'sequence') throw new ProtocolError('layout must be "slots" or "sequence"');
      const stateSlots = readCount(answer, 'stateSlots', mostSlots, '');
      const actionSlots = readCount(answer, 'actionSlots', mostSlots, '');
      return { form, spec: { ...common, form, vocabulary, stateSlots, actionSlots, layout } };
    }
    default:
      throw new ProtocolError('form must be "text", "vector" or "tokens"; images are not supported');
  }
}

/**
 * Reads the answer to `hello`.
 *
 * @param maxSteps the step limit that the config asked for, or null
 */
export function readHello(answer: Received, maxSteps: number | null): Hello {
  const protocol = protocolVersions.find((version) => version === answer.protocol);
  if (protocol === undefined) {
    throw new ProtocolError(`protocol must be ${protocolVersions.join(' or ')}, the versions this client speaks`);
  }
  const names = { name: readName('name', answer.name), version: readName('version', answer.version) };
  const limit = readCount(answer, 'maxSteps', MOST_STEPS, '');
  if (protocol === 1) {
    return { protocol, form: 'text', spec: { ...names, maxSteps: limit, hasExpert: false }, splits: null };
  }
  if (maxSteps !== null && limit !== maxSteps) {
    throw new ProtocolError(`maxSteps must be ${maxSteps}, the limit in the request`);
  }
  const packages = readPackages(answer);
  const common = {
    ...{ ...names, maxSteps: limit, hasExpert: false },
    ...readSuccess(answer),
    ...(packages && { packages }),
  };
  return { protocol, ...readForm(answer, common), splits: readSplits(answer) };
}
