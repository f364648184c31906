// The 4 x 8 tile of matmulTile.ts with both operands packed by k, as [k][4] and [k][8]. It is used for products with a
// transposed left operand: the rows of this operand are copied without a transpose.
import { ZEROS } from './math';
import { ACCUMULATE } from './matmulTile';
import { madd } from './simd';

/** C[4][8] = start + quad[k][4]^T * panel[k][8]; ldc in bytes. */
export function tileQuad(
  k: i32,
  quad: usize,
  lda: usize,
  panel: usize,
  ldb: usize,
  out: usize,
  ldc: usize,
  mode: i32,
): void {
  let start = ZEROS;
  let step: usize = 0;
  if (mode == ACCUMULATE) {
    start = out;
    step = ldc;
  }
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
  for (let n = k; n > 0; n -= 8) {
    const b0 = v128.load(panel, 0);
    const b1 = v128.load(panel, 16);
    const x0 = v128.load32_splat(quad, 0);
    c00 = madd(x0, b0, c00);
    c01 = madd(x0, b1, c01);
    const x1 = v128.load32_splat(quad, 4);
    c10 = madd(x1, b0, c10);
    c11 = madd(x1, b1, c11);
    const x2 = v128.load32_splat(quad, 8);
    c20 = madd(x2, b0, c20);
    c21 = madd(x2, b1, c21);
    const x3 = v128.load32_splat(quad, 12);
    c30 = madd(x3, b0, c30);
    c31 = madd(x3, b1, c31);
    quad += lda;
    panel += ldb;
    if (n > 1) {
      const b0 = v128.load(panel, 0);
      const b1 = v128.load(panel, 16);
      const x0 = v128.load32_splat(quad, 0);
      c00 = madd(x0, b0, c00);
      c01 = madd(x0, b1, c01);
      const x1 = v128.load32_splat(quad, 4);
      c10 = madd(x1, b0, c10);
      c11 = madd(x1, b1, c11);
      const x2 = v128.load32_splat(quad, 8);
      c20 = madd(x2, b0, c20);
      c21 = madd(x2, b1, c21);
      const x3 = v128.load32_splat(quad, 12);
      c30 = madd(x3, b0, c30);
      c31 = madd(x3, b1, c31);
      quad += lda;
      panel += ldb;
      if (n > 2) {
        const b0 = v128.load(panel, 0);
        const b1 = v128.load(panel, 16);
        const x0 = v128.load32_splat(quad, 0);
        c00 = madd(x0, b0, c00);
        c01 = madd(x0, b1, c01);
        const x1 = v128.load32_splat(quad, 4);
        c10 = madd(x1, b0, c10);
        c11 = madd(x1, b1, c11);
        const x2 = v128.load32_splat(quad, 8);
        c20 = madd(x2, b0, c20);
        c21 = madd(x2, b1, c21);
        const x3 = v128.load32_splat(quad, 12);
        c30 = madd(x3, b0, c30);
        c31 = madd(x3, b1, c31);
        quad += lda;
        panel += ldb;
        if (n > 3) {
          const b0 = v128.load(panel, 0);
          const b1 = v128.load(panel, 16);
          const x0 = v128.load32_splat(quad, 0);
          c00 = madd(x0, b0, c00);
          c01 = madd(x0, b1, c01);
          const x1 = v128.load32_splat(quad, 4);
          c10 = madd(x1, b0, c10);
          c11 = madd(x1, b1, c11);
          const x2 = v128.load32_splat(quad, 8);
          c20 = madd(x2, b0, c20);
          c21 = madd(x2, b1, c21);
          const x3 = v128.load32_splat(quad, 12);
          c30 = madd(x3, b0, c30);
          c31 = madd(x3, b1, c31);
          quad += lda;
          panel += ldb;
          if (n > 4) {
            const b0 = v128.load(panel, 0);
            const b1 = v128.load(panel, 16);
            const x0 = v128.load32_splat(quad, 0);
            c00 = madd(x0, b0, c00);
            c01 = madd(x0, b1, c01);
            const x1 = v128.load32_splat(quad, 4);
            c10 = madd(x1, b0, c10);
            c11 = madd(x1, b1, c11);
            const x2 = v128.load32_splat(quad, 8);
            c20 = madd(x2, b0, c20);
            c21 = madd(x2, b1, c21);
            const x3 = v128.load32_splat(quad, 12);
            c30 = madd(x3, b0, c30);
            c31 = madd(x3, b1, c31);
            quad += lda;
            panel += ldb;
            if (n > 5) {
              const b0 = v128.load(panel, 0);
              const b1 = v128.load(panel, 16);
              const x0 = v128.load32_splat(quad, 0);
              c00 = madd(x0, b0, c00);
              c01 = madd(x0, b1, c01);
              const x1 = v128.load32_splat(quad, 4);
              c10 = madd(x1, b0, c10);
              c11 = madd(x1, b1, c11);
              const x2 = v128.load32_splat(quad, 8);
              c20 = madd(x2, b0, c20);
              c21 = madd(x2, b1, c21);
              const x3 = v128.load32_splat(quad, 12);
              c30 = madd(x3, b0, c30);
              c31 = madd(x3, b1, c31);
              quad += lda;
              panel += ldb;
              if (n > 6) {
                const b0 = v128.load(panel, 0);
                const b1 = v128.load(panel, 16);
                const x0 = v128.load32_splat(quad, 0);
                c00 = madd(x0, b0, c00);
                c01 = madd(x0, b1, c01);
                const x1 = v128.load32_splat(quad, 4);
                c10 = madd(x1, b0, c10);
                c11 = madd(x1, b1, c11);
                const x2 = v128.load32_splat(quad, 8);
                c20 = madd(x2, b0, c20);
                c21 = madd(x2, b1, c21);
                const x3 = v128.load32_splat(quad, 12);
                c30 = madd(x3, b0, c30);
                c31 = madd(x3, b1, c31);
                quad += lda;
                panel += ldb;
                if (n > 7) {
                  const b0 = v128.load(panel, 0);
                  const b1 = v128.load(panel, 16);
                  const x0 = v128.load32_splat(quad, 0);
                  c00 = madd(x0, b0, c00);
                  c01 = madd(x0, b1, c01);
                  const x1 = v128.load32_splat(quad, 4);
                  c10 = madd(x1, b0, c10);
                  c11 = madd(x1, b1, c11);
                  const x2 = v128.load32_splat(quad, 8);
                  c20 = madd(x2, b0, c20);
                  c21 = madd(x2, b1, c21);
                  const x3 = v128.load32_splat(quad, 12);
                  c30 = madd(x3, b0, c30);
                  c31 = madd(x3, b1, c31);
                }
              }
            }
          }
        }
      }
    }
    quad += lda;
    panel += ldb;
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
