// Measures the peak speed of the machine for the benchmarks and for `unbraid profile`. It is a separate module and not
// part of the engine.
//
// It measures single-precision arithmetic with eight independent sums `c += a * b` and two vector loads per sixteen
// vector operations, so that no operation waits for the result of another sum. As in the matrix tile, each unrolled
// step is in its own basic block; see assembly/matmulTile.ts.

/**
 * Runs `steps` steps of 64 floating-point operations each over the 128 bytes at p. Returns a result so that the
 * optimiser does not remove the work.
 */
export function peak(steps: i32, p: usize): f32 {
  const b0 = v128.load(p, 0);
  const b1 = v128.load(p, 16);
  const b2 = v128.load(p, 32);
  const b3 = v128.load(p, 48);
  let c0 = f32x4.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  let c4 = c0;
  let c5 = c0;
  let c6 = c0;
  let c7 = c0;
  for (let n = steps; n > 0; n -= 4) {
    const a0 = v128.load(p, 0);
    c0 = f32x4.add(c0, f32x4.mul(a0, b0));
    c1 = f32x4.add(c1, f32x4.mul(a0, b1));
    c2 = f32x4.add(c2, f32x4.mul(a0, b2));
    c3 = f32x4.add(c3, f32x4.mul(a0, b3));
    const a1 = v128.load(p, 16);
    c4 = f32x4.add(c4, f32x4.mul(a1, b0));
    c5 = f32x4.add(c5, f32x4.mul(a1, b1));
    c6 = f32x4.add(c6, f32x4.mul(a1, b2));
    c7 = f32x4.add(c7, f32x4.mul(a1, b3));
    if (n > 1) {
      const a0 = v128.load(p, 32);
      c0 = f32x4.add(c0, f32x4.mul(a0, b0));
      c1 = f32x4.add(c1, f32x4.mul(a0, b1));
      c2 = f32x4.add(c2, f32x4.mul(a0, b2));
      c3 = f32x4.add(c3, f32x4.mul(a0, b3));
      const a1 = v128.load(p, 48);
      c4 = f32x4.add(c4, f32x4.mul(a1, b0));
      c5 = f32x4.add(c5, f32x4.mul(a1, b1));
      c6 = f32x4.add(c6, f32x4.mul(a1, b2));
      c7 = f32x4.add(c7, f32x4.mul(a1, b3));
      if (n > 2) {
        const a0 = v128.load(p, 64);
        c0 = f32x4.add(c0, f32x4.mul(a0, b0));
        c1 = f32x4.add(c1, f32x4.mul(a0, b1));
        c2 = f32x4.add(c2, f32x4.mul(a0, b2));
        c3 = f32x4.add(c3, f32x4.mul(a0, b3));
        const a1 = v128.load(p, 80);
        c4 = f32x4.add(c4, f32x4.mul(a1, b0));
        c5 = f32x4.add(c5, f32x4.mul(a1, b1));
        c6 = f32x4.add(c6, f32x4.mul(a1, b2));
        c7 = f32x4.add(c7, f32x4.mul(a1, b3));
        if (n > 3) {
          const a0 = v128.load(p, 96);
          c0 = f32x4.add(c0, f32x4.mul(a0, b0));
          c1 = f32x4.add(c1, f32x4.mul(a0, b1));
          c2 = f32x4.add(c2, f32x4.mul(a0, b2));
          c3 = f32x4.add(c3, f32x4.mul(a0, b3));
          const a1 = v128.load(p, 112);
          c4 = f32x4.add(c4, f32x4.mul(a1, b0));
          c5 = f32x4.add(c5, f32x4.mul(a1, b1));
          c6 = f32x4.add(c6, f32x4.mul(a1, b2));
          c7 = f32x4.add(c7, f32x4.mul(a1, b3));
        }
      }
    }
  }
  const even = f32x4.add(f32x4.add(c0, c2), f32x4.add(c4, c6));
  const odd = f32x4.add(f32x4.add(c1, c3), f32x4.add(c5, c7));
  return f32x4.extract_lane(f32x4.add(even, odd), 0);
}
