// Products with a single column or row of sums, as in the heads of a policy. The tile would pad them to eight columns.
// Every element sums in ascending k, so the result is bitwise identical to that of the tile.
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

/** y[m] = start + A[m,k] x[k], where x and y have strides ldx and ldy. Four rows at a time, one lane each. */
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
  for (; i + 4 <= m; i += 4) {
    let sum = f32x4.splat(mode == BIAS ? load<f32>(bias) : 0);
    if (mode == ACCUMULATE) sum = gather4(at(y, i * ldy), ldy);
    const a0 = at(a, i * lda);
    const a1 = at(a0, lda);
    const a2 = at(a1, lda);
    const a3 = at(a2, lda);
    let kk = 0;
    for (; kk + 4 <= k; kk += 4) {
      const r0 = v128.load(at(a0, kk));
      const r1 = v128.load(at(a1, kk));
      const r2 = v128.load(at(a2, kk));
      const r3 = v128.load(at(a3, kk));
      const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
      const t1 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
      const t2 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
      const t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
      sum = f32x4.add(sum, f32x4.mul(v128.shuffle<f32>(t0, t2, 0, 1, 4, 5), v128.load32_splat(at(x, kk * ldx))));
      sum = f32x4.add(sum, f32x4.mul(v128.shuffle<f32>(t0, t2, 2, 3, 6, 7), v128.load32_splat(at(x, (kk + 1) * ldx))));
      sum = f32x4.add(sum, f32x4.mul(v128.shuffle<f32>(t1, t3, 0, 1, 4, 5), v128.load32_splat(at(x, (kk + 2) * ldx))));
      sum = f32x4.add(sum, f32x4.mul(v128.shuffle<f32>(t1, t3, 2, 3, 6, 7), v128.load32_splat(at(x, (kk + 3) * ldx))));
    }
    for (; kk < k; kk++) {
      const column = gather4(at(a0, kk), lda);
      sum = f32x4.add(sum, f32x4.mul(column, v128.load32_splat(at(x, kk * ldx))));
    }
    setF(y, i * ldy, f32x4.extract_lane(sum, 0));
    setF(y, (i + 1) * ldy, f32x4.extract_lane(sum, 1));
    setF(y, (i + 2) * ldy, f32x4.extract_lane(sum, 2));
    setF(y, (i + 3) * ldy, f32x4.extract_lane(sum, 3));
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
  for (; i + 4 <= m; i += 4) {
    let sum = f32x4.splat(0);
    if (mode == ACCUMULATE) sum = gather4(at(y, i * ldy), ldy);
    for (let kk = 0; kk < k; kk++) {
      sum = f32x4.add(sum, f32x4.mul(v128.load(at(a, kk * lda + i)), v128.load32_splat(at(x, kk * ldx))));
    }
    setF(y, i * ldy, f32x4.extract_lane(sum, 0));
    setF(y, (i + 1) * ldy, f32x4.extract_lane(sum, 1));
    setF(y, (i + 2) * ldy, f32x4.extract_lane(sum, 2));
    setF(y, (i + 3) * ldy, f32x4.extract_lane(sum, 3));
  }
  for (; i < m; i++) {
    let sum: f32 = mode == ACCUMULATE ? getF(y, i * ldy) : 0;
    for (let kk = 0; kk < k; kk++) sum += getF(a, kk * lda + i) * getF(x, kk * ldx);
    setF(y, i * ldy, sum);
  }
}
