// Checks the states that environments return, converts their features to table order and finds repeated states. Also
// copies values by action row between a list of states and a batch.
import { at, getF, getI, setF, setI } from './memory';

/**
 * The slot of each of four features. The double (feature + 1/2) / vocabulary is far enough from every integer that
 * rounding cannot change its integer part.
 */
// @ts-ignore: decorator
@inline
function slotsOf(features: v128, inverse: v128): v128 {
  const half = f64x2.splat(0.5);
  const low = f64x2.convert_low_i32x4_u(features);
  const high = f64x2.convert_low_i32x4_u(v128.shuffle<i32>(features, features, 2, 3, 2, 3));
  const first = i32x4.trunc_sat_f64x2_u_zero(f64x2.mul(f64x2.add(low, half), inverse));
  const second = i32x4.trunc_sat_f64x2_u_zero(f64x2.mul(f64x2.add(high, half), inverse));
  return v128.shuffle<i32>(first, second, 0, 1, 4, 5);
}

/** Converts slot * vocabulary + token to token * slots + slot, in place. Returns false if a feature is out of range. */
function toTableOrder(features: usize, n: i32, vocabulary: i32, slots: i32): bool {
  const limit = vocabulary * slots;
  const inverse = f64x2.splat(1.0 / <f64>vocabulary);
  let inRange = i32x4.splat(-1);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const four = v128.load(at(features, i));
    inRange = v128.and(inRange, i32x4.lt_u(four, i32x4.splat(limit)));
    const moved = i32x4.mul(slotsOf(four, inverse), i32x4.splat(limit - 1));
    v128.store(at(features, i), i32x4.sub(i32x4.mul(four, i32x4.splat(slots)), moved));
  }
  let good = i32x4.all_true(inRange);
  for (; i < n; i++) {
    const feature = getI(features, i);
    good = good && <u32>feature < <u32>limit;
    setI(features, i, feature * slots - (feature / vocabulary) * (limit - 1));
  }
  return good;
}

function allFinite(vector: usize, width: i32): bool {
  let zeros = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= width; i += 4) {
    const four = v128.load(at(vector, i));
    zeros = v128.or(zeros, f32x4.sub(four, four));
  }
  let zero: f32 = 0;
  for (; i < width; i++) zero += getF(vector, i) - getF(vector, i);
  return !v128.any_true(zeros) && zero == 0;
}

/**
 * Adds one word to each of four independent hashes. The rotation lets words that differ only in high bits, as floats
 * do, change the low bits of later steps.
 */
// @ts-ignore: decorator
@inline
function mix(hash: v128, words: v128): v128 {
  const turned = v128.or(i32x4.shl(hash, 5), i32x4.shr_u(hash, 27));
  return i32x4.mul(v128.xor(turned, words), i32x4.splat(0x27220a95));
}

function mixAll(hash: v128, words: usize, n: i32): v128 {
  let i = 0;
  for (; i + 4 <= n; i += 4) hash = mix(hash, v128.load(at(words, i)));
  for (; i < n; i++) hash = mix(hash, i32x4.splat(getI(words, i)));
  return hash;
}

/** Combines the four hashes into one word. Each of its bits depends on all bits of the four. */
function joined(strands: v128): i32 {
  let hash = i32x4.extract_lane(strands, 0);
  hash = (rotl<i32>(hash, 5) ^ i32x4.extract_lane(strands, 1)) * 0x27220a95;
  hash = (rotl<i32>(hash, 5) ^ i32x4.extract_lane(strands, 2)) * 0x27220a95;
  hash = (rotl<i32>(hash, 5) ^ i32x4.extract_lane(strands, 3)) * 0x27220a95;
  hash = (hash ^ (hash >>> 15)) * 0x2c1b3c6d;
  return hash ^ (hash >>> 13);
}

function sameWords(a: usize, b: usize, n: i32): bool {
  let i = 0;
  for (; i + 4 <= n; i += 4) if (v128.any_true(v128.xor(v128.load(at(a, i)), v128.load(at(b, i))))) return false;
  for (; i < n; i++) if (getI(a, i) != getI(b, i)) return false;
  return true;
}

