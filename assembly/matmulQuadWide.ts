// The 4 x 16 tile of matmulTileWide.ts with both operands packed by k, as [k][4] and [k][16]; see
// matmulQuad.ts.
import { ACCUMULATE } from './matmulTile';
import { ZEROS } from './math';
import { madd } from './simd';

/** C[4][16] = start + quad[k][4]^T * panel[k][16]; ldc in bytes. */
export function tileQuadWide(
  k: i32,
  quad: usize,
  stepA: usize,
  panel: usize,
  stepB: usize,
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
  for (let n = k; n > 0; n -= 8) {
    const b0 = v128.load(panel);
    const b1 = v128.load(panel, 16);
    const b2 = v128.load(panel, 32);
    const b3 = v128.load(panel, 48);
    const x0 = v128.load32_splat(quad, 0);
    c00 = madd(x0, b0, c00);
    c01 = madd(x0, b1, c01);
    c02 = madd(x0, b2, c02);
    c03 = madd(x0, b3, c03);
    const x1 = v128.load32_splat(quad, 4);
    c10 = madd(x1, b0, c10);
    c11 = madd(x1, b1, c11);
    c12 = madd(x1, b2, c12);
    c13 = madd(x1, b3, c13);
    const x2 = v128.load32_splat(quad, 8);
    c20 = madd(x2, b0, c20);
    c21 = madd(x2, b1, c21);
    c22 = madd(x2, b2, c22);
    c23 = madd(x2, b3, c23);
    const x3 = v128.load32_splat(quad, 12);
    c30 = madd(x3, b0, c30);
    c31 = madd(x3, b1, c31);
    c32 = madd(x3, b2, c32);
    c33 = madd(x3, b3, c33);
    quad += stepA;
    panel += stepB;
    if (n > 1) {
      const b0 = v128.load(panel);
      const b1 = v128.load(panel, 16);
      const b2 = v128.load(panel, 32);
      const b3 = v128.load(panel, 48);
      const x0 = v128.load32_splat(quad, 0);
      c00 = madd(x0, b0, c00);
      c01 = madd(x0, b1, c01);
      c02 = madd(x0, b2, c02);
      c03 = madd(x0, b3, c03);
      const x1 = v128.load32_splat(quad, 4);
      c10 = madd(x1, b0, c10);
      c11 = madd(x1, b1, c11);
      c12 = madd(x1, b2, c12);
      c13 = madd(x1, b3, c13);
      const x2 = v128.load32_splat(quad, 8);
      c20 = madd(x2, b0, c20);
      c21 = madd(x2, b1, c21);
      c22 = madd(x2, b2, c22);
      c23 = madd(x2, b3, c23);
      const x3 = v128.load32_splat(quad, 12);
      c30 = madd(x3, b0, c30);
      c31 = madd(x3, b1, c31);
      c32 = madd(x3, b2, c32);
      c33 = madd(x3, b3, c33);
      quad += stepA;
      panel += stepB;
      if (n > 2) {
        const b0 = v128.load(panel);
        const b1 = v128.load(panel, 16);
        const b2 = v128.load(panel, 32);
        const b3 = v128.load(panel, 48);
        const x0 = v128.load32_splat(quad, 0);
        c00 = madd(x0, b0, c00);
        c01 = madd(x0, b1, c01);
        c02 = madd(x0, b2, c02);
        c03 = madd(x0, b3, c03);
        const x1 = v128.load32_splat(quad, 4);
        c10 = madd(x1, b0, c10);
        c11 = madd(x1, b1, c11);
        c12 = madd(x1, b2, c12);
        c13 = madd(x1, b3, c13);
        const x2 = v128.load32_splat(quad, 8);
        c20 = madd(x2, b0, c20);
        c21 = madd(x2, b1, c21);
        c22 = madd(x2, b2, c22);
        c23 = madd(x2, b3, c23);
        const x3 = v128.load32_splat(quad, 12);
        c30 = madd(x3, b0, c30);
        c31 = madd(x3, b1, c31);
        c32 = madd(x3, b2, c32);
        c33 = madd(x3, b3, c33);
        quad += stepA;
        panel += stepB;
        if (n > 3) {
          const b0 = v128.load(panel);
          const b1 = v128.load(panel, 16);
          const b2 = v128.load(panel, 32);
          const b3 = v128.load(panel, 48);
          const x0 = v128.load32_splat(quad, 0);
          c00 = madd(x0, b0, c00);
          c01 = madd(x0, b1, c01);
          c02 = madd(x0, b2, c02);
          c03 = madd(x0, b3, c03);
          const x1 = v128.load32_splat(quad, 4);
          c10 = madd(x1, b0, c10);
          c11 = madd(x1, b1, c11);
          c12 = madd(x1, b2, c12);
          c13 = madd(x1, b3, c13);
          const x2 = v128.load32_splat(quad, 8);
          c20 = madd(x2, b0, c20);
          c21 = madd(x2, b1, c21);
          c22 = madd(x2, b2, c22);
          c23 = madd(x2, b3, c23);
          const x3 = v128.load32_splat(quad, 12);
          c30 = madd(x3, b0, c30);
          c31 = madd(x3, b1, c31);
          c32 = madd(x3, b2, c32);
          c33 = madd(x3, b3, c33);
          quad += stepA;
          panel += stepB;
          if (n > 4) {
            const b0 = v128.load(panel);
            const b1 = v128.load(panel, 16);
            const b2 = v128.load(panel, 32);
            const b3 = v128.load(panel, 48);
            const x0 = v128.load32_splat(quad, 0);
            c00 = madd(x0, b0, c00);
            c01 = madd(x0, b1, c01);
            c02 = madd(x0, b2, c02);
            c03 = madd(x0, b3, c03);
            const x1 = v128.load32_splat(quad, 4);
            c10 = madd(x1, b0, c10);
            c11 = madd(x1, b1, c11);
            c12 = madd(x1, b2, c12);
            c13 = madd(x1, b3, c13);
            const x2 = v128.load32_splat(quad, 8);
            c20 = madd(x2, b0, c20);
            c21 = madd(x2, b1, c21);
            c22 = madd(x2, b2, c22);
            c23 = madd(x2, b3, c23);
            const x3 = v128.load32_splat(quad, 12);
            c30 = madd(x3, b0, c30);
            c31 = madd(x3, b1, c31);
            c32 = madd(x3, b2, c32);
            c33 = madd(x3, b3, c33);
            quad += stepA;
            panel += stepB;
            if (n > 5) {
              const b0 = v128.load(panel);
              const b1 = v128.load(panel, 16);
              const b2 = v128.load(panel, 32);
              const b3 = v128.load(panel, 48);
              const x0 = v128.load32_splat(quad, 0);
              c00 = madd(x0, b0, c00);
              c01 = madd(x0, b1, c01);
              c02 = madd(x0, b2, c02);
              c03 = madd(x0, b3, c03);
              const x1 = v128.load32_splat(quad, 4);
              c10 = madd(x1, b0, c10);
              c11 = madd(x1, b1, c11);
              c12 = madd(x1, b2, c12);
              c13 = madd(x1, b3, c13);
              const x2 = v128.load32_splat(quad, 8);
              c20 = madd(x2, b0, c20);
              c21 = madd(x2, b1, c21);
              c22 = madd(x2, b2, c22);
              c23 = madd(x2, b3, c23);
              const x3 = v128.load32_splat(quad, 12);
              c30 = madd(x3, b0, c30);
              c31 = madd(x3, b1, c31);
              c32 = madd(x3, b2, c32);
              c33 = madd(x3, b3, c33);
              quad += stepA;
              panel += stepB;
              if (n > 6) {
                const b0 = v128.load(panel);
                const b1 = v128.load(panel, 16);
                const b2 = v128.load(panel, 32);
                const b3 = v128.load(panel, 48);
                const x0 = v128.load32_splat(quad, 0);
                c00 = madd(x0, b0, c00);
                c01 = madd(x0, b1, c01);
                c02 = madd(x0, b2, c02);
                c03 = madd(x0, b3, c03);
                const x1 = v128.load32_splat(quad, 4);
                c10 = madd(x1, b0, c10);
                c11 = madd(x1, b1, c11);
                c12 = madd(x1, b2, c12);
                c13 = madd(x1, b3, c13);
                const x2 = v128.load32_splat(quad, 8);
                c20 = madd(x2, b0, c20);
                c21 = madd(x2, b1, c21);
                c22 = madd(x2, b2, c22);
                c23 = madd(x2, b3, c23);
                const x3 = v128.load32_splat(quad, 12);
                c30 = madd(x3, b0, c30);
                c31 = madd(x3, b1, c31);
                c32 = madd(x3, b2, c32);
                c33 = madd(x3, b3, c33);
                quad += stepA;
                panel += stepB;
                if (n > 7) {
                  const b0 = v128.load(panel);
                  const b1 = v128.load(panel, 16);
                  const b2 = v128.load(panel, 32);
                  const b3 = v128.load(panel, 48);
                  const x0 = v128.load32_splat(quad, 0);
                  c00 = madd(x0, b0, c00);
                  c01 = madd(x0, b1, c01);
                  c02 = madd(x0, b2, c02);
                  c03 = madd(x0, b3, c03);
                  const x1 = v128.load32_splat(quad, 4);
                  c10 = madd(x1, b0, c10);
                  c11 = madd(x1, b1, c11);
                  c12 = madd(x1, b2, c12);
                  c13 = madd(x1, b3, c13);
                  const x2 = v128.load32_splat(quad, 8);
                  c20 = madd(x2, b0, c20);
                  c21 = madd(x2, b1, c21);
                  c22 = madd(x2, b2, c22);
                  c23 = madd(x2, b3, c23);
                  const x3 = v128.load32_splat(quad, 12);
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
    quad += stepA;
    panel += stepB;
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
