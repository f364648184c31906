// Products with a single column or row of sums, as in the heads of a policy. The tile would pad them to eight columns.
// Every element sums in ascending k, so the result is bitwise identical to that of the tile.
import { ZEROS } from './math';
import { at, getF, setF } from './memory';
import { ACCUMULATE, BIAS } from './matmulTile';

/** The floats at p, p + stride, p + 2 stride, p + 3 stride (in floats). */
// @ts-ignore: decorator
@inline
function gather4(p: usize, stride: i32): v128 {
  let v = v128.load32_zero(p);
  v = v128.load_lane<f32>(at(p, stride), v, 1);
  v = v128.load_lane<f32>(at(p, 2 * stride), v, 2);
  return v128.load_lane<f32>(at(p, 3 * stride), v, 3);
}

/** Stores the lanes at p, p + stride, p + 2 stride, p + 3 stride (in floats). */
// @ts-ignore: decorator
@inline
function scatter4(p: usize, v: v128, stride: i32): void {
  setF(p, 0, f32x4.extract_lane(v, 0));
  setF(p, stride, f32x4.extract_lane(v, 1));
  setF(p, 2 * stride, f32x4.extract_lane(v, 2));
  setF(p, 3 * stride, f32x4.extract_lane(v, 3));
}

/** sum + the products of four elements of x with four floats of each of four rows at p. Each row has its lane. */
// @ts-ignore: decorator
@inline
function addFour(sum: v128, p: usize, lda: i32, x: usize, ldx: i32): v128 {
  const r0 = v128.load(p);
  const r1 = v128.load(at(p, lda));
  const r2 = v128.load(at(p, 2 * lda));
  const r3 = v128.load(at(p, 3 * lda));
  const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const t1 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const t2 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  sum = f32x4.add(sum, f32x4.mul(v128.shuffle<f32>(t0, t2, 0, 1, 4, 5), v128.load32_splat(x)));
  sum = f32x4.add(sum, f32x4.mul(v128.shuffle<f32>(t0, t2, 2, 3, 6, 7), v128.load32_splat(at(x, ldx))));
  sum = f32x4.add(sum, f32x4.mul(v128.shuffle<f32>(t1, t3, 0, 1, 4, 5), v128.load32_splat(at(x, 2 * ldx))));
  return f32x4.add(sum, f32x4.mul(v128.shuffle<f32>(t1, t3, 2, 3, 6, 7), v128.load32_splat(at(x, 3 * ldx))));
}

/**
 * y[m] = start + A[m,k] x[k], where x and y have strides ldx and ldy. Four rows at a time, one lane each; two groups of
 * them in turn while eight rows are left, because a sum waits for each of its additions.
 */
export function matrixVector(
  m: i32,
  k: i32,
  a: usize,
  lda: i32,
  x: usize,
  ldx: i32,
  y: usize,
  ldy: i32,
  mode: i32,
  bias: usize,
): void {
  let i = 0;
  for (; ASC_SHRINK_LEVEL == 0 && i + 8 <= m; i += 8) {
    let s0 = f32x4.splat(mode == BIAS ? load<f32>(bias) : 0);
    let s1 = s0;
    if (mode == ACCUMULATE) {
      s0 = gather4(at(y, i * ldy), ldy);
      s1 = gather4(at(y, (i + 4) * ldy), ldy);
    }
    const a0 = at(a, i * lda);
    const a4 = at(a0, 4 * lda);
    let kk = 0;
    for (; kk + 4 <= k; kk += 4) {
      s0 = addFour(s0, at(a0, kk), lda, at(x, kk * ldx), ldx);
      s1 = addFour(s1, at(a4, kk), lda, at(x, kk * ldx), ldx);
    }
    for (; kk < k; kk++) {
      const factor = v128.load32_splat(at(x, kk * ldx));
      s0 = f32x4.add(s0, f32x4.mul(gather4(at(a0, kk), lda), factor));
      s1 = f32x4.add(s1, f32x4.mul(gather4(at(a4, kk), lda), factor));
    }
    scatter4(at(y, i * ldy), s0, ldy);
    scatter4(at(y, (i + 4) * ldy), s1, ldy);
  }
  for (; i + 4 <= m; i += 4) {
    let sum = f32x4.splat(mode == BIAS ? load<f32>(bias) : 0);
    if (mode == ACCUMULATE) sum = gather4(at(y, i * ldy), ldy);
    const a0 = at(a, i * lda);
    let kk = 0;
    for (; kk + 4 <= k; kk += 4) sum = addFour(sum, at(a0, kk), lda, at(x, kk * ldx), ldx);
    for (; kk < k; kk++) {
      const column = gather4(at(a0, kk), lda);
      sum = f32x4.add(sum, f32x4.mul(column, v128.load32_splat(at(x, kk * ldx))));
    }
    scatter4(at(y, i * ldy), sum, ldy);
  }
  for (; i < m; i++) {
    let sum: f32 = mode == BIAS ? load<f32>(bias) : mode == ACCUMULATE ? getF(y, i * ldy) : 0;
    for (let kk = 0; kk < k; kk++) sum += getF(a, i * lda + kk) * getF(x, kk * ldx);
    setF(y, i * ldy, sum);
  }
}

/** y[m] = start + A[k,m]^T x[k], where x and y have strides ldx and ldy. Four columns of A at a time. */
export function transposedVector(
  m: i32,
  k: i32,
  a: usize,
  lda: i32,
  x: usize,
  ldx: i32,
  y: usize,
  ldy: i32,
  mode: i32,
): void {
  let i = 0;
  // Four sums in turn while 16 columns are left, for the same reason.
  for (; ASC_SHRINK_LEVEL == 0 && ldy == 1 && i + 16 <= m; i += 16) {
    const out = at(y, i);
    const start = mode == ACCUMULATE ? out : ZEROS;
    let s0 = v128.load(start);
    let s1 = v128.load(start, 16);
    let s2 = v128.load(start, 32);
    let s3 = v128.load(start, 48);
    for (let kk = 0; kk < k; kk++) {
      const row = at(a, kk * lda + i);
      const factor = v128.load32_splat(at(x, kk * ldx));
      s0 = f32x4.add(s0, f32x4.mul(v128.load(row), factor));
      s1 = f32x4.add(s1, f32x4.mul(v128.load(row, 16), factor));
      s2 = f32x4.add(s2, f32x4.mul(v128.load(row, 32), factor));
      s3 = f32x4.add(s3, f32x4.mul(v128.load(row, 48), factor));
    }
    v128.store(out, s0);
    v128.store(out, s1, 16);
    v128.store(out, s2, 32);
    v128.store(out, s3, 48);
  }
  for (; i + 4 <= m; i += 4) {
    let sum = f32x4.splat(0);
    if (mode == ACCUMULATE) sum = gather4(at(y, i * ldy), ldy);
    for (let kk = 0; kk < k; kk++) {
      sum = f32x4.add(sum, f32x4.mul(v128.load(at(a, kk * lda + i)), v128.load32_splat(at(x, kk * ldx))));
    }
    scatter4(at(y, i * ldy), sum, ldy);
  }
  for (; i < m; i++) {
    let sum: f32 = mode == ACCUMULATE ? getF(y, i * ldy) : 0;
    for (let kk = 0; kk < k; kk++) sum += getF(a, kk * lda + i) * getF(x, kk * ldx);
    setF(y, i * ldy, sum);
  }
}
