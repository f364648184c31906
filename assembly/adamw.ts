// The parameter update: gradient norm and AdamW.
import { at } from './memory';
import { load4, loadTail, store4 } from './simd';

/**
 * Returns the sum of squares of x[n] in double precision, added in a fixed order. The result is finite if and only if
 * every element is finite.
 */
export function sumOfSquares(x: usize, n: i32): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (let i = 0; i < n; i += 4) {
    const v = n - i >= 4 ? v128.load(at(x, i)) : loadTail(at(x, i), n - i);
    const a = f64x2.promote_low_f32x4(v);
    const b = f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 0, 1));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/**
 * AdamW (Loshchilov and Hutter, arXiv 1711.05101) on n parameters at step t, with correction1 = 1 / (1 - beta1^t) and
 * correction2 = 1 / (1 - beta2^t):
 *   m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
 *   p -= lr (m correction1 / (sqrt(v correction2) + eps) + decay p)
 */
export function adamw(
  n: i32,
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  lr: f32,
  beta1: f32,
  beta2: f32,
  eps: f32,
  decay: f32,
  correction1: f32,
  correction2: f32,
): void {
  const b1 = f32x4.splat(beta1);
  const rest1 = f32x4.splat(1 - beta1);
  const b2 = f32x4.splat(beta2);
  const rest2 = f32x4.splat(1 - beta2);
  const fix1 = f32x4.splat(correction1);
  const fix2 = f32x4.splat(correction2);
  const tiny = f32x4.splat(eps);
  const shrink = f32x4.splat(decay);
  const rate = f32x4.splat(lr);
  let i = 0;
  // Two vectors at a time: the division and the square root of one hide the latency of the other.
  if (ASC_SHRINK_LEVEL == 0) {
    for (; i + 8 <= n; i += 8) {
      const toP = at(p, i);
      const toM = at(m, i);
      const toV = at(v, i);
      const g0 = v128.load(at(g, i));
      const g1 = v128.load(at(g, i), 16);
      const p0 = v128.load(toP);
      const p1 = v128.load(toP, 16);
      const m0 = f32x4.add(f32x4.mul(b1, v128.load(toM)), f32x4.mul(rest1, g0));
      const m1 = f32x4.add(f32x4.mul(b1, v128.load(toM, 16)), f32x4.mul(rest1, g1));
      const v0 = f32x4.add(f32x4.mul(b2, v128.load(toV)), f32x4.mul(rest2, f32x4.mul(g0, g0)));
      const v1 = f32x4.add(f32x4.mul(b2, v128.load(toV, 16)), f32x4.mul(rest2, f32x4.mul(g1, g1)));
      const root0 = f32x4.add(f32x4.sqrt(f32x4.mul(v0, fix2)), tiny);
      const root1 = f32x4.add(f32x4.sqrt(f32x4.mul(v1, fix2)), tiny);
      const step0 = f32x4.add(f32x4.div(f32x4.mul(m0, fix1), root0), f32x4.mul(shrink, p0));
      const step1 = f32x4.add(f32x4.div(f32x4.mul(m1, fix1), root1), f32x4.mul(shrink, p1));
      const new0 = f32x4.sub(p0, f32x4.mul(rate, step0));
      const new1 = f32x4.sub(p1, f32x4.mul(rate, step1));
      v128.store(toM, m0);
      v128.store(toM, m1, 16);
      v128.store(toV, v0);
      v128.store(toV, v1, 16);
      v128.store(toP, new0);
      v128.store(toP, new1, 16);
    }
  }
  for (; i < n; i += 4) {
    const left = n - i;
    const grad = load4(at(g, i), left);
    const oldP = load4(at(p, i), left);
    const newM = f32x4.add(f32x4.mul(b1, load4(at(m, i), left)), f32x4.mul(rest1, grad));
    const newV = f32x4.add(f32x4.mul(b2, load4(at(v, i), left)), f32x4.mul(rest2, f32x4.mul(grad, grad)));
    const root = f32x4.add(f32x4.sqrt(f32x4.mul(newV, fix2)), tiny);
    const step = f32x4.add(f32x4.div(f32x4.mul(newM, fix1), root), f32x4.mul(shrink, oldP));
    store4(at(m, i), newM, left);
    store4(at(v, i), newV, left);
    store4(at(p, i), f32x4.sub(oldP, f32x4.mul(rate, step)), left);
  }
}
