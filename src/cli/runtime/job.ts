/** Jobs that can run in any runtime, and the messages with which the caller follows them. */
import type { SpawnWorker } from '../../parallel/crew.ts';
import type { Progress } from '../../train/run.ts';
import type { library } from './library.ts';

/** The library as the runtime loads it. */
export interface Product {
  readonly unbraid: typeof library;
  readonly spawnWorker: SpawnWorker;
}

/**
 * The default export of the module of a job. The module imports only files in its own folder, so that it runs in
 * every runtime.
 *
 * @param input of the job, as JSON
 * @returns the result for the caller, as JSON
 */
export type JobFunction = (
  product: Product,
  input: unknown,
  onProgress: (progress: Progress) => void,
) => Promise<unknown>;

export interface Job {
  /** File of the module. */
  readonly module: URL;
  readonly input: unknown;
}

/**
 * A message from the runtime. The last message has the result or the error, or `left` if the page was closed or
 * hidden.
 */
export type Message =
  | { readonly progress: Progress }
  | { readonly result: unknown }
  | { readonly error: string }
  | { readonly left: string };

export interface JobOptions {
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
  /** Longest time between two messages, and before the first, in ms. */
  readonly silenceMs?: number;
}

export interface Following {
  /** Resolves with the result, or rejects with the cause of the failure. */
  readonly outcome: Promise<unknown>;
  /** Processes a message, given as JSON. */
  receive(text: string): void;
  /** Called when the runtime has ended. @param stderr its last lines. No effect after the outcome. */
  fail(what: string, stderr?: string): void;
}

const defaultSilenceMs = 180_000;

/** The progress of a job, for errors: `in phase train (3 of 20)`. */
function describePhase(progress: Progress | null): string {
  return progress === null ? 'before it began' : `in phase ${progress.phase} (${progress.done} of ${progress.total})`;
}

/**
 * Follows one job: passes its progress on and settles `outcome`. It rejects if the job fails, the runtime ends, no
 * message arrives for `silenceMs`, or the signal is aborted.
 *
 * @param runtime name and version of the runtime, for errors
 */
export function followJob(runtime: string, options: JobOptions): Following {
  const { onProgress, signal, silenceMs = defaultSilenceMs } = options;
  let last: Progress | null = null;
  let settle: { resolve(result: unknown): void; reject(error: unknown): void } | undefined;
  const outcome = new Promise<unknown>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const fail = (what: string, stderr = ''): void => {
    const said = stderr === '' ? '' : `; last lines of its stderr:\n${stderr}`;
    settle?.reject(new Error(`${runtime}: ${what} ${describePhase(last)}; run the command again${said}`));
  };
  const onSilence = (): void => fail(`received no message for ${silenceMs / 1000} s`);
  let timer = setTimeout(onSilence, silenceMs);
  // The caller may still be starting the runtime when the outcome rejects; do not report an unhandled rejection.
  outcome.catch(() => undefined);
  const onAbort = (): void => settle?.reject(signal?.reason);
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted) onAbort();
  let over = false;
  const receive = (text: string): void => {
    // A late message must not start the timer again, which would keep the process alive.
    if (over) return;
    let message: Message;
    try {
      message = JSON.parse(text) as Message;
    } catch {
      fail(`received "${text.slice(0, 200)}", which is no message,`);
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(onSilence, silenceMs);
    if ('progress' in message) {
      last = message.progress;
      onProgress?.(last);
    } else if ('result' in message) settle?.resolve(message.result);
    else if ('error' in message) settle?.reject(new Error(`${runtime}: ${message.error}`));
    else fail(message.left);
  };
  const done = (): void => {
    over = true;
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  };
  outcome.then(done, done);
  return { outcome, receive, fail };
}
