import { threefry2x32 } from '../../src/random.ts';

/** The two words of counter (index, block) under a key. */
function words(key: readonly [number, number], index: number, block: number): Uint32Array {
  const out = new Uint32Array(2);
  threefry2x32(key[0], key[1], index, block, out);
  return out;
}

/** Uniform in [0, 1) from the top 24 bits of a word. */
function fraction(word: number): number {
  return (word >>> 8) / 2 ** 24;
}

/** Uniform number of counter (index, 0). */
export function uniformAt(key: readonly [number, number], index: number): number {
  return fraction(words(key, index, 0)[0]);
}

/** Standard normal number of counters (index, 0), (index, 1), ...: Marsaglia's polar method. */
export function normalAt(key: readonly [number, number], index: number): number {
  for (let block = 0; ; block++) {
    const [first, second] = words(key, index, block);
    const x = 2 * fraction(first) - 1;
    const y = 2 * fraction(second) - 1;
    const s = x * x + y * y;
    // The kernel sums the squares in single precision; its decision at the rim is the one that counts.
    const rounded = Math.fround(Math.fround(x * x) + Math.fround(y * y));
    if (rounded < 1 && rounded > 0) return x * Math.sqrt((-2 * Math.log(s)) / s);
  }
}
