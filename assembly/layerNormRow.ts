// Functions that the layer norm of one row and of four rows share.
import { gradientEights } from './layerNormWide';
import { at } from './memory';
import { load4, store4, root, sumLanes } from './simd';

const EPSILON: f32 = 1e-5;

// @ts-ignore: decorator
@inline
export function part(p: usize, i: i32, width: i32): v128 {
  return load4(at(p, i), width - i);
}

// @ts-ignore: decorator
@inline
export function put(p: usize, i: i32, width: i32, v: v128): void {
  store4(at(p, i), v, width - i);
}

/** Returns 1 / (standard deviation), computed from the sum of squares of the centred row. */
// @ts-ignore: decorator
@inline
export function inverseDeviation(squares: f32, width: i32): f32 {
  return <f32>1 / root(squares / <f32>width + EPSILON);
}

/** Returns the mean of a row in all lanes. */
// @ts-ignore: decorator
@inline
export function meanOf(sums: v128, width: i32): v128 {
  return f32x4.splat(sumLanes(sums) / <f32>width);
}

/** dX of one row, computed from the mean of dh = dY * gamma and the mean of dh * xHat over the row. */
// @ts-ignore: decorator
@inline
export function inputGradient(
  width: i32,
  d: usize,
  gamma: usize,
  hat: usize,
  meanD: v128,
  meanDHat: v128,
  scale: v128,
  out: usize,
  mode: i32,
): void {
  let i = 0;
  if (ASC_SHRINK_LEVEL == 0 && !(width & 7)) i = gradientEights(width, d, gamma, hat, meanD, meanDHat, scale, out, mode);
  for (; i < width; i += 4) {
    const dh = f32x4.mul(part(d, i, width), part(gamma, i, width));
    const h = part(hat, i, width);
    const dx = f32x4.mul(scale, f32x4.sub(f32x4.sub(dh, meanD), f32x4.mul(h, meanDHat)));
    put(out, i, width, mode ? f32x4.add(part(out, i, width), dx) : dx);
  }
}
