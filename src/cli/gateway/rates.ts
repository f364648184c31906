/** Limits the number of requests: a bucket for each key is filled at a steady rate, and each request takes one. */

/** Most keys. When there are more, the key that was used least recently is forgotten. */
const MOST_KEYS = 20_000;

export interface Rate {
  /** Requests at once. */
  readonly burst: number;
  readonly perSecond: number;
}

/** @returns a function that takes one request and returns 0, or the time in seconds after which it would succeed */
export function openRates({ burst, perSecond }: Rate, nowMs: () => number): (key: string) => number {
  const buckets = new Map<string, { level: number; atMs: number }>();
  return (key) => {
    const now = nowMs();
    const { level, atMs } = buckets.get(key) ?? { level: burst, atMs: now };
    const filled = Math.min(burst, level + ((now - atMs) / 1000) * perSecond);
    const taken = filled >= 1;
    // A map lists keys in the order in which they were added.
    buckets.delete(key);
    buckets.set(key, { level: taken ? filled - 1 : filled, atMs: now });
    if (buckets.size > MOST_KEYS) buckets.delete(buckets.keys().next().value as string);
    return taken ? 0 : Math.ceil((1 - filled) / perSecond);
  };
}

/** Answers per second that say that there is no job. */
const EMPTY_PER_SECOND = 50;

const SHORTEST_WAIT = 5;
const LONGEST_WAIT = 600;

/**
 * The time in seconds after which a client that got no job may ask again. It grows with the number of such clients, so
 * that all of them together ask at most about 50 times a second.
 */
export function openRetry(nowMs: () => number): () => number {
  let wait = SHORTEST_WAIT;
  let asked = 0;
  let sinceMs = nowMs();
  return () => {
    asked++;
    const seconds = (nowMs() - sinceMs) / 1000;
    if (seconds >= SHORTEST_WAIT) {
      wait = Math.min(LONGEST_WAIT, Math.max(SHORTEST_WAIT, Math.ceil((wait * asked) / seconds / EMPTY_PER_SECOND)));
      asked = 0;
      sinceMs = nowMs();
    }
    return wait;
  };
}
