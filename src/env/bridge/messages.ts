/**
 * Messages between unbraid and a bridge: a program that plays episodes and exchanges JSON, one object per line, on its
 * standard input and output. docs/bridge.md describes the messages for authors of bridges. `hello.ts` and `steps.ts`
 * contain the checks of the answers.
 */
import { parseJson } from '../../check/parseJson.ts';
import type { Split } from '../environment.ts';
import { shownText } from './receivedText.ts';

/** The versions of the protocol that this client speaks. A change that a program would misread adds a version. */
export const protocolVersions = [1, 2] as const;

export type ProtocolVersion = (typeof protocolVersions)[number];

/** A request that plays: the first form starts an episode, the second takes an action. */
export type PlayRequest =
  | { readonly op: 'reset'; readonly env: number; readonly seed: number; readonly split: Split }
  | { readonly op: 'step'; readonly env: number; readonly action: string | number };

/** `DistributiveOmit<PlayRequest, 'op'>`: in `stepMany` the fields tell the two forms apart. */
export type ManyEntry = PlayRequest extends infer R ? (R extends PlayRequest ? Omit<R, 'op'> : never) : never;

export type BridgeRequest =
  | PlayRequest
  | {
      readonly op: 'hello';
      readonly protocol: number;
      readonly protocols: readonly number[];
      readonly maxSteps?: number;
    }
  | { readonly op: 'stepMany'; readonly requests: readonly ManyEntry[] }
  | { readonly op: 'close'; readonly env: number };

/** An object that the program sent. The reader of each kind of message checks its fields. */
export type Received = Readonly<Record<string, unknown>>;

/** One answer line, matched to its request by `id`. */
export type BridgeAnswer = Received & { readonly id: number };

/** What a program reports while it starts. */
export interface StartProgress {
  readonly text: string;
  readonly done?: number;
  readonly total?: number;
}

/** A message that violates the protocol. The message names the rule, and the client adds the received text. */
export class ProtocolError extends Error {
  /** The part of the line that violates the rule, if it is not the whole line. */
  readonly received: string | undefined;

  constructor(message: string, received?: string) {
    super(message);
    this.received = received;
  }
}

export function isObject(value: unknown): value is Received {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Longest `progress` and package version in UTF-16 code units, and of `name` and `version`. */
const longestLine = 200;
const longestName = 1_000;

function optionalCount(field: string, value: unknown): number | undefined {
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value) && value >= 0)) return value;
  throw new ProtocolError(`${field} must be a number >= 0 or absent`);
}

/** Parses one line of the program: an answer, or what it reports while it starts. */
export function readMessage(line: string): BridgeAnswer | StartProgress {
  let message: unknown;
  try {
    message = parseJson(line);
  } catch {
    throw new ProtocolError('an answer must be one line of JSON');
  }
  if (!isObject(message)) throw new ProtocolError('an answer must be a JSON object');
  const { id, progress } = message;
  if (typeof id === 'number') return { ...message, id };
  if (typeof progress !== 'string' || id !== undefined) {
    throw new ProtocolError('an answer must carry the id of its request');
  }
  const [done, total] = [optionalCount('done', message.done), optionalCount('total', message.total)];
  return {
    text: shownText(progress).replace(/\s+/g, ' ').slice(0, longestLine),
    ...(done !== undefined && { done }),
    ...(total !== undefined && { total }),
  };
}

export function requireLength(field: string, text: string, longest: number): void {
  if (text.length <= longest) return;
  throw new ProtocolError(`${field} must have at most ${longest} characters (it has ${text.length})`);
}

/** Reads a text that is used in records and messages. */
export function readName(field: string, text: unknown, longest = longestName): string {
  if (typeof text !== 'string' || text === '') throw new ProtocolError(`${field} must be a string that is not empty`);
  requireLength(field, text, longest);
  if (shownText(text) !== text || /[\t\n]/.test(text)) {
    throw new ProtocolError(`${field} must have no control characters, byte order marks or halves of surrogate pairs`);
  }
  return text;
}
