/**
 * The messages between unbraid and a bridge: a program that plays episodes and speaks JSON, one object a line, on its standard input and
 * output. docs/bridge.md describes them for authors of bridges; this file is what the client checks.
 */
import { parseJson } from '../parseJson.ts';
import type { Split, TextEnvironment, TextStep } from './environment.ts';

/** Raised by any change that an existing program or client would misread. */
export const protocolVersion = 1;

export type BridgeRequest =
  | { readonly id: number; readonly op: 'hello'; readonly protocol: number }
  | { readonly id: number; readonly op: 'reset'; readonly env: number; readonly seed: number; readonly split: Split }
  | { readonly id: number; readonly op: 'step'; readonly env: number; readonly action: string }
  | { readonly id: number; readonly op: 'close'; readonly env: number };

/** One answer line, matched to its request by `id`; the other fields are checked by the reader of the request's kind. */
export type BridgeAnswer = Readonly<Record<string, unknown>> & { readonly id: number };

/** A text step and the optional text whose hash is the node of the experience graph. */
export interface BridgeStep extends TextStep {
  readonly state: string | undefined;
}

/** An answer that breaks the protocol; the message names the rule, and the client adds what arrived. */
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

/** Reads the answer to `hello`. */
export function readHello(answer: BridgeAnswer): TextEnvironment['spec'] {
  const { protocol, name, version, maxSteps } = answer;
  if (protocol !== protocolVersion) {
    throw new ProtocolError(`protocol must be ${protocolVersion}, the version this client speaks`);
  }
  if (typeof name !== 'string' || name === '') throw new ProtocolError('name must be a string that is not empty');
  if (typeof version !== 'string' || version === '')
    throw new ProtocolError('version must be a string that is not empty');
  if (typeof maxSteps !== 'number' || !Number.isInteger(maxSteps) || maxSteps < 1) {
    throw new ProtocolError('maxSteps must be an integer >= 1');
  }
  return { name, version, maxSteps, hasExpert: false };
}

/** Reads the answer to `reset` or `step` of environment `env`; actions come back without repeats, in ascending order of UTF-16 code units. */
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
  if (state !== undefined && typeof state !== 'string') throw new ProtocolError('state must be a string or absent');
  return {
    observation,
    reward,
    terminated,
    truncated,
    info: { admissibleActions: [...new Set<string>(admissibleActions)].sort() },
    state,
  };
}
