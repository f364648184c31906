// The 4 x 16 tile of the wide builds: the tile of matmulTile.ts for twice as many columns, with the same sums in the
// same order. An engine that merges neighbouring vectors keeps its sixteen vectors of sums in eight registers. The
// narrow builds do not contain it, because without the merge it needs more registers than a processor has.
//
// The engine begins at two neighbouring stores and merges what they depend on. The two loads that start a pair must be
// in one basic block for that, so every tile starts from an address: zeros, the bias row, or C.
import { RELU_SLOPE, slope, TANH_SLOPE } from './matmulSlope';
import { ACCUMULATE, BIAS } from './matmulTile';
import { ZEROS } from './math';
import { madd } from './simd';

/** C[4][16] = start + A[4][k] * panel[k][16]; otherwise as tile4. */
export function tile4Wide(
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
  let c02 = v128.load(start, 32);
  let c03 = v128.load(start, 48);
  start += step;
  let c10 = v128.load(start);
  let c11 = v128.load(start, 16);
  let c12 = v128.load(start, 32);
  let c13 = v128.load(start, 48);
  start += step;
  let c20 = v128.load(start);
  let c21 = v128.load(start, 16);
  let c22 = v128.load(start, 32);
  let c23 = v128.load(start, 48);
  start += step;
  let c30 = v128.load(start);
  let c31 = v128.load(start, 16);
  let c32 = v128.load(start, 32);
  let c33 = v128.load(start, 48);
  let a0 = a;
  let a1 = a0 + lda;
  let a2 = a1 + lda;
  let a3 = a2 + lda;
  for (let n = k; n > 0; n -= 8) {
    const b0 = v128.load(panel);
    const b1 = v128.load(panel, 16);
    const b2 = v128.load(panel, 32);
    const b3 = v128.load(panel, 48);
    const x0 = v128.load32_splat(a0, 0);
    c00 = madd(x0, b0, c00);
    c01 = madd(x0, b1, c01);
    c02 = madd(x0, b2, c02);
    c03 = madd(x0, b3, c03);
    const x1 = v128.load32_splat(a1, 0);
    c10 = madd(x1, b0, c10);
    c11 = madd(x1, b1, c11);
    c12 = madd(x1, b2, c12);
    c13 = madd(x1, b3, c13);
    const x2 = v128.load32_splat(a2, 0);
    c20 = madd(x2, b0, c20);
    c21 = madd(x2, b1, c21);
    c22 = madd(x2, b2, c22);
    c23 = madd(x2, b3, c23);
    const x3 = v128.load32_splat(a3, 0);
    c30 = madd(x3, b0, c30);
    c31 = madd(x3, b1, c31);
    c32 = madd(x3, b2, c32);
    c33 = madd(x3, b3, c33);
    panel += stepB;
    if (n > 1) {
      const b0 = v128.load(panel);
      const b1 = v128.load(panel, 16);
      const b2 = v128.load(panel, 32);
      const b3 = v128.load(panel, 48);
      const x0 = v128.load32_splat(a0, 4);
      c00 = madd(x0, b0, c00);
      c01 = madd(x0, b1, c01);
      c02 = madd(x0, b2, c02);
      c03 = madd(x0, b3, c03);
      const x1 = v128.load32_splat(a1, 4);
      c10 = madd(x1, b0, c10);
      c11 = madd(x1, b1, c11);
      c12 = madd(x1, b2, c12);
      c13 = madd(x1, b3, c13);
      const x2 = v128.load32_splat(a2, 4);
      c20 = madd(x2, b0, c20);
      c21 = madd(x2, b1, c21);
      c22 = madd(x2, b2, c22);
      c23 = madd(x2, b3, c23);
      const x3 = v128.load32_splat(a3, 4);
      c30 = madd(x3, b0, c30);
      c31 = madd(x3, b1, c31);
      c32 = madd(x3, b2, c32);
      c33 = madd(x3, b3, c33);
      panel += stepB;
      if (n > 2) {
        const b0 = v128.load(panel);
        const b1 = v128.load(panel, 16);
        const b2 = v128.load(panel, 32);
        const b3 = v128.load(panel, 48);
        const x0 = v128.load32_splat(a0, 8);
        c00 = madd(x0, b0, c00);
        c01 = madd(x0, b1, c01);
        c02 = madd(x0, b2, c02);
        c03 = madd(x0, b3, c03);
        const x1 = v128.load32_splat(a1, 8);
        c10 = madd(x1, b0, c10);
        c11 = madd(x1, b1, c11);
        c12 = madd(x1, b2, c12);
        c13 = madd(x1, b3, c13);
        const x2 = v128.load32_splat(a2, 8);
        c20 = madd(x2, b0, c20);
        c21 = madd(x2, b1, c21);
        c22 = madd(x2, b2, c22);
        c23 = madd(x2, b3, c23);
        const x3 = v128.load32_splat(a3, 8);
        c30 = madd(x3, b0, c30);
        c31 = madd(x3, b1, c31);
        c32 = madd(x3, b2, c32);
        c33 = madd(x3, b3, c33);
        panel += stepB;
        if (n > 3) {
          const b0 = v128.load(panel);
          const b1 = v128.load(panel, 16);
          const b2 = v128.load(panel, 32);
          const b3 = v128.load(panel, 48);
          const x0 = v128.load32_splat(a0, 12);
          c00 = madd(x0, b0, c00);
          c01 = madd(x0, b1, c01);
          c02 = madd(x0, b2, c02);
          c03 = madd(x0, b3, c03);
          const x1 = v128.load32_splat(a1, 12);
          c10 = madd(x1, b0, c10);
          c11 = madd(x1, b1, c11);
          c12 = madd(x1, b2, c12);
          c13 = madd(x1, b3, c13);
          const x2 = v128.load32_splat(a2, 12);
          c20 = madd(x2, b0, c20);
          c21 = madd(x2, b1, c21);
          c22 = madd(x2, b2, c22);
          c23 = madd(x2, b3, c23);
          const x3 = v128.load32_splat(a3, 12);
          c30 = madd(x3, b0, c30);
          c31 = madd(x3, b1, c31);
          c32 = madd(x3, b2, c32);
          c33 = madd(x3, b3, c33);
          panel += stepB;
          if (n > 4) {
            const b0 = v128.load(panel);
            const b1 = v128.load(panel, 16);
            const b2 = v128.load(panel, 32);
            const b3 = v128.load(panel, 48);
            const x0 = v128.load32_splat(a0, 16);
            c00 = madd(x0, b0, c00);
            c01 = madd(x0, b1, c01);
            c02 = madd(x0, b2, c02);
            c03 = madd(x0, b3, c03);
            const x1 = v128.load32_splat(a1, 16);
            c10 = madd(x1, b0, c10);
            c11 = madd(x1, b1, c11);
            c12 = madd(x1, b2, c12);
            c13 = madd(x1, b3, c13);
            const x2 = v128.load32_splat(a2, 16);
            c20 = madd(x2, b0, c20);
            c21 = madd(x2, b1, c21);
            c22 = madd(x2, b2, c22);
            c23 = madd(x2, b3, c23);
            const x3 = v128.load32_splat(a3, 16);
            c30 = madd(x3, b0, c30);
            c31 = madd(x3, b1, c31);
            c32 = madd(x3, b2, c32);
            c33 = madd(x3, b3, c33);
            panel += stepB;
            if (n > 5) {
              const b0 = v128.load(panel);
              const b1 = v128.load(panel, 16);
              const b2 = v128.load(panel, 32);
              const b3 = v128.load(panel, 48);
              const x0 = v128.load32_splat(a0, 20);
              c00 = madd(x0, b0, c00);
              c01 = madd(x0, b1, c01);
              c02 = madd(x0, b2, c02);
              c03 = madd(x0, b3, c03);
              const x1 = v128.load32_splat(a1, 20);
              c10 = madd(x1, b0, c10);
              c11 = madd(x1, b1, c11);
              c12 = madd(x1, b2, c12);
              c13 = madd(x1, b3, c13);
              const x2 = v128.load32_splat(a2, 20);
              c20 = madd(x2, b0, c20);
              c21 = madd(x2, b1, c21);
              c22 = madd(x2, b2, c22);
              c23 = madd(x2, b3, c23);
              const x3 = v128.load32_splat(a3, 20);
              c30 = madd(x3, b0, c30);
              c31 = madd(x3, b1, c31);
              c32 = madd(x3, b2, c32);
              c33 = madd(x3, b3, c33);
              panel += stepB;
              if (n > 6) {
                const b0 = v128.load(panel);
                const b1 = v128.load(panel, 16);
                const b2 = v128.load(panel, 32);
                const b3 = v128.load(panel, 48);
                const x0 = v128.load32_splat(a0, 24);
                c00 = madd(x0, b0, c00);
                c01 = madd(x0, b1, c01);
                c02 = madd(x0, b2, c02);
                c03 = madd(x0, b3, c03);
                const x1 = v128.load32_splat(a1, 24);
                c10 = madd(x1, b0, c10);
                c11 = madd(x1, b1, c11);
                c12 = madd(x1, b2, c12);
                c13 = madd(x1, b3, c13);
                const x2 = v128.load32_splat(a2, 24);
                c20 = madd(x2, b0, c20);
                c21 = madd(x2, b1, c21);
                c22 = madd(x2, b2, c22);
                c23 = madd(x2, b3, c23);
                const x3 = v128.load32_splat(a3, 24);
                c30 = madd(x3, b0, c30);
                c31 = madd(x3, b1, c31);
                c32 = madd(x3, b2, c32);
                c33 = madd(x3, b3, c33);
                panel += stepB;
                if (n > 7) {
                  const b0 = v128.load(panel);
                  const b1 = v128.load(panel, 16);
                  const b2 = v128.load(panel, 32);
                  const b3 = v128.load(panel, 48);
                  const x0 = v128.load32_splat(a0, 28);
                  c00 = madd(x0, b0, c00);
                  c01 = madd(x0, b1, c01);
                  c02 = madd(x0, b2, c02);
                  c03 = madd(x0, b3, c03);
                  const x1 = v128.load32_splat(a1, 28);
                  c10 = madd(x1, b0, c10);
                  c11 = madd(x1, b1, c11);
                  c12 = madd(x1, b2, c12);
                  c13 = madd(x1, b3, c13);
                  const x2 = v128.load32_splat(a2, 28);
                  c20 = madd(x2, b0, c20);
                  c21 = madd(x2, b1, c21);
                  c22 = madd(x2, b2, c22);
                  c23 = madd(x2, b3, c23);
                  const x3 = v128.load32_splat(a3, 28);
                  c30 = madd(x3, b0, c30);
                  c31 = madd(x3, b1, c31);
                  c32 = madd(x3, b2, c32);
                  c33 = madd(x3, b3, c33);
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
    c02 = slope(RELU_SLOPE, c02, bias, 32);
    c03 = slope(RELU_SLOPE, c03, bias, 48);
    bias += ldc;
    c10 = slope(RELU_SLOPE, c10, bias, 0);
    c11 = slope(RELU_SLOPE, c11, bias, 16);
    c12 = slope(RELU_SLOPE, c12, bias, 32);
    c13 = slope(RELU_SLOPE, c13, bias, 48);
    bias += ldc;
    c20 = slope(RELU_SLOPE, c20, bias, 0);
    c21 = slope(RELU_SLOPE, c21, bias, 16);
    c22 = slope(RELU_SLOPE, c22, bias, 32);
    c23 = slope(RELU_SLOPE, c23, bias, 48);
    bias += ldc;
    c30 = slope(RELU_SLOPE, c30, bias, 0);
    c31 = slope(RELU_SLOPE, c31, bias, 16);
    c32 = slope(RELU_SLOPE, c32, bias, 32);
    c33 = slope(RELU_SLOPE, c33, bias, 48);
  } else if (mode >= TANH_SLOPE) {
    c00 = slope(TANH_SLOPE, c00, bias, 0);
    c01 = slope(TANH_SLOPE, c01, bias, 16);
    c02 = slope(TANH_SLOPE, c02, bias, 32);
    c03 = slope(TANH_SLOPE, c03, bias, 48);
    bias += ldc;
    c10 = slope(TANH_SLOPE, c10, bias, 0);
    c11 = slope(TANH_SLOPE, c11, bias, 16);
    c12 = slope(TANH_SLOPE, c12, bias, 32);
    c13 = slope(TANH_SLOPE, c13, bias, 48);
    bias += ldc;
    c20 = slope(TANH_SLOPE, c20, bias, 0);
    c21 = slope(TANH_SLOPE, c21, bias, 16);
    c22 = slope(TANH_SLOPE, c22, bias, 32);
    c23 = slope(TANH_SLOPE, c23, bias, 48);
    bias += ldc;
    c30 = slope(TANH_SLOPE, c30, bias, 0);
    c31 = slope(TANH_SLOPE, c31, bias, 16);
    c32 = slope(TANH_SLOPE, c32, bias, 32);
    c33 = slope(TANH_SLOPE, c33, bias, 48);
  }
  v128.store(out, c00);
  v128.store(out, c01, 16);
  v128.store(out, c02, 32);
  v128.store(out, c03, 48);
  out += ldc;
  v128.store(out, c10);
  v128.store(out, c11, 16);
  v128.store(out, c12, 32);
  v128.store(out, c13, 48);
  out += ldc;
  v128.store(out, c20);
  v128.store(out, c21, 16);
  v128.store(out, c22, 32);
  v128.store(out, c23, 48);
  out += ldc;
  v128.store(out, c30);
  v128.store(out, c31, 16);
  v128.store(out, c32, 32);
  v128.store(out, c33, 48);
}
