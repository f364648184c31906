import { checkKeys, checkObject, refuse, shown } from '../../check/values.ts';
import type { Environment, Features, Step, TextEnvironment, TextStep } from '../environment.ts';
import { checkMaxSteps, requireEnd } from '../limits.ts';
import { textHash } from '../textHash.ts';
import { reservedWords, type Vocabulary } from './tokenizer.ts';

/** Version of how tokens are laid out; joins the environment's own version in `spec.version`. */
const layoutVersion = 'tokens2';

/** Number of encodings kept for texts that recur; the oldest is dropped first. */
const cacheSize = 8192;

/** Number of actions kept for one observation; then all of them are dropped. */
const actionsKept = 64;

const idOf = (word: (typeof reservedWords)[number]): number => reservedWords.indexOf(word);
const lastId = idOf('<last>');
const nowId = idOf('<now>');
const beenId = idOf('<been>');
const timesTakenIds = [idOf('<new>'), idOf('<once>'), idOf('<more>')];

/** Options of `tokenized`. */
export interface TokenizedOptions {
  /** Positions of an observation, the last action included. Default 48. */
  readonly maxStateTokens?: number;
  /** Positions of an action, its memory mark and the sentence about it included. Default 24. */
  readonly maxActionTokens?: number;
  /** Adds what the agent did in this episode; see `tokenized`. Default true. */
  readonly memory?: boolean;
}

/** Keeps the first and last halves of a text that is too long: texts name the place first, exits and inventory last. */
function keepEnds(tokens: readonly number[], length: number): readonly number[] {
  if (tokens.length <= length) return tokens;
  const tail = Math.floor(length / 2);
  return [...tokens.slice(0, length - tail), ...tokens.slice(tokens.length - tail)];
}

/** The sentences of a text: up to a full stop, exclamation or question mark, or the end of a line. */
function sentencesOf(text: string): string[] {
  return text.match(/[^.!?\n]+[.!?]?/g) ?? [];
}

/**
 * The sentence that an action is about. Each word of the action, from the last (which names the object or the
 * direction) to the first, keeps only the sentences that contain it, if any of the remaining ones does. The result is
 * the first remaining sentence; none if no word excluded a sentence.
 */
function sentenceAbout(
  action: readonly number[],
  sentences: readonly (readonly number[])[],
): readonly number[] | undefined {
  let found: readonly (readonly number[])[] | undefined;
  for (let i = action.length - 1; i >= 0; i--) {
    const narrower = (found ?? sentences).filter((sentence) => sentence.includes(action[i]));
    if (narrower.length > 0) found = narrower;
  }
  return found?.[0];
}

/** The last two words of a sentence without its full stop. With fewer words, a text that equals no place. */
function lastPair(sentence: readonly number[], stopId: number): string {
  const end = sentence.length - (sentence.at(-1) === stopId ? 1 : 0);
  return sentence.slice(Math.max(0, end - 2), end).join(' ');
}

/** The encoding of an observation and its actions, which does not depend on the episode. */
interface Reading {
  readonly tokens: readonly number[];
  readonly sentences: readonly (readonly number[])[];
  /** For each action that occurred with this observation: its tokens and the sentence that it is about. */
  readonly actions: Map<string, { readonly words: readonly number[]; readonly about: readonly number[] | undefined }>;
}

/** A function that caches its results for the latest `cacheSize` texts. */
function cached<T>(read: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    let found = known.get(text);
    if (found === undefined) {
      found = read(text);
      if (known.size === cacheSize) known.delete(known.keys().next().value as string);
      known.set(text, found);
    }
    return found;
  };
}

interface Reader {
  readonly encode: (text: string) => readonly number[];
  readonly observation: (text: string) => Reading;
}

/** Shared by all environments of a vocabulary, because the episodes of a group have the same texts. */
const readers = new WeakMap<Vocabulary, Reader>();

export function readerOf(vocabulary: Vocabulary): Reader {
  const known = readers.get(vocabulary);
  if (known) return known;
  const encode = cached<readonly number[]>((text) => vocabulary.encode(text));
  const observation = cached<Reading>((text) => ({
    tokens: encode(text),
    sentences: sentencesOf(text).map(encode),
    actions: new Map(),
  }));
  const reader = { encode, observation };
  readers.set(vocabulary, reader);
  return reader;
}

export function readAction(reader: Reader, { actions, sentences }: Reading, action: string) {
  let read = actions.get(action);
  if (read === undefined) {
    const words = reader.encode(action);
    read = { words, about: sentenceAbout(words, sentences) };
    if (actions.size === actionsKept) actions.clear();
    actions.set(action, read);
  }
  return read;
}

