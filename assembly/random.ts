// Counter-based random numbers: Threefry-2x32 with 20 rounds, the counterpart of src/random.ts, and kernels that sample
// many numbers. Element i of an array is a function of (key, i) alone, so any worker can compute any part.
import { at, getF, getI, setF, setI } from './memory';
import { exp1, log1 } from './math';

const PARITY: u32 = 0x1bd11bda;

/** Returns the first word in the high half and the second word in the low half. */
function threefry(k0: u32, k1: u32, c0: u32, c1: u32): u64 {
  const k2: u32 = k0 ^ k1 ^ PARITY;
  let x0: u32 = c0 + k0;
  let x1: u32 = c1 + k1;
  for (let group: u32 = 0; group < 5; group++) {
    const even = (group & 1) == 0;
    x0 += x1;
    x1 = rotl<u32>(x1, even ? 13 : 17) ^ x0;
    x0 += x1;
    x1 = rotl<u32>(x1, even ? 15 : 29) ^ x0;
    x0 += x1;
    x1 = rotl<u32>(x1, even ? 26 : 16) ^ x0;
    x0 += x1;
    x1 = rotl<u32>(x1, even ? 6 : 24) ^ x0;
    const next = (group + 1) % 3;
    const after = (group + 2) % 3;
    x0 += next == 0 ? k0 : next == 1 ? k1 : k2;
    x1 += (after == 0 ? k0 : after == 1 ? k1 : k2) + group + 1;
  }
  return ((<u64>x0) << 32) | <u64>x1;
}

/** Uniform in [0, 1) from the top 24 bits of a word. */
// @ts-ignore: decorator
@inline
function uniform(word: u32): f32 {
  return <f32>(word >> 8) * <f32>(1.0 / 16777216.0);
}

/**
 * out[i] is uniform in [low, high), from counter (i, 0). Rounding can return `high` if the float spacing there is
 * coarser than (high - low) / 2^24.
 */
export function randomUniform(k0: u32, k1: u32, n: i32, low: f32, high: f32, out: usize): void {
  for (let i = 0; i < n; i++) setF(out, i, low + (high - low) * uniform(<u32>(threefry(k0, k1, i, 0) >> 32)));
}

/**
 * order[n] = a random permutation of 0 .. n - 1 (Fisher-Yates). It samples integers below n, n - 1, ..., 2 from the
 * stream with this key and index 0. The words of the blocks are used in order; a word at or above the largest multiple
 * of the bound is skipped.
 */
export function permute(k0: u32, k1: u32, n: i32, order: usize): void {
  for (let i = 0; i < n; i++) setI(order, i, i);
  let block: u32 = 0;
  let words: u64 = 0;
  let left = 0;
  for (let i = n - 1; i > 0; i--) {
    const bound: u32 = i + 1;
    let word: u32 = 0;
    do {
      if (left == 0) {
        words = rotl<u64>(threefry(k0, k1, 0, block++), 32);
        left = 2;
      }
      word = <u32>words;
      words >>= 32;
      left--;
      // The largest multiple of the bound is above 2^32 - bound, so few words need the division.
    } while (word > 0 - bound && <u64>word >= 0x1_0000_0000 - (<u64>0x1_0000_0000 % <u64>bound));
    const j: i32 = word % bound;
    const last = getI(order, i);
    setI(order, i, getI(order, j));
    setI(order, j, last);
  }
}

/** out[i] is normal with mean 0: Marsaglia's polar method on the blocks (i, 0), (i, 1), ... until one is accepted. */
export function randomNormal(k0: u32, k1: u32, n: i32, deviation: f32, out: usize): void {
  for (let i = 0; i < n; i++) {
    let block: u32 = 0;
    let x: f32 = 0;
    let s: f32 = 0;
    do {
      const words = threefry(k0, k1, i, block++);
      x = 2 * uniform(<u32>(words >> 32)) - 1;
      const y: f32 = 2 * uniform(<u32>words) - 1;
      s = x * x + y * y;
    } while (s >= 1 || s == 0);
    setF(out, i, deviation * x * sqrt<f32>((-2 * log1(s)) / s));
  }
}

/**
 * Samples one action per state from logP (-Infinity: never sampled) by inverting the cumulative sum at the uniform
 * number of counter (indices[n], 0). taken[n] is the index of the action in the list of the state, and takenLogP[n] is
 * its log-probability. They are -1 and 0 if the state has no action or all its actions are masked.
 */
export function sampleActions(
  states: i32,
  offsets: usize,
  logP: usize,
  k0: u32,
  k1: u32,
  indices: usize,
  taken: usize,
  takenLogP: usize,
): void {
  for (let n = 0; n < states; n++) {
    const from = getI(offsets, n);
    const to = getI(offsets, n + 1);
    let total: f32 = 0;
    for (let r = from; r < to; r++) if (getF(logP, r) != -Infinity) total += exp1(getF(logP, r));
    const target = total * uniform(<u32>(threefry(k0, k1, getI(indices, n), 0) >> 32));
    let choice = -1;
    let sum: f32 = 0;
    for (let r = from; r < to; r++) {
      if (getF(logP, r) == -Infinity) continue;
      choice = r;
      sum += exp1(getF(logP, r));
      if (sum > target) break;
    }
    store<i32>(at(taken, n), choice < 0 ? -1 : choice - from);
    setF(takenLogP, n, choice < 0 ? 0 : getF(logP, choice));
  }
}
