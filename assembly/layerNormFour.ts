// Layer norm of four rows at a time, for widths that are a multiple of four. The additions of one row depend on each
// other, and independent rows hide their latency.
import { inputGradient, inverseDeviation, meanOf } from './layerNormRow';
import { finishRow } from './layerNormWide';
import { at, setF } from './memory';
import { sumLanes, WIDE } from './simd';

/** Adds to `squares` the squares of four centred floats of a row. */
// @ts-ignore: decorator
@inline
function addSquares(x: usize, mean: v128, squares: v128): v128 {
  const centred = f32x4.sub(v128.load(x), mean);
  return f32x4.add(squares, f32x4.mul(centred, centred));
}

// @ts-ignore: decorator
@inline
function finish(x: usize, mean: v128, scale: v128, gamma: v128, beta: v128, hat: usize, y: usize): void {
  const h = f32x4.mul(f32x4.sub(v128.load(x), mean), scale);
  v128.store(hat, h);
  v128.store(y, f32x4.add(f32x4.mul(h, gamma), beta));
}

/** layerNormForward for four rows. */
export function forwardFour(width: i32, x0: usize, gamma: usize, beta: usize, y: usize, hat: usize, rstd: usize): void {
  const x1 = at(x0, width);
  const x2 = at(x1, width);
  const x3 = at(x2, width);
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let i = 0; i < width; i += 4) {
    s0 = f32x4.add(s0, v128.load(at(x0, i)));
    s1 = f32x4.add(s1, v128.load(at(x1, i)));
    s2 = f32x4.add(s2, v128.load(at(x2, i)));
    s3 = f32x4.add(s3, v128.load(at(x3, i)));
  }
  const m0 = meanOf(s0, width);
  const m1 = meanOf(s1, width);
  const m2 = meanOf(s2, width);
  const m3 = meanOf(s3, width);
  s0 = f32x4.splat(0);
  s1 = s0;
  s2 = s0;
  s3 = s0;
  for (let i = 0; i < width; i += 4) {
    s0 = addSquares(at(x0, i), m0, s0);
    s1 = addSquares(at(x1, i), m1, s1);
    s2 = addSquares(at(x2, i), m2, s2);
    s3 = addSquares(at(x3, i), m3, s3);
  }
  const r0 = inverseDeviation(sumLanes(s0), width);
  const r1 = inverseDeviation(sumLanes(s1), width);
  const r2 = inverseDeviation(sumLanes(s2), width);
  const r3 = inverseDeviation(sumLanes(s3), width);
  setF(rstd, 0, r0);
  setF(rstd, 1, r1);
  setF(rstd, 2, r2);
  setF(rstd, 3, r3);
  const v0 = f32x4.splat(r0);
  const v1 = f32x4.splat(r1);
  const v2 = f32x4.splat(r2);
  const v3 = f32x4.splat(r3);
  const hat1 = at(hat, width);
  const hat2 = at(hat1, width);
  const hat3 = at(hat2, width);
  const y1 = at(y, width);
  const y2 = at(y1, width);
  const y3 = at(y2, width);
  if (WIDE && !(width & 7)) {
    finishRow(width, x0, m0, v0, gamma, beta, hat, y);
    finishRow(width, x1, m1, v1, gamma, beta, hat1, y1);
    finishRow(width, x2, m2, v2, gamma, beta, hat2, y2);
    finishRow(width, x3, m3, v3, gamma, beta, hat3, y3);
    return;
  }
  for (let i = 0; i < width; i += 4) {
    const g = v128.load(at(gamma, i));
    const b = v128.load(at(beta, i));
    finish(at(x0, i), m0, v0, g, b, at(hat, i), at(y, i));
    finish(at(x1, i), m1, v1, g, b, at(hat1, i), at(y1, i));
    finish(at(x2, i), m2, v2, g, b, at(hat2, i), at(y2, i));
    finish(at(x3, i), m3, v3, g, b, at(hat3, i), at(y3, i));
  }
}

/** layerNormBackward for four rows; dGamma and dBeta add the rows in row order. */
export function backwardFour(
  width: i32,
  d0: usize,
  gamma: usize,
  hat0: usize,
  rstd: usize,
  dX: usize,
  mode: i32,
  dGamma: usize,
  dBeta: usize,
): void {
  const d1 = at(d0, width);
  const d2 = at(d1, width);
  const d3 = at(d2, width);
  const hat1 = at(hat0, width);
  const hat2 = at(hat1, width);
  const hat3 = at(hat2, width);
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let t0 = s0;
  let t1 = s0;
  let t2 = s0;
  let t3 = s0;
  for (let i = 0; i < width; i += 4) {
    const g = v128.load(at(gamma, i));
    let sumB = v128.load(at(dBeta, i));
    let sumG = v128.load(at(dGamma, i));
    let d = v128.load(at(d0, i));
    let h = v128.load(at(hat0, i));
    sumB = f32x4.add(sumB, d);
    sumG = f32x4.add(sumG, f32x4.mul(d, h));
    d = f32x4.mul(d, g);
    s0 = f32x4.add(s0, d);
    t0 = f32x4.add(t0, f32x4.mul(d, h));
    d = v128.load(at(d1, i));
    h = v128.load(at(hat1, i));
    sumB = f32x4.add(sumB, d);
    sumG = f32x4.add(sumG, f32x4.mul(d, h));
    d = f32x4.mul(d, g);
    s1 = f32x4.add(s1, d);
    t1 = f32x4.add(t1, f32x4.mul(d, h));
    d = v128.load(at(d2, i));
    h = v128.load(at(hat2, i));
    sumB = f32x4.add(sumB, d);
    sumG = f32x4.add(sumG, f32x4.mul(d, h));
    d = f32x4.mul(d, g);
    s2 = f32x4.add(s2, d);
    t2 = f32x4.add(t2, f32x4.mul(d, h));
    d = v128.load(at(d3, i));
    h = v128.load(at(hat3, i));
    v128.store(at(dBeta, i), f32x4.add(sumB, d));
    v128.store(at(dGamma, i), f32x4.add(sumG, f32x4.mul(d, h)));
    d = f32x4.mul(d, g);
    s3 = f32x4.add(s3, d);
    t3 = f32x4.add(t3, f32x4.mul(d, h));
  }
  const v0 = v128.load32_splat(rstd);
  const v1 = v128.load32_splat(rstd, 4);
  const v2 = v128.load32_splat(rstd, 8);
  const v3 = v128.load32_splat(rstd, 12);
  inputGradient(width, d0, gamma, hat0, meanOf(s0, width), meanOf(t0, width), v0, dX, mode);
  inputGradient(width, d1, gamma, hat1, meanOf(s1, width), meanOf(t1, width), v1, at(dX, width), mode);
  inputGradient(width, d2, gamma, hat2, meanOf(s2, width), meanOf(t2, width), v2, at(dX, 2 * width), mode);
  inputGradient(width, d3, gamma, hat3, meanOf(s3, width), meanOf(t3, width), v3, at(dX, 3 * width), mode);
}
