// Sums over the actions of four states in step, one lane each: a state's sum runs in the order of its actions, and one alone waits for each of
// its additions. States may differ in length: where one has ended it adds zero, which changes no bit.
import { constant4, exp4 } from './math';
import { at, getI } from './memory';
import { load4 } from './simd';

/** Lane s plus the four lanes of term s, one after the other. */
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

/** All bits of a lane set where the log-probability is not that of a masked action. */
// @ts-ignore: decorator
@inline
export function possible(logP: v128): v128 {
  return f32x4.ne(logP, constant4(44));
}

/** p log p, 0 of a masked action and beyond the last. */
// @ts-ignore: decorator
@inline
export function entropyTerms(logP: usize, left: i32): v128 {
  const l = load4(logP, left);
  return v128.and(f32x4.mul(exp4(l), l), possible(l));
}

/** Minus the sums of p log p of four states whose offsets start at `offsets`, one in each lane. */
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
