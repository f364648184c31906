/** Work that any runtime can do, and how its caller follows it. */
import type { SpawnWorker } from '../../parallel/crew.ts';
import type { Progress } from '../../train/run.ts';
import type { library } from './library.ts';

/** What a job works with: the library as this runtime loads it. */
export interface Product {
  readonly unbraid: typeof library;
  readonly spawnWorker: SpawnWorker;
}

/**
 * The default export of a job's module. The module imports nothing but files beside it, so that it runs wherever the
 * library does.
 *
 * @param input the job's input, as JSON
 * @returns what the caller gets, as JSON
 */
export type JobFunction = (
  product: Product,
  input: unknown,
  onProgress: (progress: Progress) => void,
) => Promise<unknown>;

export interface Job {
  /** The module's file. */
  readonly module: URL;
  readonly input: unknown;
}

/** What a runtime sends while it works; the last one has the result or the error. */
export type Message =
  | { readonly progress: Progress }
  | { readonly result: unknown }
  | { readonly error: string }
  | { readonly left: string };

export interface JobOptions {
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
  /** Longest time between two messages, in ms; the start counts as one. */
  readonly silenceMs?: number;
}

export interface Following {
  /** Settles once: with the result, or why there is none. */
  readonly outcome: Promise<unknown>;
  /** Takes a message as JSON. */
  receive(text: string): void;
  /** The runtime ended, having said `stderr`; without effect after the outcome. */
  fail(what: string, stderr?: string): void;
}

const defaultSilenceMs = 180_000;

/** Where a job was, for errors: `in phase train (3 of 20)`. */
function describePhase(progress: Progress | null): string {
  return progress === null ? 'before it began' : `in phase ${progress.phase} (${progress.done} of ${progress.total})`;
}

/**
 * Follows one job: hands its progress on and gives its outcome, which is an error if the job fails, the runtime
 * leaves, nothing is heard for `silenceMs`, or the signal aborts.
 *
 * @param runtime name and version, for errors
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
    settle?.reject(new Error(`${runtime}: ${what} ${describePhase(last)}; start the command again${said}`));
  };
  const onSilence = (): void => fail(`nothing was heard for ${silenceMs / 1000} s`);
  let timer = setTimeout(onSilence, silenceMs);
  // Whoever follows may still be starting the runtime when the outcome is there.
  outcome.catch(() => undefined);
  const onAbort = (): void => settle?.reject(signal?.reason);
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted) onAbort();
  const receive = (text: string): void => {
    let message: Message;
    try {
      message = JSON.parse(text) as Message;
    } catch {
      fail(`it wrote what is no message, "${text.slice(0, 200)}",`);
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
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  };
  outcome.then(done, done);
  return { outcome, receive, fail };
}
