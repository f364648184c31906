/** How many threads a page can train with, and why not more. */

/** Most threads that are offered: more gain little for policies of this size. */
const most = 8;

export interface ThreadChoice {
  readonly most: number;
  /** Why there is only one, in a sentence; null where there are more. */
  readonly reason: string | null;
}

export function threadChoice(): ThreadChoice {
  const cores = navigator.hardwareConcurrency || 1;
  if (!globalThis.crossOriginIsolated) {
    const reason =
      'This page trains on one thread: the server did not send the two headers that shared memory needs. Reload once, so that the service worker can add them.';
    return { most: 1, reason };
  }
  if (cores < 2) return { most: 1, reason: 'This page trains on one thread: the browser reports one processor core.' };
  return { most: Math.min(most, cores), reason: null };
}