const optionKeys = { maxStateTokens: 1, maxActionTokens: 1, memory: 1 } satisfies Record<keyof TokenizedOptions, 1>;

function checkOptions(options: Required<TokenizedOptions>, vocabulary: Vocabulary): void {
  const { maxStateTokens, maxActionTokens, memory } = options;
  if (typeof memory !== 'boolean') refuse('tokenized', 'memory', 'true or false', memory, 'leave it out for true');
  const leastAction = memory ? 2 : 1;
  if (!Number.isInteger(maxActionTokens) || maxActionTokens < leastAction) {
    throw new RangeError(
      `tokenized: maxActionTokens must be an integer >= ${leastAction}, got ${shown(maxActionTokens)}; raise maxActionTokens`,
    );
  }
  const leastState = memory ? maxActionTokens + 2 : 1;
  if (!Number.isInteger(maxStateTokens) || maxStateTokens < leastState) {
    const why = memory ? ' (the last action needs maxActionTokens + 1)' : '';
    throw new RangeError(
      `tokenized: maxStateTokens must be an integer >= ${leastState}${why}, got ${shown(maxStateTokens)}; raise maxStateTokens`,
    );
  }
  if (!Array.isArray(vocabulary?.words)) {
    refuse('tokenized', 'vocabulary', 'a vocabulary', vocabulary, 'build it with buildVocabulary');
  }
  reservedWords.forEach((word, id) => {
    if (vocabulary.words[id] !== word) {
      throw new Error(
        `tokenized: vocabulary.words[${id}] must be ${word}, got ${vocabulary.words[id]}; build it with buildVocabulary`,
      );
    }
  });
}

/** Lays out the tokens of an observation and of an action by position. */
interface TokenLayout {
  observation(reading: Reading, lastAction: string | undefined): Features;
  /**
   * @param times number of times that the action was taken in this state
   * @param places the last two words of the first sentence of each observation of the episode
   */
  action(action: string, times: number, reading: Reading, places: ReadonlySet<string>): Features;
}

function tokenLayout(
  { words: vocabularyWords }: Vocabulary,
  reader: ReturnType<typeof readerOf>,
  { maxStateTokens, maxActionTokens, memory }: Required<TokenizedOptions>,
): TokenLayout {
  const vocabularySize = vocabularyWords.length;
  const stopId = vocabularyWords.indexOf('.');
  const features = (prefix: readonly number[], tokens: readonly number[], length: number): Features =>
    [...prefix, ...keepEnds(tokens, length - prefix.length)].map(
      (token, position) => position * vocabularySize + token,
    );
  return {
    observation({ tokens }, lastAction) {
      const last =
        lastAction === undefined ? [] : [lastId, ...keepEnds(reader.encode(lastAction), maxActionTokens - 1)];
      return features(memory ? [...last, nowId] : [], tokens, maxStateTokens);
    },
    action(action, times, reading, places) {
      const { words, about } = readAction(reader, reading, action);
      const mark = memory ? [timesTakenIds[Math.min(times, 2)]] : [];
      const marked = [...mark, ...keepEnds(words, maxActionTokens - mark.length)];
      // The sentence and the mark before it need at least one position each.
      if (about === undefined || marked.length + 2 > maxActionTokens) return features([], marked, maxActionTokens);
      const lead = memory && places.has(lastPair(about, stopId)) ? beenId : nowId;
      return features([...marked, lead], about, maxActionTokens);
    },
  };
}

/**
 * Converts a text environment to tokens: form `tokens`, layout `sequence`, slot = position, no empty slot before the
 * last token.
 *
 * Each action is followed by `<now>` and the sentence of the observation that it is about (see `sentenceAbout`), as far
 * as positions reach: a small policy does not learn which words of a long text are close to each other.
 *
 * With `memory` (the default) the tokens also contain what the agent did in this episode. Without it, a policy that
 * receives one observation at a time cannot explore a maze:
 * - each action begins with `<new>`, `<once>` or `<more>`: how often it was taken before in this very state
 *   (`stateHash`);
 * - `<been>` replaces `<now>` where the sentence about the action ends in the two words in which the first sentence
 *   of an observation of this episode ended (`... you see the kitchen.` after `You are in the kitchen.`);
 * - the observation begins with `<last>`, the tokens of the last action, `<now>`; with `<now>` alone after reset.
 *
 * This uses no task knowledge that the agent does not have: a state hash covers only what the agent's own actions
 * changed or revealed.
 *
 * `stateHash` is the environment's own; where it has none, the hash of the observation text and the admissible actions.
 * It excludes the memory tokens: nodes of the experience graph must recur across episodes of one game, and counts of
 * past actions rarely do.
 *
 * @throws RangeError if a maximum leaves no room for the text or the environment's `maxSteps` is out of range; Error if
 *   the vocabulary lacks the reserved words. `step` throws if an episode has not ended after `maxSteps` steps
 */
