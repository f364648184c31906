// The elementwise passes of layer norm, eight floats at a time: all loads precede the first store, so that an engine
// can merge neighbouring vectors in the wide builds. The sums over a row stay as in layerNormFour.ts, because eight
// lanes would add in another order.
import { at } from './memory';

/** hat = (x - mean) * scale; y = hat * gamma + beta, for one row */
// @ts-ignore: decorator
@inline
export function finishRow(
  width: i32,
  x: usize,
  mean: v128,
  scale: v128,
  gamma: usize,
  beta: usize,
  hat: usize,
  y: usize,
): void {
  for (let i = 0; i < width; i += 8) {
    const from = at(x, i);
    const g = at(gamma, i);
    const b = at(beta, i);
    const h0 = f32x4.mul(f32x4.sub(v128.load(from), mean), scale);
    const h1 = f32x4.mul(f32x4.sub(v128.load(from, 16), mean), scale);
    const y0 = f32x4.add(f32x4.mul(h0, v128.load(g)), v128.load(b));
    const y1 = f32x4.add(f32x4.mul(h1, v128.load(g, 16)), v128.load(b, 16));
    v128.store(at(hat, i), h0);
    v128.store(at(hat, i), h1, 16);
    v128.store(at(y, i), y0);
    v128.store(at(y, i), y1, 16);
  }
}

// @ts-ignore: decorator
@inline
function gradient(d: usize, gamma: usize, hat: usize, offset: usize, meanD: v128, meanDHat: v128, scale: v128): v128 {
  const dh = f32x4.mul(v128.load(d + offset), v128.load(gamma + offset));
  return f32x4.mul(scale, f32x4.sub(f32x4.sub(dh, meanD), f32x4.mul(v128.load(hat + offset), meanDHat)));
}

/**
 * inputGradient of layerNormRow.ts for a width that is a multiple of eight; returns the width. The means and the scale
 * have the same value in all lanes.
 */
// @ts-ignore: decorator
@inline
export function gradientEights(
  width: i32,
  d: usize,
  gamma: usize,
  hat: usize,
  meanD: v128,
  meanDHat: v128,
  scale: v128,
  out: usize,
  mode: i32,
): i32 {
  if (mode) {
    for (let i = 0; i < width; i += 8) {
      const to = at(out, i);
      const x0 = gradient(at(d, i), at(gamma, i), at(hat, i), 0, meanD, meanDHat, scale);
      const x1 = gradient(at(d, i), at(gamma, i), at(hat, i), 16, meanD, meanDHat, scale);
      const sum0 = f32x4.add(v128.load(to), x0);
      const sum1 = f32x4.add(v128.load(to, 16), x1);
      v128.store(to, sum0);
      v128.store(to, sum1, 16);
    }
  } else {
    for (let i = 0; i < width; i += 8) {
      const to = at(out, i);
      const x0 = gradient(at(d, i), at(gamma, i), at(hat, i), 0, meanD, meanDHat, scale);
      const x1 = gradient(at(d, i), at(gamma, i), at(hat, i), 16, meanD, meanDHat, scale);
      v128.store(to, x0);
      v128.store(to, x1, 16);
    }
  }
  return width;
}
