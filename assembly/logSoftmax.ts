// Log-probabilities of the candidate actions of each state.
import { at, getF, getI, setF } from './memory';
import { constant4, exp4, log1, log4 } from './math';
import { load4, maxLanes, store4 } from './simd';
import { addInOrder } from './statesInStep';

/** A mask with all bits of the first `left` lanes set. */
// @ts-ignore: decorator
@inline
function firstLanes(left: i32): v128 {
  return i32x4.gt_s(i32x4.splat(left), i32x4(0, 1, 2, 3));
}

// @ts-ignore: decorator
@inline
function centred(p: usize, left: i32, factor: v128, top: v128): v128 {
  return f32x4.sub(f32x4.mul(load4(p, left), factor), top);
}

/** pmax can drop a NaN. The result is still NaN, because the sum of exponentials contains it. */
// @ts-ignore: decorator
@inline
function largest(top: v128, p: usize, left: i32, factor: v128): v128 {
  const x = v128.bitselect(f32x4.mul(load4(p, left), factor), constant4(44), firstLanes(left));
  return f32x4.pmax(top, x);
}

// @ts-ignore: decorator
@inline
function maxEverywhere(v: v128): v128 {
  const pair = f32x4.pmax(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.pmax(pair, v128.shuffle<f32>(pair, pair, 1, 0, 3, 2));
}

// @ts-ignore: decorator
@inline
function subtract(p: usize, n: i32, x: v128): void {
  for (let r = 0; r < n; r += 4) store4(at(p, r), f32x4.sub(load4(at(p, r), n - r), x), n - r);
}

/**
 * Log softmax of four states, as in logSoftmax without a mask. `offsets` is the address of the offset of the first
 * state.
 */
export function logSoftmaxFour(offsets: usize, logits: usize, temperatureInverse: f32, logP: usize): void {
  const factor = f32x4.splat(temperatureInverse);
  const from0 = getI(offsets, 0);
  const from1 = getI(offsets, 1);
  const from2 = getI(offsets, 2);
  const from3 = getI(offsets, 3);
  const to = getI(offsets, 4);
  const n0 = from1 - from0;
  const n1 = from2 - from1;
  const n2 = from3 - from2;
  const n3 = to - from3;
  const longest = max(max(n0, n1), max(n2, n3));
  let m0 = f32x4.splat(-Infinity);
  let m1 = m0;
  let m2 = m0;
  let m3 = m0;
  for (let r = 0; r < longest; r += 4) {
    m0 = largest(m0, at(logits, from0 + r), n0 - r, factor);
    m1 = largest(m1, at(logits, from1 + r), n1 - r, factor);
    m2 = largest(m2, at(logits, from2 + r), n2 - r, factor);
    m3 = largest(m3, at(logits, from3 + r), n3 - r, factor);
  }
  m0 = maxEverywhere(m0);
  m1 = maxEverywhere(m1);
  m2 = maxEverywhere(m2);
  m3 = maxEverywhere(m3);
  let sums = f32x4.splat(0);
  for (let r = 0; r < longest; r += 4) {
    const c0 = centred(at(logits, from0 + r), n0 - r, factor, m0);
    const c1 = centred(at(logits, from1 + r), n1 - r, factor, m1);
    const c2 = centred(at(logits, from2 + r), n2 - r, factor, m2);
    const c3 = centred(at(logits, from3 + r), n3 - r, factor, m3);
    store4(at(logP, from0 + r), c0, n0 - r);
    store4(at(logP, from1 + r), c1, n1 - r);
    store4(at(logP, from2 + r), c2, n2 - r);
    store4(at(logP, from3 + r), c3, n3 - r);
    const e0 = v128.and(exp4(c0), firstLanes(n0 - r));
    const e1 = v128.and(exp4(c1), firstLanes(n1 - r));
    const e2 = v128.and(exp4(c2), firstLanes(n2 - r));
    const e3 = v128.and(exp4(c3), firstLanes(n3 - r));
    sums = addInOrder(sums, e0, e1, e2, e3);
  }
  const logs = log4(sums);
  subtract(at(logP, from0), n0, v128.shuffle<f32>(logs, logs, 0, 0, 0, 0));
  subtract(at(logP, from1), n1, v128.shuffle<f32>(logs, logs, 1, 1, 1, 1));
  subtract(at(logP, from2), n2, v128.shuffle<f32>(logs, logs, 2, 2, 2, 2));
  subtract(at(logP, from3), n3, v128.shuffle<f32>(logs, logs, 3, 3, 3, 3));
}

/**
 * logP = log softmax(temperatureInverse * logits) over the actions of each state with mask byte 1 (mask 0: all
 * actions). logP may be the same buffer as logits.
 */
export function logSoftmax(
  states: i32,
  offsets: usize,
  logits: usize,
  mask: usize,
  temperatureInverse: f32,
  logP: usize,
): void {
  let n = 0;
  if (ASC_SHRINK_LEVEL == 0 && mask == 0) {
    for (; n + 4 <= states; n += 4) logSoftmaxFour(at(offsets, n), logits, temperatureInverse, logP);
  }
  for (; n < states; n++) {
    const from = getI(offsets, n);
    const to = getI(offsets, n + 1);
    let top: f32 = -Infinity;
    if (mask) {
      for (let r = from; r < to; r++) {
        const x: f32 = load<u8>(mask + <usize>r) ? getF(logits, r) * temperatureInverse : -Infinity;
        setF(logP, r, x);
        top = max(top, x);
      }
    } else {
      let tops = f32x4.splat(-Infinity);
      let r = from;
      for (; r + 4 <= to; r += 4) {
        const x = f32x4.mul(v128.load(at(logits, r)), f32x4.splat(temperatureInverse));
        v128.store(at(logP, r), x);
        tops = f32x4.max(tops, x);
      }
      top = maxLanes(tops);
      for (; r < to; r++) {
        const x = getF(logits, r) * temperatureInverse;
        setF(logP, r, x);
        top = max(top, x);
      }
    }
    let sum: f32 = 0;
    for (let r = from; r < to; r += 4) {
      const left = to - r;
      const e = exp4(f32x4.sub(load4(at(logP, r), left), f32x4.splat(top)));
      // A masked action adds e^-87, which changes no bit because the sum is at least 1. Lanes beyond the last action
      // must be left out.
      sum += f32x4.extract_lane(e, 0);
      if (left > 1) sum += f32x4.extract_lane(e, 1);
      if (left > 2) sum += f32x4.extract_lane(e, 2);
      if (left > 3) sum += f32x4.extract_lane(e, 3);
    }
    // Compute (x - top) - log(sum). With x - (top + log(sum)), rounding would lose log(sum) for large logits.
    const first = f32x4.splat(top);
    const second = f32x4.splat(log1(sum));
    for (let r = from; r < to; r += 4) {
      const p = at(logP, r);
      store4(p, f32x4.sub(f32x4.sub(load4(p, to - r), first), second), to - r);
    }
  }
}
