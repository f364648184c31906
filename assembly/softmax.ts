// Softmax of attention scores under a key mask, and its backward pass.
import { expInPlace } from './expBlock';
import { at } from './memory';
import { load4, store4, WIDE } from './simd';
import { centreWide, normaliseWide, scoreGradientsWide } from './softmaxWide';

/** A lane mask: all bits of a lane are set if its mask byte is set. Bytes beyond `left` are not read. */
// @ts-ignore: decorator
@inline
function maskLanes(mask: usize, left: i32): v128 {
  let word: u32 = 0;
  if (left >= 4) word = load<u32>(mask);
  else for (let i = 0; i < left; i++) word |= (<u32>load<u8>(mask + <usize>i)) << (8 * i);
  const wide = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(i32x4.splat(word)));
  return i32x4.ne(wide, i32x4.splat(0));
}

/** The result of sumLanes in every lane. */
// @ts-ignore: decorator
@inline
function sumEverywhere(v: v128): v128 {
  const pair = f32x4.add(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.add(pair, v128.shuffle<f32>(pair, pair, 1, 0, 3, 2));
}

/**
 * Each row of p becomes softmax(scale * p) over the keys whose mask byte is set. A row without such a key becomes zero.
 * lanes is a buffer for the mask: keys floats, rounded up to a multiple of four.
 */
export function softmaxRows(rows: i32, keys: i32, p: usize, scale: f32, mask: usize, lanes: usize): void {
  const factor = f32x4.splat(scale);
  const low = f32x4.splat(-Infinity);
  for (let j = 0; j < keys; j += 4) v128.store(at(lanes, j), maskLanes(mask + <usize>j, keys - j));
  // Three passes over all rows: within one row the maximum, the exponentials and the sum depend on each other.
  for (let r = 0; r < rows; r++) {
    const row = at(p, r * keys);
    let tops = low;
    for (let j = 0; j < keys; j += 4) {
      const x = f32x4.mul(load4(at(row, j), keys - j), factor);
      tops = f32x4.pmax(tops, v128.bitselect(x, low, v128.load(at(lanes, j))));
    }
    // pmax can drop a NaN. The result is still NaN, because the sum of exponentials contains it.
    tops = f32x4.pmax(tops, v128.shuffle<f32>(tops, tops, 2, 3, 0, 1));
    const top = f32x4.pmax(tops, v128.shuffle<f32>(tops, tops, 1, 0, 3, 2));
    if (WIDE && !(keys & 7)) {
      centreWide(keys, row, factor, top);
      continue;
    }
    for (let j = 0; j < keys; j += 4) {
      store4(at(row, j), f32x4.sub(f32x4.mul(load4(at(row, j), keys - j), factor), top), keys - j);
    }
  }
  expInPlace(p, rows * keys);
  for (let r = 0; r < rows; r++) {
    const row = at(p, r * keys);
    let sums = f32x4.splat(0);
    for (let j = 0; j < keys; j += 4) {
      sums = f32x4.add(sums, v128.and(load4(at(row, j), keys - j), v128.load(at(lanes, j))));
    }
    const sum = sumEverywhere(sums);
    const inverse = v128.bitselect(f32x4.div(f32x4.splat(1), sum), sum, f32x4.gt(sum, f32x4.splat(0)));
    if (WIDE && !(keys & 7)) {
      normaliseWide(keys, row, lanes, inverse);
      continue;
    }
    for (let j = 0; j < keys; j += 4) {
      const e = v128.and(load4(at(row, j), keys - j), v128.load(at(lanes, j)));
      store4(at(row, j), f32x4.mul(e, inverse), keys - j);
    }
  }
}

/** scale * p * (d - dot) for four elements. */
// @ts-ignore: decorator
@inline
function scoreGradient(scale: v128, p: v128, d: v128, dot: v128): v128 {
  return f32x4.mul(f32x4.mul(scale, p), f32x4.sub(d, dot));
}

/**
 * Four rows at a time, for a number of keys that is a multiple of four. The additions of one row depend on each other,
 * and independent rows hide their latency.
 */
function softmaxFourBackward(keys: i32, p0: usize, d0: usize, scale: f32): void {
  // Not a parameter: V8 14.6 ends the process where it merges two operations that read a parameter with a vector.
  const factor = f32x4.splat(scale);
  const p1 = at(p0, keys);
  const p2 = at(p1, keys);
  const p3 = at(p2, keys);
  const d1 = at(d0, keys);
  const d2 = at(d1, keys);
  const d3 = at(d2, keys);
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let j = 0; j < keys; j += 4) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(at(p0, j)), v128.load(at(d0, j))));
    s1 = f32x4.add(s1, f32x4.mul(v128.load(at(p1, j)), v128.load(at(d1, j))));
    s2 = f32x4.add(s2, f32x4.mul(v128.load(at(p2, j)), v128.load(at(d2, j))));
    s3 = f32x4.add(s3, f32x4.mul(v128.load(at(p3, j)), v128.load(at(d3, j))));
  }
  s0 = sumEverywhere(s0);
  s1 = sumEverywhere(s1);
  s2 = sumEverywhere(s2);
  s3 = sumEverywhere(s3);
  if (WIDE && !(keys & 7)) {
    scoreGradientsWide(keys, factor, p0, d0, s0);
    scoreGradientsWide(keys, factor, p1, d1, s1);
    scoreGradientsWide(keys, factor, p2, d2, s2);
    scoreGradientsWide(keys, factor, p3, d3, s3);
    return;
  }
  for (let j = 0; j < keys; j += 4) {
    v128.store(at(d0, j), scoreGradient(factor, v128.load(at(p0, j)), v128.load(at(d0, j)), s0));
    v128.store(at(d1, j), scoreGradient(factor, v128.load(at(p1, j)), v128.load(at(d1, j)), s1));
    v128.store(at(d2, j), scoreGradient(factor, v128.load(at(p2, j)), v128.load(at(d2, j)), s2));
    v128.store(at(d3, j), scoreGradient(factor, v128.load(at(p3, j)), v128.load(at(d3, j)), s3));
  }
}

/** d becomes scale * p * (d - p . d) row by row: the backward pass of softmaxRows. */
export function softmaxRowsBackward(rows: i32, keys: i32, p: usize, d: usize, scale: f32): void {
  const factor = f32x4.splat(scale);
  let r = 0;
  if (ASC_SHRINK_LEVEL == 0 && (keys & 3) == 0) {
    for (; r + 4 <= rows; r += 4) softmaxFourBackward(keys, at(p, r * keys), at(d, r * keys), scale);
  }
  for (; r < rows; r++) {
    const rowP = at(p, r * keys);
    const rowD = at(d, r * keys);
    let dots = f32x4.splat(0);
    for (let j = 0; j < keys; j += 4) {
      dots = f32x4.add(dots, f32x4.mul(load4(at(rowP, j), keys - j), load4(at(rowD, j), keys - j)));
    }
    const dot = sumEverywhere(dots);
    for (let j = 0; j < keys; j += 4) {
      const left = keys - j;
      store4(at(rowD, j), scoreGradient(factor, load4(at(rowP, j), left), load4(at(rowD, j), left), dot), left);
    }
  }
}