export function tokenized(
  environment: TextEnvironment,
  vocabulary: Vocabulary,
  options: TokenizedOptions = {},
): Environment {
  checkObject('tokenized', 'environment', environment, 'give a text environment');
  checkObject('tokenized', 'environment.spec', environment.spec, 'give a text environment');
  checkKeys('tokenized', 'options', options, optionKeys);
  const { maxStateTokens = 48, maxActionTokens = 24, memory = true } = options;
  checkOptions({ maxStateTokens, maxActionTokens, memory }, vocabulary);
  checkMaxSteps('tokenized', environment.spec);
  const reader = readerOf(vocabulary);
  const timesTaken = new Map<string, number>();
  /** Last two words of the first sentence of each observation so far: texts name the place first. */
  const places = new Set<string>();
  const stopId = vocabulary.words.indexOf('.');
  let lastAction: string | undefined;
  let steps = 0;
  let ended = false;
  let current: { readonly step: TextStep; readonly hash: number } | undefined;

  const present = (caller: string): { readonly step: TextStep; readonly hash: number } => {
    if (current === undefined) throw new Error(`tokenized: ${caller} needs an episode; call reset first`);
    return current;
  };
  const layout = tokenLayout(vocabulary, reader, { maxStateTokens, maxActionTokens, memory });
  const show = (step: TextStep): Step => {
    const { observation, reward, terminated, truncated, success, info } = step;
    const hash = environment.stateHash?.() ?? textHash([observation, ...info.admissibleActions].join('\n'));
    current = { step, hash };
    const reading = reader.observation(observation);
    const { sentences } = reading;
    if (memory && sentences.length > 0) places.add(lastPair(sentences[0], stopId));
    const admissibleActions = info.admissibleActions.map((action) =>
      layout.action(action, timesTaken.get(`${hash}\n${action}`) ?? 0, reading, places),
    );
    return {
      observation: layout.observation(reading, lastAction),
      reward,
      terminated,
      truncated,
      ...(success !== undefined && { success }),
      info: { admissibleActions },
    };
  };

  const { expertActions, taskOf } = environment;
  return {
    spec: {
      name: environment.spec.name,
      version: `${environment.spec.version}+${layoutVersion}`,
      maxSteps: environment.spec.maxSteps,
      hasExpert: environment.spec.hasExpert,
      ...(environment.spec.success !== undefined && { success: environment.spec.success }),
      ...(environment.spec.packages && { packages: environment.spec.packages }),
      form: 'tokens',
      layout: 'sequence',
      vocabulary: vocabulary.words,
      stateSlots: maxStateTokens,
      actionSlots: maxActionTokens,
    },
    async reset(episode) {
      const step = await environment.reset(episode);
      timesTaken.clear();
      places.clear();
      lastAction = undefined;
      steps = 0;
      ended = step.terminated || step.truncated;
      return show(step);
    },
    async step(action) {
      const { step, hash } = present('step');
      const text = step.info.admissibleActions[action];
      if (text === undefined) {
        const count = step.info.admissibleActions.length;
        throw new RangeError(`tokenized: step needs the index of one of ${count} admissible actions, got ${action}`);
      }
      const next = await environment.step(action);
      // The environment decides whether it rejects a step after the end.
      if (!ended) requireEnd('tokenized', environment.spec, next, ++steps);
      ended ||= next.terminated || next.truncated;
      const taken = `${hash}\n${text}`;
      timesTaken.set(taken, (timesTaken.get(taken) ?? 0) + 1);
      lastAction = text;
      return show(next);
    },
    observationText() {
      const { observation } = present('observationText').step;
      return memory && lastAction !== undefined ? `Last action: ${lastAction}.\n${observation}` : observation;
    },
    actionTexts: () => present('actionTexts').step.info.admissibleActions,
    stateHash: () => present('stateHash').hash,
    ...(expertActions && { expertActions: () => expertActions.call(environment) }),
    ...(taskOf && { taskOf: (game) => taskOf.call(environment, game) }),
    close: async () => environment.close?.(),
  };
}
