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
  for (let i = 0; i < n; i += 4) {
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
