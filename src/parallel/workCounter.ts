/**
 * An atomic work counter: a 32-bit word of shared memory from which threads claim the indices 0, 1, 2, ... of a task.
 * To claim is to take the next index atomically. A counter serves one task after another; each task is a generation of
 * the counter, and the word holds the generation beside the count. A thread that claims with the generation of an
 * earlier task therefore receives no index of the current one.
 */

/** Bits of the word that hold the count; the higher bits hold the generation. */
const COUNT_BITS = 12;
const GENERATIONS = 1 << (31 - COUNT_BITS);

/** The generation after `generation`. It is never 0: memory is 0 before the first generation. */
export function nextGeneration(generation: number): number {
  return (generation % (GENERATIONS - 1)) + 1;
}

/** Starts a generation of the counter at index `at`, with count 0. */
export function startGeneration(i32: Int32Array, at: number, generation: number): void {
  Atomics.store(i32, at, generation << COUNT_BITS);
}

/** Ends the current generation of the counter: no index of it can be claimed any more. */
export function closeGeneration(i32: Int32Array, at: number): void {
  Atomics.or(i32, at, (1 << COUNT_BITS) - 1);
}

/** The generation in a counter's word. */
export function generationOf(word: number): number {
  return word >>> COUNT_BITS;
}

/** Claims the next of `count` indices. Returns -1 if all are taken, or if the counter is at another generation. */
export function claim(i32: Int32Array, at: number, generation: number, count: number): number {
  for (;;) {
    const word = Atomics.load(i32, at);
    const index = word & ((1 << COUNT_BITS) - 1);
    if (generationOf(word) !== generation || index >= count) return -1;
    if (Atomics.compareExchange(i32, at, word, word + 1) === word) return index;
  }
}

/** Part `k` of `count` of the indices 0 .. n - 1: every `count`-th index, starting with k. */
export function everyNth(n: number, k: number, count: number): number[] {
  return Array.from({ length: Math.max(0, Math.ceil((n - k) / count)) }, (_, i) => k + i * count);
}
