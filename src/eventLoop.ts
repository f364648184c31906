/** Yields to the event loop. A thread that never yields cannot handle messages or Ctrl-C. */

/** Yields to the event loop once, so that pending messages and signals are handled. */
export function yieldToEventLoop(): Promise<void> {
  // Two ports take 40 to 100 µs. Pages have no alternative without a delay.
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** Work between two yields, in scored states: about 5 ms with the default networks, 0.25 s with the largest. */
const WORK = 256;

/**
 * Awaited after each piece of work. `states` is the amount of work: the number of scored states, or work that takes
 * about as long.
 */
export type Pause = (states: number) => Promise<void>;

/**
 * Creates the pauses between the pieces of long work. A pause yields to the event loop if enough work has been done
 * since the last yield. Another call can start during a yield and use the thread's arena, so workers, which receive one
 * call after another, must not pause.
 *
 * @param signal once it is aborted, a pause that yields throws its reason
 */
export function pauses(signal?: AbortSignal): Pause {
  let since = 0;
  return async (states) => {
    since += states;
    if (since < WORK) return;
    since = 0;
    await yieldToEventLoop();
    signal?.throwIfAborted();
  };
}

/**
 * Awaits `work`. On abort it rejects at once with the signal's reason and ignores the outcome of `work`. The listener
 * on the signal is removed on abort, and when `work` settles.
 */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    const removeListener = (): void => signal.removeEventListener('abort', stop);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).then(removeListener, removeListener);
  });
}

/** `unlessAborted` for a value or a promise. A value is returned at once, without a yield to the event loop. */
export function settled<T>(answer: T | Promise<T>, signal: AbortSignal | undefined): T | Promise<T> {
  return answer instanceof Promise ? unlessAborted(answer, signal) : answer;
}

/** Work in pieces. After each piece it yields the amount of work, in the unit of `Pause`. */
export type Pieces<T> = Generator<number, T, void>;

/** Executes the pieces with pauses between them. */
export async function runWithPauses<T>(pieces: Pieces<T>, pause: Pause): Promise<T> {
  try {
    for (;;) {
      const { done, value } = pieces.next();
      if (done) return value;
      await pause(value);
    }
  } finally {
    // After a pause that threw, this runs the generator's `finally` blocks, which release its buffers.
    pieces.return(undefined as T);
  }
}

/** Executes the pieces one after another, without pauses. */
export function runAtOnce<T>(pieces: Pieces<T>): T {
  for (;;) {
    const { done, value } = pieces.next();
    if (done) return value;
  }
}
