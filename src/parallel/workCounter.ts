/**
 * Numbers 0, 1, 2, ... that threads take in turn from a word of shared memory. A word serves one round after another; a thread that comes
 * late, when the next round has begun, gets no number of it.
 */

/** Bits of a word that count numbers; the others hold the round. */
const COUNT_BITS = 12;
const ROUNDS = 1 << (31 - COUNT_BITS);

/** The round after `round`; never 0, which is what memory holds before the first. */
export function nextRound(round: number): number {
  return (round % (ROUNDS - 1)) + 1;
}

/** Begins a round at index `at`. */
export function openRound(i32: Int32Array, at: number, round: number): void {
  Atomics.store(i32, at, round << COUNT_BITS);
}

export function roundOf(word: number): number {
  return word >>> COUNT_BITS;
}

/** Takes the next number of a round, or -1 if all `count` are taken or the round is over. */
export function claim(i32: Int32Array, at: number, round: number, count: number): number {
  for (;;) {
    const word = Atomics.load(i32, at);
    const number = word & ((1 << COUNT_BITS) - 1);
    if (roundOf(word) !== round || number >= count) return -1;
    if (Atomics.compareExchange(i32, at, word, word + 1) === word) return number;
  }
}

/** Part `k` of `count` of the numbers 0 .. n - 1: every `count`-th from k on. */
export function everyNth(n: number, k: number, count: number): number[] {
  return Array.from({ length: Math.max(0, Math.ceil((n - k) / count)) }, (_, i) => k + i * count);
}
