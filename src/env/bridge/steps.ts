/** Reads a step of a bridge program in each of the three forms. */
import type { Features, Step, TextStep, TokensSpec, VectorSpec } from '../environment.ts';
import { MOST_ACTIONS } from '../limits.ts';
import type { Hello } from './hello.ts';
import { ProtocolError, type Received, requireLength } from './messages.ts';
import { shownText } from './receivedText.ts';

/** Longest observation and state, and action, in UTF-16 code units. */
const longestText = 65_536;
const longestAction = 4_096;

/** A step of an environment, and what is needed to answer it. */
export interface BridgeStep<S extends Step | TextStep = Step | TextStep> {
  readonly step: S;
  /** What is sent for each admissible action, in the order of `info.admissibleActions`. */
  readonly sent: readonly (string | number)[];
  /** The text as received. Its hash is the node of the experience graph. */
  readonly stateText: string;
}

function flag(received: Received, field: string): boolean {
  const value = received[field];
  if (typeof value !== 'boolean') throw new ProtocolError(`${field} must be a boolean`);
  return value;
}

/** The fields that all forms share. */
function readCommon(received: Received, env: number, { spec }: Hello): Omit<TextStep, 'observation' | 'info'> {
  if (received.env !== env) throw new ProtocolError(`env must be ${env}, the environment of the request`);
  const [terminated, truncated] = [flag(received, 'terminated'), flag(received, 'truncated')];
  const { reward, success } = received;
  if (typeof reward !== 'number' || !Number.isFinite(reward)) throw new ProtocolError('reward must be a finite number');
  const common = { reward, terminated, truncated };
  if (spec.success !== 'step' || !(terminated || truncated)) return common;
  if (typeof success === 'boolean' || (typeof success === 'number' && success >= 0 && success <= 1)) {
    return { ...common, success };
  }
  throw new ProtocolError('success must be true, false or a number in [0, 1] in the last step of an episode');
}

/** The list of actions, which is empty only after the end. */
function readActions(received: Received, ended: boolean, what: string): readonly unknown[] {
  const { admissibleActions } = received;
  if (!Array.isArray(admissibleActions)) throw new ProtocolError(`admissibleActions must be a list of ${what}`);
  if (admissibleActions.length === 0 && !ended) {
    throw new ProtocolError('admissibleActions must not be empty before the episode ends');
  }
  if (admissibleActions.length > MOST_ACTIONS) {
    throw new ProtocolError(
      `admissibleActions must list at most ${MOST_ACTIONS} actions (it lists ${admissibleActions.length})`,
    );
  }
  return admissibleActions;
}

function readState({ state }: Received): string | undefined {
  if (state === undefined) return undefined;
  if (typeof state !== 'string') throw new ProtocolError('state must be a string or absent');
  requireLength('state', state, longestText);
  return state;
}

/**
 * Actions are returned without repeats, in ascending order of UTF-16 code units of the received texts. Two actions with
 * equal converted texts stay two actions.
 */
function readTextStep(received: Received, env: number, hello: Hello): BridgeStep<TextStep> {
  const { observation } = received;
  if (typeof observation !== 'string') throw new ProtocolError('observation must be a string');
  const common = readCommon(received, env, hello);
  const listed = readActions(received, common.terminated || common.truncated, 'strings');
  for (const action of listed) {
    if (typeof action !== 'string') throw new ProtocolError('admissibleActions must be a list of strings');
    requireLength('each of admissibleActions', action, longestAction);
  }
  requireLength('observation', observation, longestText);
  const sent = [...new Set(listed as readonly string[])].sort();
  return {
    step: { observation: shownText(observation), ...common, info: { admissibleActions: sent.map(shownText) } },
    sent,
    stateText: readState(received) ?? [observation, ...sent].join('\n'),
  };
}

