// Layer normalisation (Ba et al., arXiv 1607.06450) over each row: y = gamma * xHat + beta with xHat = (x - mean) /
// sqrt(variance + 1e-5).
import { backwardFour, forwardFour } from './layerNormFour';
import { inputGradient, inverseDeviation, meanOf, part, put } from './layerNormRow';
import { at, getF, setF } from './memory';
import { sumLanes } from './simd';

/** y[rows,width]. Stores xHat[rows,width] and the inverse standard deviations rstd[rows] for the backward pass. */
export function layerNormForward(
  rows: i32,
  width: i32,
  x: usize,
  gamma: usize,
  beta: usize,
  y: usize,
  xHat: usize,
  rstd: usize,
): void {
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

/** Backward pass: dX (mode 0: =, 1: +=); dGamma and dBeta +=. */
export function layerNormBackward(
  rows: i32,
  width: i32,
  dY: usize,
  gamma: usize,
  xHat: usize,
  rstd: usize,
  dX: usize,
  mode: i32,
  dGamma: usize,
  dBeta: usize,
): void {
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
