// A 1 x 8 variant of the 4 x 8 tile, for the last rows of a matrix and for batches of one: the same sums in the same
// order.
import { ZEROS } from './math';
import { ACCUMULATE, BIAS } from './matmulTile';
import { madd } from './simd';

/**
 * C[1][8] = start + A[1][k] * panel[k][8]; see tile4.
 */
export function tile1(k: i32, a: usize, panel: usize, stepB: usize, out: usize, mode: i32, bias: usize): void {
  const start = mode == ACCUMULATE ? out : mode == BIAS ? bias : ZEROS;
  let c00 = v128.load(start);
  let c01 = v128.load(start, 16);
  let a0 = a;
  for (let n = k; n > 0; n -= 8) {
    const b0 = v128.load(panel);
    const b1 = v128.load(panel, 16);
    const x0 = v128.load32_splat(a0, 0);
    c00 = madd(x0, b0, c00);
    c01 = madd(x0, b1, c01);
    panel += stepB;
    if (n > 1) {
      const b0 = v128.load(panel);
      const b1 = v128.load(panel, 16);
      const x0 = v128.load32_splat(a0, 4);
      c00 = madd(x0, b0, c00);
      c01 = madd(x0, b1, c01);
      panel += stepB;
      if (n > 2) {
        const b0 = v128.load(panel);
        const b1 = v128.load(panel, 16);
        const x0 = v128.load32_splat(a0, 8);
        c00 = madd(x0, b0, c00);
        c01 = madd(x0, b1, c01);
        panel += stepB;
        if (n > 3) {
          const b0 = v128.load(panel);
          const b1 = v128.load(panel, 16);
          const x0 = v128.load32_splat(a0, 12);
          c00 = madd(x0, b0, c00);
          c01 = madd(x0, b1, c01);
          panel += stepB;
          if (n > 4) {
            const b0 = v128.load(panel);
            const b1 = v128.load(panel, 16);
            const x0 = v128.load32_splat(a0, 16);
            c00 = madd(x0, b0, c00);
            c01 = madd(x0, b1, c01);
            panel += stepB;
            if (n > 5) {
              const b0 = v128.load(panel);
              const b1 = v128.load(panel, 16);
              const x0 = v128.load32_splat(a0, 20);
              c00 = madd(x0, b0, c00);
              c01 = madd(x0, b1, c01);
              panel += stepB;
              if (n > 6) {
                const b0 = v128.load(panel);
                const b1 = v128.load(panel, 16);
                const x0 = v128.load32_splat(a0, 24);
                c00 = madd(x0, b0, c00);
                c01 = madd(x0, b1, c01);
                panel += stepB;
                if (n > 7) {
                  const b0 = v128.load(panel);
                  const b1 = v128.load(panel, 16);
                  const x0 = v128.load32_splat(a0, 28);
                  c00 = madd(x0, b0, c00);
                  c01 = madd(x0, b1, c01);
                }
              }
            }
          }
        }
      }
    }
    a0 += 32;
    panel += stepB;
  }
  v128.store(out, c00);
  v128.store(out, c01, 16);
}
