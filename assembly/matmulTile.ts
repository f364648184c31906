// The micro-kernel of every matrix product: a 4 x 8 tile of C in eight registers, with k unrolled by eight.
//
// Each unrolled step is in its own basic block. Without these blocks, the optimising compiler of V8 hoists all loads of
// the unrolled loop above the arithmetic, exceeds its 15 vector registers and spills, which halves the speed. Rows of A
// are read in place through row pointers with load32_splat, where V8 folds the constant offsets. B is a panel [k][8].
// Every element of C sums a[k] * b[k] in ascending k, so its bits do not depend on its position in the batch.
import { ZEROS } from './math';
import { RELU_SLOPE, slope, TANH_SLOPE } from './matmulSlope';
import { madd } from './simd';

/** Start of a tile: from zero, from the values of C, or from the bias row. */
export const OVERWRITE: i32 = 0;
export const ACCUMULATE: i32 = 1;
export const BIAS: i32 = 2;

/**
 * C[4][8] = start + A[4][k] * panel[k][8], multiplied by an activation derivative if mode selects one. The strides lda,
 * stepB and ldc are in bytes. `bias` has 8 floats, or is saved[4][8] with the stride of C.
 */
export function tile4(
  k: i32,
  a: usize,
  lda: usize,
  panel: usize,
  stepB: usize,
  out: usize,
  ldc: usize,
  mode: i32,
  bias: usize,
): void {
  let start = ZEROS;
  let step: usize = 0;
  if ((mode & 3) == ACCUMULATE) {
    start = out;
    step = ldc;
  } else if (mode == BIAS) start = bias;
  let c00 = v128.load(start);
  let c01 = v128.load(start, 16);
  start += step;
  let c10 = v128.load(start);
  let c11 = v128.load(start, 16);
  start += step;
  let c20 = v128.load(start);
  let c21 = v128.load(start, 16);
  start += step;
  let c30 = v128.load(start);
  let c31 = v128.load(start, 16);
  let a0 = a;
  let a1 = a0 + lda;
  let a2 = a1 + lda;
  let a3 = a2 + lda;
  for (let n = k; n > 0; n -= 8) {
    const b0 = v128.load(panel);
    const b1 = v128.load(panel, 16);
    const x0 = v128.load32_splat(a0, 0);
    c00 = madd(x0, b0, c00);
    c01 = madd(x0, b1, c01);
    const x1 = v128.load32_splat(a1, 0);
    c10 = madd(x1, b0, c10);
    c11 = madd(x1, b1, c11);
    const x2 = v128.load32_splat(a2, 0);
    c20 = madd(x2, b0, c20);
    c21 = madd(x2, b1, c21);
    const x3 = v128.load32_splat(a3, 0);
    c30 = madd(x3, b0, c30);
    c31 = madd(x3, b1, c31);
    panel += stepB;
    if (n > 1) {
      const b0 = v128.load(panel);
      const b1 = v128.load(panel, 16);
      const x0 = v128.load32_splat(a0, 4);
      c00 = madd(x0, b0, c00);
      c01 = madd(x0, b1, c01);
      const x1 = v128.load32_splat(a1, 4);
      c10 = madd(x1, b0, c10);
      c11 = madd(x1, b1, c11);
      const x2 = v128.load32_splat(a2, 4);
      c20 = madd(x2, b0, c20);
      c21 = madd(x2, b1, c21);
      const x3 = v128.load32_splat(a3, 4);
      c30 = madd(x3, b0, c30);
      c31 = madd(x3, b1, c31);
      panel += stepB;
      if (n > 2) {
        const b0 = v128.load(panel);
        const b1 = v128.load(panel, 16);
        const x0 = v128.load32_splat(a0, 8);
        c00 = madd(x0, b0, c00);
        c01 = madd(x0, b1, c01);
        const x1 = v128.load32_splat(a1, 8);
        c10 = madd(x1, b0, c10);
        c11 = madd(x1, b1, c11);
        const x2 = v128.load32_splat(a2, 8);
        c20 = madd(x2, b0, c20);
        c21 = madd(x2, b1, c21);
        const x3 = v128.load32_splat(a3, 8);
        c30 = madd(x3, b0, c30);
        c31 = madd(x3, b1, c31);
        panel += stepB;
        if (n > 3) {
          const b0 = v128.load(panel);
          const b1 = v128.load(panel, 16);
          const x0 = v128.load32_splat(a0, 12);
          c00 = madd(x0, b0, c00);
          c01 = madd(x0, b1, c01);
          const x1 = v128.load32_splat(a1, 12);
          c10 = madd(x1, b0, c10);
          c11 = madd(x1, b1, c11);
          const x2 = v128.load32_splat(a2, 12);
          c20 = madd(x2, b0, c20);
          c21 = madd(x2, b1, c21);
          const x3 = v128.load32_splat(a3, 12);
          c30 = madd(x3, b0, c30);
          c31 = madd(x3, b1, c31);
          panel += stepB;
          if (n > 4) {
            const b0 = v128.load(panel);
            const b1 = v128.load(panel, 16);
            const x0 = v128.load32_splat(a0, 16);
            c00 = madd(x0, b0, c00);
            c01 = madd(x0, b1, c01);
            const x1 = v128.load32_splat(a1, 16);
            c10 = madd(x1, b0, c10);
            c11 = madd(x1, b1, c11);
            const x2 = v128.load32_splat(a2, 16);
            c20 = madd(x2, b0, c20);
            c21 = madd(x2, b1, c21);
            const x3 = v128.load32_splat(a3, 16);
            c30 = madd(x3, b0, c30);
            c31 = madd(x3, b1, c31);
            panel += stepB;
            if (n > 5) {
              const b0 = v128.load(panel);
              const b1 = v128.load(panel, 16);
              const x0 = v128.load32_splat(a0, 20);
              c00 = madd(x0, b0, c00);
              c01 = madd(x0, b1, c01);
              const x1 = v128.load32_splat(a1, 20);
              c10 = madd(x1, b0, c10);
              c11 = madd(x1, b1, c11);
              const x2 = v128.load32_splat(a2, 20);
              c20 = madd(x2, b0, c20);
              c21 = madd(x2, b1, c21);
              const x3 = v128.load32_splat(a3, 20);
              c30 = madd(x3, b0, c30);
              c31 = madd(x3, b1, c31);
              panel += stepB;
              if (n > 6) {
                const b0 = v128.load(panel);
                const b1 = v128.load(panel, 16);
                const x0 = v128.load32_splat(a0, 24);
                c00 = madd(x0, b0, c00);
                c01 = madd(x0, b1, c01);
                const x1 = v128.load32_splat(a1, 24);
                c10 = madd(x1, b0, c10);
                c11 = madd(x1, b1, c11);
                const x2 = v128.load32_splat(a2, 24);
                c20 = madd(x2, b0, c20);
                c21 = madd(x2, b1, c21);
                const x3 = v128.load32_splat(a3, 24);
                c30 = madd(x3, b0, c30);
                c31 = madd(x3, b1, c31);
                panel += stepB;
                if (n > 7) {
                  const b0 = v128.load(panel);
                  const b1 = v128.load(panel, 16);
                  const x0 = v128.load32_splat(a0, 28);
                  c00 = madd(x0, b0, c00);
                  c01 = madd(x0, b1, c01);
                  const x1 = v128.load32_splat(a1, 28);
                  c10 = madd(x1, b0, c10);
                  c11 = madd(x1, b1, c11);
                  const x2 = v128.load32_splat(a2, 28);
                  c20 = madd(x2, b0, c20);
                  c21 = madd(x2, b1, c21);
                  const x3 = v128.load32_splat(a3, 28);
                  c30 = madd(x3, b0, c30);
                  c31 = madd(x3, b1, c31);
                }
              }
            }
          }
        }
      }
    }
    a0 += 32;
    a1 += 32;
    a2 += 32;
    a3 += 32;
    panel += stepB;
  }
  if (mode >= RELU_SLOPE) {
    c00 = slope(RELU_SLOPE, c00, bias, 0);
    c01 = slope(RELU_SLOPE, c01, bias, 16);
    c10 = slope(RELU_SLOPE, c10, bias + ldc, 0);
    c11 = slope(RELU_SLOPE, c11, bias + ldc, 16);
    c20 = slope(RELU_SLOPE, c20, bias + 2 * ldc, 0);
    c21 = slope(RELU_SLOPE, c21, bias + 2 * ldc, 16);
    c30 = slope(RELU_SLOPE, c30, bias + 3 * ldc, 0);
    c31 = slope(RELU_SLOPE, c31, bias + 3 * ldc, 16);
  } else if (mode >= TANH_SLOPE) {
    c00 = slope(TANH_SLOPE, c00, bias, 0);
    c01 = slope(TANH_SLOPE, c01, bias, 16);
    c10 = slope(TANH_SLOPE, c10, bias + ldc, 0);
    c11 = slope(TANH_SLOPE, c11, bias + ldc, 16);
    c20 = slope(TANH_SLOPE, c20, bias + 2 * ldc, 0);
    c21 = slope(TANH_SLOPE, c21, bias + 2 * ldc, 16);
    c30 = slope(TANH_SLOPE, c30, bias + 3 * ldc, 0);
    c31 = slope(TANH_SLOPE, c31, bias + 3 * ldc, 16);
  }
  v128.store(out, c00);
  v128.store(out, c01, 16);
  out += ldc;
  v128.store(out, c10);
  v128.store(out, c11, 16);
  out += ldc;
  v128.store(out, c20);
  v128.store(out, c21, 16);
  out += ldc;
  v128.store(out, c30);
  v128.store(out, c31, 16);
}
