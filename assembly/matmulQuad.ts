// The 4 x 8 tile of matmulTile.ts with both operands packed by k, [k][4] and [k][8]: for products with a transposed left operand, whose rows
// are then copied as they lie, without a transpose.
import { ACCUMULATE } from './matmulTile';
import { madd } from './simd';

/** C[4][8] = start + quad[k][4]^T * panel[k][8]; ldc in bytes. */
export function tileQuad(k: i32, quad: usize, panel: usize, out: usize, ldc: usize, mode: i32): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  if (mode == ACCUMULATE) {
    let p = out;
    c00 = v128.load(p);
    c01 = v128.load(p, 16);
    p += ldc;
    c10 = v128.load(p);
    c11 = v128.load(p, 16);
    p += ldc;
    c20 = v128.load(p);
    c21 = v128.load(p, 16);
    p += ldc;
    c30 = v128.load(p);
    c31 = v128.load(p, 16);
  }
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
    if (n > 1) {
      const b0 = v128.load(panel, 32);
      const b1 = v128.load(panel, 48);
      const x0 = v128.load32_splat(quad, 16);
      c00 = madd(x0, b0, c00);
      c01 = madd(x0, b1, c01);
      const x1 = v128.load32_splat(quad, 20);
      c10 = madd(x1, b0, c10);
      c11 = madd(x1, b1, c11);
      const x2 = v128.load32_splat(quad, 24);
      c20 = madd(x2, b0, c20);
      c21 = madd(x2, b1, c21);
      const x3 = v128.load32_splat(quad, 28);
      c30 = madd(x3, b0, c30);
      c31 = madd(x3, b1, c31);
      if (n > 2) {
        const b0 = v128.load(panel, 64);
        const b1 = v128.load(panel, 80);
        const x0 = v128.load32_splat(quad, 32);
        c00 = madd(x0, b0, c00);
        c01 = madd(x0, b1, c01);
        const x1 = v128.load32_splat(quad, 36);
        c10 = madd(x1, b0, c10);
        c11 = madd(x1, b1, c11);
        const x2 = v128.load32_splat(quad, 40);
        c20 = madd(x2, b0, c20);
        c21 = madd(x2, b1, c21);
        const x3 = v128.load32_splat(quad, 44);
        c30 = madd(x3, b0, c30);
        c31 = madd(x3, b1, c31);
        if (n > 3) {
          const b0 = v128.load(panel, 96);
          const b1 = v128.load(panel, 112);
          const x0 = v128.load32_splat(quad, 48);
          c00 = madd(x0, b0, c00);
          c01 = madd(x0, b1, c01);
          const x1 = v128.load32_splat(quad, 52);
          c10 = madd(x1, b0, c10);
          c11 = madd(x1, b1, c11);
          const x2 = v128.load32_splat(quad, 56);
          c20 = madd(x2, b0, c20);
          c21 = madd(x2, b1, c21);
          const x3 = v128.load32_splat(quad, 60);
          c30 = madd(x3, b0, c30);
          c31 = madd(x3, b1, c31);
          if (n > 4) {
            const b0 = v128.load(panel, 128);
            const b1 = v128.load(panel, 144);
            const x0 = v128.load32_splat(quad, 64);
            c00 = madd(x0, b0, c00);
            c01 = madd(x0, b1, c01);
            const x1 = v128.load32_splat(quad, 68);
            c10 = madd(x1, b0, c10);
            c11 = madd(x1, b1, c11);
            const x2 = v128.load32_splat(quad, 72);
            c20 = madd(x2, b0, c20);
            c21 = madd(x2, b1, c21);
            const x3 = v128.load32_splat(quad, 76);
            c30 = madd(x3, b0, c30);
            c31 = madd(x3, b1, c31);
            if (n > 5) {
              const b0 = v128.load(panel, 160);
              const b1 = v128.load(panel, 176);
              const x0 = v128.load32_splat(quad, 80);
              c00 = madd(x0, b0, c00);
              c01 = madd(x0, b1, c01);
              const x1 = v128.load32_splat(quad, 84);
              c10 = madd(x1, b0, c10);
              c11 = madd(x1, b1, c11);
              const x2 = v128.load32_splat(quad, 88);
              c20 = madd(x2, b0, c20);
              c21 = madd(x2, b1, c21);
              const x3 = v128.load32_splat(quad, 92);
              c30 = madd(x3, b0, c30);
              c31 = madd(x3, b1, c31);
              if (n > 6) {
                const b0 = v128.load(panel, 192);
                const b1 = v128.load(panel, 208);
                const x0 = v128.load32_splat(quad, 96);
                c00 = madd(x0, b0, c00);
                c01 = madd(x0, b1, c01);
                const x1 = v128.load32_splat(quad, 100);
                c10 = madd(x1, b0, c10);
                c11 = madd(x1, b1, c11);
                const x2 = v128.load32_splat(quad, 104);
                c20 = madd(x2, b0, c20);
                c21 = madd(x2, b1, c21);
                const x3 = v128.load32_splat(quad, 108);
                c30 = madd(x3, b0, c30);
                c31 = madd(x3, b1, c31);
                if (n > 7) {
                  const b0 = v128.load(panel, 224);
                  const b1 = v128.load(panel, 240);
                  const x0 = v128.load32_splat(quad, 112);
                  c00 = madd(x0, b0, c00);
                  c01 = madd(x0, b1, c01);
                  const x1 = v128.load32_splat(quad, 116);
                  c10 = madd(x1, b0, c10);
                  c11 = madd(x1, b1, c11);
                  const x2 = v128.load32_splat(quad, 120);
                  c20 = madd(x2, b0, c20);
                  c21 = madd(x2, b1, c21);
                  const x3 = v128.load32_splat(quad, 124);
                  c30 = madd(x3, b0, c30);
                  c31 = madd(x3, b1, c31);
                }
              }
            }
          }
        }
      }
    }
    quad += 128;
    panel += 256;
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
