/**
 * Counter-based random numbers: Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2,
 * 3", SC 2011).
 *
 * A stream is a pure function of (seed, purpose, step, index), so its numbers do not depend on the worker or the time
 * at which they are generated. The generator uses only 32-bit integer arithmetic, which is identical in every runtime.
 * `assembly/random.ts` is its counterpart.
 */

import { checkInteger, refuse, shown } from './check/values.ts';

const PARITY = 0x1bd11bda;

/** Hash of a purpose name (FNV-1a, 32 bits): streams are distinguished by names instead of numbers. */
function purposeKey(purpose: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < purpose.length; i++) hash = Math.imul(hash ^ purpose.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/**
 * One Threefry-2x32-20 block: writes the two 32-bit words for counter (c0, c1) under key (k0, k1) to `out[0]` and
 * `out[1]`. It has five groups of four rounds, each followed by an injection of the key. The rounds are unrolled,
 * because a loop over them takes twice the time.
 */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number, out: Uint32Array): void {
  const k2 = k0 ^ k1 ^ PARITY;
  let x0 = (c0 + k0) | 0;
  let x1 = (c1 + k1) | 0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  x0 = (x0 + k1) | 0;
  x1 = (x1 + k2 + 1) | 0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
  x0 = (x0 + k2) | 0;
  x1 = (x1 + k0 + 2) | 0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  x0 = (x0 + k0) | 0;
  x1 = (x1 + k1 + 3) | 0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
  x0 = (x0 + k1) | 0;
  x1 = (x1 + k2 + 4) | 0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  x0 = (x0 + k2) | 0;
  x1 = (x1 + k0 + 5) | 0;
  out[0] = x0;
  out[1] = x1;
}

const block = new Uint32Array(2);

/** The key of the streams (seed, purpose, step). The counter of a stream is (index, block number). */
export function streamKey(seed: number, purpose: string, step: number): [number, number] {
  threefry2x32(seed >>> 0, Math.floor(seed / 0x1_0000_0000) >>> 0, purposeKey(purpose), step >>> 0, block);
  return [block[0], block[1]];
}

/**
 * A stream of random numbers from Threefry-2x32 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
 */
export interface RandomStream {
  /** Next 32 random bits, an integer in [0, 2^32). */
  uint32(): number;
  /** Uniform number in [0, 1) with 24 random bits, exact in single precision. */
  uniform(): number;
  /** Uniform integer in [0, n), 1 <= n <= 2^32, without modulo bias. */
  below(n: number): number;
}

/**
 * The stream of random numbers for (seed, purpose, step, index).
 *
 * @param seed integer in [0, 2^53)
 * @param purpose use of the numbers, for example `'household/layout'`
 * @param step iteration or episode number, integer in [0, 2^32)
 * @param index position within the step, integer in [0, 2^32)
 * @throws RangeError if one of them is out of range
 */
export function randomStream(seed: number, purpose: string, step = 0, index = 0): RandomStream {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`randomStream: seed must be an integer in [0, 2^53), got ${shown(seed)}`);
  }
  if (typeof purpose !== 'string') refuse('randomStream', 'purpose', 'text', purpose, 'say what the numbers are for');
  checkInteger('randomStream', 'step', step, 0, 0xffff_ffff, 'count from 0');
  checkInteger('randomStream', 'index', index, 0, 0xffff_ffff, 'count from 0');
  const [k0, k1] = streamKey(seed, purpose, step);
  const words = new Uint32Array(2);
  let blocks = 0;
  let left = 0;
  const uint32 = (): number => {
    if (left === 0) {
      threefry2x32(k0, k1, index, blocks++, words);
      left = 2;
    }
    return words[2 - left--];
  };
  return {
    uint32,
    uniform: () => (uint32() >>> 8) / 0x100_0000,
    below(n: number): number {
      if (!(n >= 1 && n <= 0x1_0000_0000 && Number.isInteger(n))) {
        refuse('below', 'n', 'an integer in [1, 2^32]', n, 'give the number of choices');
      }
      let word = uint32();
      // Rejects words from the largest multiple of n below 2^32 on. This multiple is above 2^32 - n, so few words need
      // its division.
      if (word > 0x1_0000_0000 - n) {
        const limit = 0x1_0000_0000 - (0x1_0000_0000 % n);
        while (word >= limit) word = uint32();
      }
      return word % n;
    },
  };
}

/** An array that the functions below reorder in place. */
type Numbers = number[] | Int8Array | Int32Array;

/** Swaps `count` elements, sampled without replacement, to the start of `items` (a partial Fisher-Yates shuffle). */
export function sampleToFront(random: RandomStream, items: Numbers, count: number): void {
  for (let i = 0; i < count; i++) {
    const j = i + random.below(items.length - i);
    const chosen = items[j];
    items[j] = items[i];
    items[i] = chosen;
  }
}

/** Shuffles `items` (Fisher-Yates, from the last element to the first). */
export function shuffle(random: RandomStream, items: Numbers): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const last = items[i];
    items[i] = items[j];
    items[j] = last;
  }
}
