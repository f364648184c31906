// Inner products of per-sample gradients, K[i][j] += <g_i, g_j>, from what a layer saved: its inputs x and output gradients d.
//
// Sample i owns rows offsets[i] * unit .. offsets[i + 1] * unit (offsets 0: rows i * unit ..), so weights shared over tokens and candidate
// actions are summed inside a sample, as its gradient is.
import { at, getF, getI, setF } from './memory';
import { matmulNT, matmulTN } from './matmul';

// @ts-ignore: decorator
@inline
function first(i: i32, offsets: usize, unit: i32): i32 {
  return (offsets ? getI(offsets, i) : i) * unit;
}

const TILE: i32 = 64;

/**
 * The pairwise form for a weight matrix: K[i][j] += sum over rows r of i, t of j of (x_r . x_t + bias)(d_r . d_t), without any gradient.
 * K is [ni, nj]; kx, kd are the widths of x and d; bias is 1 if the layer's bias counts, else 0. The row products are made in tiles of
 * 64 x 64. work: 2 * 64 * 64 floats.
 */
export function gramPairwise(ni: i32, offsetsI: usize, xi: usize, di: usize, nj: i32, offsetsJ: usize, xj: usize, dj: usize, unit: i32, kx: i32, kd: i32, bias: f32, k: usize, work: usize, scratch: usize): void {
  const products = work;
  const inner = at(work, TILE * TILE);
  const rowsI = first(ni, offsetsI, unit);
  const rowsJ = first(nj, offsetsJ, unit);
  let sampleI = 0;
  for (let r0 = 0; r0 < rowsI; r0 += TILE) {
    const m = min(TILE, rowsI - r0);
    let sampleJ = 0;
    let endI = sampleI;
    for (let t0 = 0; t0 < rowsJ; t0 += TILE) {
      const n = min(TILE, rowsJ - t0);
      matmulNT(m, n, kd, at(di, r0 * kd), kd, at(dj, t0 * kd), kd, products, TILE, 0, 0, scratch);
      matmulNT(m, n, kx, at(xi, r0 * kx), kx, at(xj, t0 * kx), kx, inner, TILE, 0, 0, scratch);
      let i = sampleI;
      let j = sampleJ;
      for (let r = 0; r < m; r++) {
        while (r0 + r >= first(i + 1, offsetsI, unit)) i++;
        j = sampleJ;
        for (let t = 0; t < n; t++) {
          while (t0 + t >= first(j + 1, offsetsJ, unit)) j++;
          const e = r * TILE + t;
          const p = i * nj + j;
          setF(k, p, getF(k, p) + getF(products, e) * (getF(inner, e) + bias));
        }
      }
      endI = i;
      sampleJ = j;
    }
    sampleI = endI;
  }
}

/** g[n, kx * kd] (mode 0: =, 1: +=) per-sample gradients x^T d of a weight matrix; ldg in floats. */
export function perSampleOuter(n: i32, offsets: usize, unit: i32, x: usize, kx: i32, d: usize, kd: i32, g: usize, ldg: i32, mode: i32, scratch: usize): void {
  for (let i = 0; i < n; i++) {
    const from = first(i, offsets, unit);
    matmulTN(kx, kd, first(i + 1, offsets, unit) - from, at(x, from * kx), kx, at(d, from * kd), kd, at(g, i * ldg), kd, mode, scratch);
  }
}

/** g[n, period * width] += per-sample sums of d rows by row modulo period: biases (period 1) and position embeddings. */
export function perSampleSum(n: i32, offsets: usize, unit: i32, period: i32, width: i32, d: usize, g: usize, ldg: i32): void {
  for (let i = 0; i < n; i++) {
    const to = first(i + 1, offsets, unit);
    for (let r = first(i, offsets, unit); r < to; r++) {
      const out = at(g, i * ldg + (r % period) * width);
      for (let j = 0; j < width; j++) setF(out, j, getF(out, j) + getF(d, r * width + j));
    }
  }
}

/** g[n, width] += per-sample sums of d * x, elementwise: the gain of a layer norm. */
export function perSampleProduct(n: i32, offsets: usize, unit: i32, width: i32, d: usize, x: usize, g: usize, ldg: i32): void {
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

/** g[n, vocabulary * width] += d[row * slots + slot] at the token of every feature (token * slots + slot): an embedding table. */
export function perSampleScatter(n: i32, offsets: usize, features: usize, featureOffsets: usize, slots: i32, width: i32, d: usize, g: usize, ldg: i32): void {
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
