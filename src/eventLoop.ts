/** Turns of the event loop: a thread that takes none hears no message and no Ctrl-C. */

/** A turn of the event loop, in which messages and signals arrive. */
export function turn(): Promise<void> {
  // Two ports take 40 to 100 microseconds, but pages have nothing else that is not delayed.
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

/** States' worth of work between two turns: some 5 ms with the default networks, a quarter of a second with the largest. */
const WORK = 256;

/** To be awaited after each piece of work; `states` says how much it was: that many states scored, or what takes about as long. */
export type Pause = (states: number) => Promise<void>;

/**
 * For work that would keep its thread to itself: the pauses between its pieces, each a turn once enough has been done since the last one. No
 * other call may reach the thread's arena meanwhile, so workers, which are sent one call after another, take none.
 *
 * @param signal once it is aborted, a pause throws its reason
 */
export function pauses(signal?: AbortSignal): Pause {
  let since = 0;
  return async (states) => {
    since += states;
    if (since < WORK) return;
    since = 0;
    await turn();
    signal?.throwIfAborted();
  };
}

/**
 * Waits for `work`, but not beyond an abort: then it rejects at once with the signal's reason, and the outcome of `work` is ignored. The listener
 * on the signal is removed when either has ended.
 */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    const forget = (): void => signal.removeEventListener('abort', stop);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).then(forget, forget);
  });
}

/** `unlessAborted` for what may be there already: that is given at once, and costs no turn of the event loop. */
export function answered<T>(answer: T | Promise<T>, signal: AbortSignal | undefined): T | Promise<T> {
  return answer instanceof Promise ? unlessAborted(answer, signal) : answer;
}

/** Work in pieces; it gives after each how much that was, as a `Pause` is told. */
export type Pieces<T> = Generator<number, T, void>;

/** Does the pieces with pauses between them. */
export async function inTurns<T>(pieces: Pieces<T>, pause: Pause): Promise<T> {
  try {
    for (;;) {
      const { done, value } = pieces.next();
      if (done) return value;
      await pause(value);
    }
  } finally {
    // After a pause that threw, what the work holds is given back.
    pieces.return(undefined as T);
  }
}

/** Does the pieces one after another. */
export function atOnce<T>(pieces: Pieces<T>): T {
  for (;;) {
    const { done, value } = pieces.next();
    if (done) return value;
  }
}