function sameState(
  a: i32,
  b: i32,
  width: i32,
  rowOffsets: usize,
  stateOffsets: usize,
  stateFeatures: usize,
  actionOffsets: usize,
  actionFeatures: usize,
  vectors: usize,
): bool {
  const rowA = getI(rowOffsets, a);
  const rowB = getI(rowOffsets, b);
  const rows = getI(rowOffsets, a + 1) - rowA;
  const ofState = getI(stateOffsets, a + 1) - getI(stateOffsets, a);
  if (getI(rowOffsets, b + 1) - rowB != rows || getI(stateOffsets, b + 1) - getI(stateOffsets, b) != ofState)
    return false;
  const atA = getI(actionOffsets, rowA);
  const atB = getI(actionOffsets, rowB);
  for (let r = 1; r <= rows; r++)
    if (getI(actionOffsets, rowA + r) - atA != getI(actionOffsets, rowB + r) - atB) return false;
  return (
    sameWords(at(stateFeatures, getI(stateOffsets, a)), at(stateFeatures, getI(stateOffsets, b)), ofState) &&
    sameWords(at(actionFeatures, atA), at(actionFeatures, atB), getI(actionOffsets, rowA + rows) - atA) &&
    sameWords(at(vectors, a * width), at(vectors, b * width), width)
  );
}

/**
 * Reads the states from..to-1 of a list in the layout of `gatherStates` and converts their features from slot *
 * vocabulary + token to token * slots + slot. first[n] is the first state with the same bits as state n, or n itself.
 * table[mask + 1] is an open-addressing hash table: its size is a power of two and it is never full. An entry is 0, or
 * 1 + the number of a state that is the first with its content, found by hash[n]. States that are the first with their
 * content are also written to fresh[0..]. Returns the number of these states. Returns -1 - n if state n has no action,
 * a feature out of range or a number that is not finite; the list must then be discarded.
 */
export function recogniseStates(
  from: i32,
  to: i32,
  vocabulary: i32,
  stateSlots: i32,
  actionSlots: i32,
  width: i32,
  rowOffsets: usize,
  stateOffsets: usize,
  stateFeatures: usize,
  actionOffsets: usize,
  actionFeatures: usize,
  vectors: usize,
  table: usize,
  mask: i32,
  hash: usize,
  first: usize,
  fresh: usize,
): i32 {
  let found = 0;
  for (let n = from; n < to; n++) {
    const row = getI(rowOffsets, n);
    const end = getI(rowOffsets, n + 1);
    const ofState = at(stateFeatures, getI(stateOffsets, n));
    const stateLength = getI(stateOffsets, n + 1) - getI(stateOffsets, n);
    const ofActions = at(actionFeatures, getI(actionOffsets, row));
    const actionLength = getI(actionOffsets, end) - getI(actionOffsets, row);
    const vector = at(vectors, n * width);
    if (
      row == end ||
      !toTableOrder(ofState, stateLength, vocabulary, stateSlots) ||
      !toTableOrder(ofActions, actionLength, vocabulary, actionSlots) ||
      !allFinite(vector, width)
    )
      return -1 - n;
    let strands = mixAll(i32x4.splat(0), ofState, stateLength);
    strands = mixAll(strands, vector, width);
    const content = joined(mixAll(strands, ofActions, actionLength));
    let slot = content & mask;
    let same = getI(table, slot) - 1;
    while (same >= 0) {
      if (
        getI(hash, same) == content &&
        sameState(same, n, width, rowOffsets, stateOffsets, stateFeatures, actionOffsets, actionFeatures, vectors)
      )
        break;
      slot = (slot + 1) & mask;
      same = getI(table, slot) - 1;
    }
    if (same < 0) {
      same = n;
      setI(table, slot, n + 1);
      setI(fresh, found++, n);
    }
    setI(hash, n, content);
    setI(first, n, same);
  }
  return found;
}

/**
 * Gathers the values of the states order[n], one value per action row of the list. out[rows] holds the rows of state
 * order[i] from toRowOffsets[i] on.
 */
export function gatherRowValues(
  n: i32,
  order: usize,
  rowOffsets: usize,
  values: usize,
  toRowOffsets: usize,
  out: usize,
): void {
  let to = 0;
  setI(toRowOffsets, 0, 0);
  for (let i = 0; i < n; i++) {
    const s = getI(order, i);
    const end = getI(rowOffsets, s + 1);
    for (let row = getI(rowOffsets, s); row < end; row++) setF(out, to++, getF(values, row));
    setI(toRowOffsets, i + 1, to);
  }
}

/** The inverse of gatherRowValues: writes values[row] of the states order[n] from a batch of these states. */
export function scatterRowValues(n: i32, order: usize, rowOffsets: usize, batch: usize, values: usize): void {
  let from = 0;
  for (let i = 0; i < n; i++) {
    const s = getI(order, i);
    const end = getI(rowOffsets, s + 1);
    for (let row = getI(rowOffsets, s); row < end; row++) setF(values, row, getF(batch, from++));
  }
}
