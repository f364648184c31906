// Sums over the actions of four states at a time, one lane per state. The sum of a state follows the order of its
// actions. Its additions depend on each other, and four independent states hide their latency. States can differ in
// length: a state that has ended adds zero, which changes no bit.
import { constant4, exp4 } from './math';
import { at, getI } from './memory';
import { load4 } from './simd';

/** Adds the four lanes of term s to lane s of the sums, in lane order. */
// @ts-ignore: decorator
@inline
export function addInOrder(sums: v128, e0: v128, e1: v128, e2: v128, e3: v128): v128 {
  const t0 = v128.shuffle<f32>(e0, e1, 0, 4, 1, 5);
  const t1 = v128.shuffle<f32>(e0, e1, 2, 6, 3, 7);
  const t2 = v128.shuffle<f32>(e2, e3, 0, 4, 1, 5);
  const t3 = v128.shuffle<f32>(e2, e3, 2, 6, 3, 7);
  sums = f32x4.add(sums, v128.shuffle<f32>(t0, t2, 0, 1, 4, 5));
  sums = f32x4.add(sums, v128.shuffle<f32>(t0, t2, 2, 3, 6, 7));
  sums = f32x4.add(sums, v128.shuffle<f32>(t1, t3, 0, 1, 4, 5));
  return f32x4.add(sums, v128.shuffle<f32>(t1, t3, 2, 3, 6, 7));
}

/** A lane mask: all bits of a lane are set unless the log-probability is that of a masked action. */
// @ts-ignore: decorator
@inline
export function possible(logP: v128): v128 {
  return f32x4.ne(logP, constant4(44));
}

/** p log p, or 0 for a masked action and beyond the last action. */
// @ts-ignore: decorator
@inline
export function entropyTerms(logP: usize, left: i32): v128 {
  const l = load4(logP, left);
  return v128.and(f32x4.mul(exp4(l), l), possible(l));
}

/**
 * Minus the sum of p log p of four states, one state per lane. `offsets` is the address of the offset of the first
 * state.
 */
export function entropyFour(offsets: usize, logP: usize): v128 {
  const from0 = getI(offsets, 0);
  const from1 = getI(offsets, 1);
  const from2 = getI(offsets, 2);
  const from3 = getI(offsets, 3);
  const n0 = from1 - from0;
  const n1 = from2 - from1;
  const n2 = from3 - from2;
  const n3 = getI(offsets, 4) - from3;
  const longest = max(max(n0, n1), max(n2, n3));
  let sums = f32x4.splat(0);
  for (let r = 0; r < longest; r += 4) {
    const e0 = entropyTerms(at(logP, from0 + r), n0 - r);
    const e1 = entropyTerms(at(logP, from1 + r), n1 - r);
    const e2 = entropyTerms(at(logP, from2 + r), n2 - r);
    const e3 = entropyTerms(at(logP, from3 + r), n3 - r);
    sums = addInOrder(sums, e0, e1, e2, e3);
  }
  return f32x4.sub(f32x4.splat(0), sums);
}
