/**
 * Limits of waiting. A command of Redis waits as long as Redis is away, and it is never settled if its connection is
 * closed meanwhile, so a command line that must end cannot wait for it.
 */

/** As `work`, but rejects if it is not settled after `ms`. */
export function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('Redis does not answer')), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** As `work`, but rejects if it is not settled `ms` after the abort of the signal. */
export function graceAfter<T>(signal: AbortSignal, ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const limit = (): void => void within(ms, work).catch(reject);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', limit));
    if (signal.aborted) limit();
    else signal.addEventListener('abort', limit);
  });
}