function readVector(observation: unknown, width: number): Float32Array {
  if (!Array.isArray(observation)) throw new ProtocolError(`observation must be a list of ${width} numbers`);
  if (observation.length !== width) {
    throw new ProtocolError(`observation must have ${width} numbers (it has ${observation.length})`);
  }
  const vector = Float32Array.from(observation, (x) => (typeof x === 'number' ? x : Number.NaN));
  const at = vector.findIndex((x) => !Number.isFinite(x));
  if (at < 0) return vector;
  throw new ProtocolError(`observation must consist of finite 32-bit floats (number ${at} is ${observation[at]})`);
}

/** Ids of actions, ascending. `all` is returned where the program lists none. */
function readIds(received: Received, ended: boolean, all: readonly number[]): readonly number[] {
  if (received.admissibleActions === undefined) return ended ? [] : all;
  const ids = readActions(received, ended, 'ids') as readonly number[];
  const wrong = ids.findIndex((id, i) => !Number.isInteger(id) || id < 0 || id >= all.length || ids[i - 1] >= id);
  if (wrong < 0) return ids;
  throw new ProtocolError(
    `admissibleActions must list ids in [0, ${all.length}) in ascending order (number ${wrong} is ${JSON.stringify(ids[wrong])})`,
  );
}

function readVectorStep(
  received: Received,
  env: number,
  hello: Hello,
  { vectorWidth }: VectorSpec,
  all: readonly number[],
): BridgeStep<Step> {
  const common = readCommon(received, env, hello);
  const observation = readVector(received.observation, vectorWidth);
  const admissibleActions = readIds(received, common.terminated || common.truncated, all);
  return {
    step: { observation, ...common, info: { admissibleActions } },
    sent: admissibleActions,
    stateText: readState(received) ?? JSON.stringify([Array.from(observation), received.admissibleActions ?? null]),
  };
}

/** A list of features, ascending by slot; in the layout `sequence` feature number i has slot i. */
function readFeatures(name: string, value: unknown, slots: number, { vocabulary, layout }: TokensSpec): Features {
  if (!Array.isArray(value)) throw new ProtocolError(`${name} must be a list of features`);
  const words = vocabulary.length;
  let least = 0;
  for (const [i, feature] of value.entries()) {
    const slot = Number.isInteger(feature) && feature >= 0 ? Math.floor(feature / words) : slots;
    if (slot >= slots) {
      throw new ProtocolError(
        `${name} must consist of integers slot * ${words} + token with slot < ${slots} (number ${i} is ${JSON.stringify(feature)})`,
      );
    }
    if (slot < least || (layout === 'sequence' && slot !== i)) {
      const rule = layout === 'sequence' ? 'one feature for each slot from 0 on' : 'features that ascend by slot';
      throw new ProtocolError(`${name} must have ${rule} (number ${i} has slot ${slot})`);
    }
    least = slot;
  }
  return value as Features;
}

function readTokensStep(received: Received, env: number, hello: Hello, spec: TokensSpec): BridgeStep<Step> {
  const common = readCommon(received, env, hello);
  const observation = readFeatures('observation', received.observation, spec.stateSlots, spec);
  const listed = readActions(received, common.terminated || common.truncated, 'lists of features');
  const admissibleActions = listed.map((action) =>
    readFeatures('each of admissibleActions', action, spec.actionSlots, spec),
  );
  return {
    step: { observation, ...common, info: { admissibleActions } },
    sent: admissibleActions.map((_, i) => i),
    stateText: readState(received) ?? JSON.stringify([observation, admissibleActions]),
  };
}

export type ReadStep = (received: Received, env: number) => BridgeStep;

/** The function that reads the steps of a program. */
export function stepReader(hello: Hello): ReadStep {
  switch (hello.form) {
    case 'text':
      return (received, env) => readTextStep(received, env, hello);
    case 'vector': {
      const { spec } = hello;
      const all = Array.from({ length: spec.actionCount }, (_, id) => id);
      return (received, env) => readVectorStep(received, env, hello, spec, all);
    }
    case 'tokens': {
      const { spec } = hello;
      return (received, env) => readTokensStep(received, env, hello, spec);
    }
  }
}
