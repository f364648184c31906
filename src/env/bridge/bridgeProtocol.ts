/**
 * Messages between unbraid and a bridge: a program that plays episodes and exchanges JSON, one object per line, on its
 * standard input and output. docs/bridge.md describes the messages for authors of bridges. This file contains the
 * checks of the client.
 */
import { parseJson } from '../../check/parseJson.ts';
import type { Split, TextEnvironment, TextStep } from '../environment.ts';
import { MOST_ACTIONS, MOST_STEPS } from '../limits.ts';
import { shownText } from './receivedText.ts';

/** Must be increased by any change that an existing program or client would misread. */
export const protocolVersion = 1;

/** Longest texts in UTF-16 code units: of `name` and `version`, of an observation and of a state, and of an action. */
const longestName = 1_000;
const longestText = 65_536;
const longestAction = 4_096;

export type BridgeRequest =
  | { readonly id: number; readonly op: 'hello'; readonly protocol: number }
  | { readonly id: number; readonly op: 'reset'; readonly env: number; readonly seed: number; readonly split: Split }
  | { readonly id: number; readonly op: 'step'; readonly env: number; readonly action: string }
  | { readonly id: number; readonly op: 'close'; readonly env: number };

/** One answer line, matched to its request by `id`. The reader of each kind of request checks the other fields. */
export type BridgeAnswer = Readonly<Record<string, unknown>> & { readonly id: number };

/** A text step with texts converted by `shownText`, and the texts that the program sent. */
export interface BridgeStep extends TextStep {
  /** The actions as received, in the order of `info.admissibleActions`. These texts are sent back to the program. */
  readonly sent: readonly string[];
  /** The text as received. Its hash is the node of the experience graph. */
  readonly stateText: string;
}

/** An answer that violates the protocol. The message names the rule, and the client adds the received text. */
export class ProtocolError extends Error {}

/** Parses one line of the program. */
export function readAnswer(line: string): BridgeAnswer {
  let answer: unknown;
  try {
    answer = parseJson(line);
  } catch {
    throw new ProtocolError('an answer must be one line of JSON');
  }
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) {
    throw new ProtocolError('an answer must be a JSON object');
  }
  const { id } = answer as { id?: unknown };
  if (typeof id !== 'number') throw new ProtocolError('an answer must carry the id of its request');
  return { ...answer, id };
}

function requireType(answer: BridgeAnswer, field: string, type: 'string' | 'boolean'): void {
  if (typeof answer[field] !== type) throw new ProtocolError(`${field} must be a ${type}`);
}

function requireLength(field: string, text: string, longest: number): void {
  if (text.length <= longest) return;
  throw new ProtocolError(`${field} must have at most ${longest} characters (it has ${text.length})`);
}

/** Reads a text that is used in records and messages. */
function readName(field: string, text: unknown): string {
  if (typeof text !== 'string' || text === '') throw new ProtocolError(`${field} must be a string that is not empty`);
  requireLength(field, text, longestName);
  if (shownText(text) !== text || /[\t\n]/.test(text)) {
    throw new ProtocolError(`${field} must have no control characters, byte order marks or halves of surrogate pairs`);
  }
  return text;
}

/** Reads the answer to `hello`. */
export function readHello(answer: BridgeAnswer): TextEnvironment['spec'] {
  const { protocol, name, version, maxSteps } = answer;
  if (protocol !== protocolVersion) {
    throw new ProtocolError(`protocol must be ${protocolVersion}, the version this client speaks`);
  }
  const names = { name: readName('name', name), version: readName('version', version) };
  if (typeof maxSteps !== 'number' || !Number.isInteger(maxSteps) || maxSteps < 1) {
    throw new ProtocolError('maxSteps must be an integer >= 1');
  }
  if (maxSteps > MOST_STEPS) throw new ProtocolError(`maxSteps must be at most ${MOST_STEPS}`);
  return { ...names, maxSteps, hasExpert: false };
}

/**
 * Reads the answer to `reset` or `step` of environment `env`. Actions are returned without repeats, in ascending order
 * of UTF-16 code units of the received texts. Two actions with equal converted texts stay two actions.
 */
export function readStep(answer: BridgeAnswer, env: number): BridgeStep {
  if (answer.env !== env) throw new ProtocolError(`env must be ${env}, the environment of the request`);
  requireType(answer, 'observation', 'string');
  requireType(answer, 'terminated', 'boolean');
  requireType(answer, 'truncated', 'boolean');
  const { reward, admissibleActions, state } = answer;
  if (typeof reward !== 'number' || !Number.isFinite(reward)) throw new ProtocolError('reward must be a finite number');
  if (!Array.isArray(admissibleActions) || !admissibleActions.every((action) => typeof action === 'string')) {
    throw new ProtocolError('admissibleActions must be a list of strings');
  }
  const { observation, terminated, truncated } = answer as unknown as TextStep;
  if (admissibleActions.length === 0 && !terminated && !truncated) {
    throw new ProtocolError('admissibleActions must not be empty before the episode ends');
  }
  if (admissibleActions.length > MOST_ACTIONS) {
    throw new ProtocolError(
      `admissibleActions must list at most ${MOST_ACTIONS} actions (it lists ${admissibleActions.length})`,
    );
  }
  for (const action of admissibleActions) requireLength('each of admissibleActions', action, longestAction);
  requireLength('observation', observation, longestText);
  if (state !== undefined && typeof state !== 'string') throw new ProtocolError('state must be a string or absent');
  if (state !== undefined) requireLength('state', state, longestText);
  const sent = [...new Set<string>(admissibleActions)].sort();
  return {
    observation: shownText(observation),
    reward,
    terminated,
    truncated,
    info: { admissibleActions: sent.map(shownText) },
    sent,
    stateText: state ?? [observation, ...sent].join('\n'),
  };
}
