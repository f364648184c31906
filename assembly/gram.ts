// Per-sample gradients g_i of one parameter, computed from the values that a layer stored: its inputs x and its output
// gradients d.
//
// Sample i has the rows offsets[i] * unit .. offsets[i + 1] * unit, or from row i * unit if offsets is 0. A weight that
// is shared over tokens and candidate actions is therefore summed within a sample, as in the gradient of the sample.
import { at, getF, getI, setF } from './memory';
import { matmulTN } from './matmul';

// @ts-ignore: decorator
@inline
function first(i: i32, offsets: usize, unit: i32): i32 {
  return (offsets ? getI(offsets, i) : i) * unit;
}

/**
 * g[n, kx * kd] (mode 0: =, 1: +=) the per-sample gradients x^T d of a weight matrix. ldg is the row stride of g in
 * floats.
 */
export function perSampleOuter(
  n: i32,
  offsets: usize,
  unit: i32,
  x: usize,
  kx: i32,
  d: usize,
  kd: i32,
  g: usize,
  ldg: i32,
  mode: i32,
  scratch: usize,
): void {
  for (let i = 0; i < n; i++) {
    const from = first(i, offsets, unit);
    matmulTN(
      kx,
      kd,
      first(i + 1, offsets, unit) - from,
      at(x, from * kx),
      kx,
      at(d, from * kd),
      kd,
      at(g, i * ldg),
      kd,
      mode,
      0,
      scratch,
    );
  }
}

/**
 * g[n, period * width] += per-sample sums of the rows of d, grouped by row modulo period: biases (period 1) and
 * position embeddings.
 */
export function perSampleSum(
  n: i32,
  offsets: usize,
  unit: i32,
  period: i32,
  width: i32,
  d: usize,
  g: usize,
  ldg: i32,
): void {
  for (let i = 0; i < n; i++) {
    const to = first(i + 1, offsets, unit);
    for (let r = first(i, offsets, unit); r < to; r++) {
      const out = at(g, i * ldg + (r % period) * width);
      for (let j = 0; j < width; j++) setF(out, j, getF(out, j) + getF(d, r * width + j));
    }
  }
}

/** g[n, width] += per-sample sums of the elementwise product d * x: the gradient of the gain of a layer norm. */
export function perSampleProduct(
  n: i32,
  offsets: usize,
  unit: i32,
  width: i32,
  d: usize,
  x: usize,
  g: usize,
  ldg: i32,
): void {
  for (let i = 0; i < n; i++) {
    const to = first(i + 1, offsets, unit);
    for (let r = first(i, offsets, unit); r < to; r++) {
      for (let j = 0; j < width; j++) {
        const e = r * width + j;
        setF(g, i * ldg + j, getF(g, i * ldg + j) + getF(d, e) * getF(x, e));
      }
    }
  }
}

/**
 * g[n, vocabulary * width] += d[row * slots + slot] at the token of every feature (token * slots + slot): the gradient
 * of an embedding table.
 */
export function perSampleScatter(
  n: i32,
  offsets: usize,
  features: usize,
  featureOffsets: usize,
  slots: i32,
  width: i32,
  d: usize,
  g: usize,
  ldg: i32,
): void {
  for (let i = 0; i < n; i++) {
    const to = first(i + 1, offsets, 1);
    for (let r = first(i, offsets, 1); r < to; r++) {
      const end = getI(featureOffsets, r + 1);
      for (let f = getI(featureOffsets, r); f < end; f++) {
        const feature = getI(features, f);
        const token = feature / slots;
        const out = at(g, i * ldg + token * width);
        const src = at(d, (r * slots + feature - token * slots) * width);
        for (let j = 0; j < width; j++) setF(out, j, getF(out, j) + getF(src, j));
      }
    }
  }
}
