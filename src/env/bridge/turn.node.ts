/** Groups the requests that play: all that are made in one iteration of the event loop are sent in one line. */
import {
  type BridgeAnswer,
  type BridgeRequest,
  isObject,
  type ManyEntry,
  type PlayRequest,
  ProtocolError,
} from './messages.ts';
import { programError } from './programError.node.ts';
import type { BridgeStep, ReadStep } from './steps.ts';

interface Waiting {
  readonly request: PlayRequest;
  readonly read: ReadStep;
  readonly resolve: (step: BridgeStep) => void;
  readonly reject: (error: unknown) => void;
}

/** Sends one line and returns what `read` makes of its answer. */
export type SendRequest = <T>(body: BridgeRequest, timeoutMs: number, read: (answer: BridgeAnswer) => T) => Promise<T>;

/** Requests that wait for the end of the iteration of the event loop. */
export interface Turn {
  add(request: PlayRequest, read: ReadStep): Promise<BridgeStep>;
  /** Sends what waits as `stepMany`. A line has at most one request for each environment. */
  send(): void;
}

/** Time in ms that each request of a line adds to the timeout of its answer: the program may play one after another. */
const perRequestMs = 5_000;

function entryOf({ op: _, ...entry }: PlayRequest): ManyEntry {
  return entry;
}

/** @param name of the bridge, for messages @param timeoutMs of the answer to a line with one request */
export function createTurn(name: string, timeoutMs: number, sendRequest: SendRequest): Turn {
  let waiting: Waiting[] = [];

  /** Reads all steps of an answer before any request is settled: a step that violates the protocol ends the bridge. */
  function settlers(answer: BridgeAnswer, sent: readonly Waiting[]): (() => void)[] {
    const { steps } = answer;
    if (!Array.isArray(steps) || steps.length !== sent.length) {
      throw new ProtocolError(`steps must be a list of ${sent.length} steps, one for each request`);
    }
    return sent.map(({ request: { env }, read, resolve, reject }, i) => {
      const received: unknown = steps[i];
      try {
        if (!isObject(received)) throw new ProtocolError('a step must be a JSON object');
        if (typeof received.error === 'string') {
          const error = programError(name, received);
          return () => reject(error);
        }
        const step = read(received, env);
        return () => resolve(step);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        throw new ProtocolError(`steps[${i}]: ${error.message}`, JSON.stringify(received));
      }
    });
  }

  function sendLine(sent: readonly Waiting[]): void {
    const requests = sent.map(({ request }) => entryOf(request));
    const limitMs = Math.min(timeoutMs + perRequestMs * (sent.length - 1), 0x7fff_ffff);
    sendRequest({ op: 'stepMany', requests }, limitMs, (answer) => settlers(answer, sent)).then(
      (settle) => {
        for (const each of settle) each();
      },
      (error: unknown) => {
        for (const { reject } of sent) reject(error);
      },
    );
  }

  return {
    add: (request, read) => new Promise((resolve, reject) => waiting.push({ request, read, resolve, reject })),
    send() {
      while (waiting.length > 0) {
        const environments = new Set<number>();
        const later: Waiting[] = [];
        const line = waiting.filter((each) => {
          const { env } = each.request;
          if (!environments.has(env)) return environments.add(env);
          later.push(each);
          return false;
        });
        waiting = later;
        sendLine(line);
      }
    },
  };
}
