// The end of activate16 in the wide builds: an engine can merge neighbouring vectors only if all loads precede the
// first store. The operations are those of `leave` in activationBlock.ts.
import { GELU, TANH } from './activationBlock';
import { geluOuter4, slopeOuter4 } from './math';

// @ts-ignore: decorator
@inline
function result(kind: i32, p: v128, q: v128, x: usize, out: usize): v128 {
  const t = f32x4.div(p, q);
  if (kind == TANH) return t;
  if (kind == GELU) return geluOuter4(v128.load(x), t);
  return f32x4.mul(v128.load(out), slopeOuter4(v128.load(x), t));
}

/** Stores the results of four vectors with tanh = p / q. */
// @ts-ignore: decorator
@inline
export function leaveFour(
  kind: i32,
  p0: v128,
  q0: v128,
  p1: v128,
  q1: v128,
  p2: v128,
  q2: v128,
  p3: v128,
  q3: v128,
  x: usize,
  out: usize,
): void {
  const r0 = result(kind, p0, q0, x, out);
  const r1 = result(kind, p1, q1, x + 16, out + 16);
  const r2 = result(kind, p2, q2, x + 32, out + 32);
  const r3 = result(kind, p3, q3, x + 48, out + 48);
  v128.store(out, r0);
  v128.store(out, r1, 16);
  v128.store(out, r2, 32);
  v128.store(out, r3, 48);
}
