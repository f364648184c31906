/**
 * Tells when a worker has ended. A browser that ends a worker, for example for want of memory, often reports nothing,
 * and calls to the worker then wait for ever. A lock that the worker holds is released by its end, whatever the cause.
 */

/** Holds a lock for as long as this worker exists. */
export async function holdLife(name: string): Promise<void> {
  if (!('locks' in navigator)) return;
  await new Promise<void>((resolve, reject) => {
    navigator.locks
      .request(name, () => {
        resolve();
        return new Promise(() => {});
      })
      .catch(reject);
  });
}

/** Calls `ended` once the worker that holds the lock has ended. Call it after the worker holds the lock. */
export function watchLife(name: string, signal: AbortSignal, ended: () => void): void {
  if (!('locks' in navigator)) return;
  navigator.locks.request(name, { signal }, ended).catch(() => {
    // The page has closed the worker and watches it no longer.
  });
}
