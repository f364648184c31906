// Layer normalisation (Ba et al., arXiv 1607.06450): y = gamma * xHat + beta, xHat = (x - mean) / sqrt(variance + 1e-5), over each row.
import { at, getF, setF } from './memory';
import { loadTail, storeTail, sumLanes } from './simd';

const EPSILON: f32 = 1e-5;

// @ts-ignore: decorator
@inline
function part(p: usize, i: i32, width: i32): v128 {
  return width - i >= 4 ? v128.load(at(p, i)) : loadTail(at(p, i), width - i);
}

// @ts-ignore: decorator
@inline
function put(p: usize, i: i32, width: i32, v: v128): void {
  if (width - i >= 4) v128.store(at(p, i), v);
  else storeTail(at(p, i), v, width - i);
}

/** 1 / standard deviation from the sum of squares of the centred row. */
// @ts-ignore: decorator
@inline
function inverseDeviation(squares: f32, width: i32): f32 {
  return <f32>1 / sqrt<f32>(squares / <f32>width + EPSILON);
}

/** The mean of a row in all lanes. */
// @ts-ignore: decorator
@inline
function meanOf(sums: v128, width: i32): v128 {
  return f32x4.splat(sumLanes(sums) / <f32>width);
}

/** The squares of four floats of a row, centred, added to `squares`. */
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

/** Four rows side by side, whose width is a multiple of four: the sums of one row alone wait for each of their additions. */
function forwardFour(width: i32, x0: usize, gamma: usize, beta: usize, y: usize, hat: usize, rstd: usize): void {
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
  for (let i = 0; i < width; i += 4) {
    const g = v128.load(at(gamma, i));
    const b = v128.load(at(beta, i));
    finish(at(x0, i), m0, v0, g, b, at(hat, i), at(y, i));
    finish(at(x1, i), m1, v1, g, b, at(hat1, i), at(y1, i));
    finish(at(x2, i), m2, v2, g, b, at(hat2, i), at(y2, i));
    finish(at(x3, i), m3, v3, g, b, at(hat3, i), at(y3, i));
  }
}

/** y[rows,width]; saves xHat[rows,width] and inverse standard deviations rstd[rows] for the way back. */
export function layerNormForward(rows: i32, width: i32, x: usize, gamma: usize, beta: usize, y: usize, xHat: usize, rstd: usize): void {
  let r = 0;
  if (ASC_SHRINK_LEVEL == 0 && (width & 3) == 0) {
    for (; r + 4 <= rows; r += 4) {
      const first = r * width;
      forwardFour(width, at(x, first), gamma, beta, at(y, first), at(xHat, first), at(rstd, r));
    }
  }
  for (; r < rows; r++) {
    const row = at(x, r * width);
    const hat = at(xHat, r * width);
    let sum = f32x4.splat(0);
    for (let i = 0; i < width; i += 4) sum = f32x4.add(sum, part(row, i, width));
    const mean = meanOf(sum, width);
    let squares = f32x4.splat(0);
    let i = 0;
    for (; i + 4 <= width; i += 4) {
      const centred = f32x4.sub(v128.load(at(row, i)), mean);
      v128.store(at(hat, i), centred);
      squares = f32x4.add(squares, f32x4.mul(centred, centred));
    }
    let variance = sumLanes(squares);
    for (; i < width; i++) {
      const centred = getF(row, i) - f32x4.extract_lane(mean, 0);
      setF(hat, i, centred);
      variance += centred * centred;
    }
    const scale = inverseDeviation(variance, width);
    setF(rstd, r, scale);
    for (let i = 0; i < width; i += 4) {
      const h = f32x4.mul(part(hat, i, width), f32x4.splat(scale));
      put(hat, i, width, h);
      put(at(y, r * width), i, width, f32x4.add(f32x4.mul(h, part(gamma, i, width)), part(beta, i, width)));
    }
  }
}

/** dX of one row from the mean of its dh = dY * gamma and that of dh * xHat. */
// @ts-ignore: decorator
@inline
function inputGradient(width: i32, d: usize, gamma: usize, hat: usize, meanD: v128, meanDHat: v128, scale: v128, out: usize, mode: i32): void {
  for (let i = 0; i < width; i += 4) {
    const dh = f32x4.mul(part(d, i, width), part(gamma, i, width));
    const h = part(hat, i, width);
    const dx = f32x4.mul(scale, f32x4.sub(f32x4.sub(dh, meanD), f32x4.mul(h, meanDHat)));
    put(out, i, width, mode ? f32x4.add(part(out, i, width), dx) : dx);
  }
}

/** Four rows side by side, whose width is a multiple of four; dGamma and dBeta add them in their order. */
function backwardFour(width: i32, d0: usize, gamma: usize, hat0: usize, rstd: usize, dX: usize, mode: i32, dGamma: usize, dBeta: usize): void {
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

/** dX (mode 0: =, 1: +=); dGamma, dBeta +=. */
export function layerNormBackward(rows: i32, width: i32, dY: usize, gamma: usize, xHat: usize, rstd: usize, dX: usize, mode: i32, dGamma: usize, dBeta: usize): void {
  let r = 0;
  if (ASC_SHRINK_LEVEL == 0 && (width & 3) == 0) {
    for (; r + 4 <= rows; r += 4) {
      const first = r * width;
      backwardFour(width, at(dY, first), gamma, at(xHat, first), at(rstd, r), at(dX, first), mode, dGamma, dBeta);
    }
  }
  for (; r < rows; r++) {
    const d = at(dY, r * width);
    const hat = at(xHat, r * width);
    let sumD = f32x4.splat(0);
    let sumDHat = f32x4.splat(0);
    for (let i = 0; i < width; i += 4) {
      const dy = part(d, i, width);
      const h = part(hat, i, width);
      put(dGamma, i, width, f32x4.add(part(dGamma, i, width), f32x4.mul(dy, h)));
      put(dBeta, i, width, f32x4.add(part(dBeta, i, width), dy));
      const dh = f32x4.mul(dy, part(gamma, i, width));
      sumD = f32x4.add(sumD, dh);
      sumDHat = f32x4.add(sumDHat, f32x4.mul(dh, h));
    }
    const scale = f32x4.splat(getF(rstd, r));
    inputGradient(width, d, gamma, hat, meanOf(sumD, width), meanOf(sumDHat, width), scale, at(dX, r * width), mode);
  }
}
