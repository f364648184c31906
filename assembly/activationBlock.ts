// tanh, gelu and the derivative of gelu for blocks of sixteen floats. Each block has four independent vectors, because
// the operations of one vector depend on each other and independent vectors hide their latency.
//
// Each step of the four vectors is in its own basic block, under a condition on n that is always true. Otherwise the
// optimiser would reorder the code so that all steps of one vector follow each other. The operations and their order
// are those of tanh4, gelu4 and geluSlope4 in math.ts, so the results are bitwise identical.
import { clampTanh4, constant4, geluInner4, geluOuter4, mulAdd, slopeInner4, slopeOuter4 } from './math';

export const TANH: i32 = 1;
export const GELU: i32 = 3;
/** out *= gelu'(x); the other kinds compute out = f(x). */
export const SLOPE: i32 = 4;

// @ts-ignore: decorator
@inline
function enter(kind: i32, x: v128): v128 {
  if (kind == TANH) return clampTanh4(x);
  if (kind == GELU) return clampTanh4(geluInner4(x));
  return clampTanh4(slopeInner4(x));
}

// @ts-ignore: decorator
@inline
function leave(kind: i32, p: v128, q: v128, x: usize, out: usize): void {
  const t = f32x4.div(p, q);
  if (kind == TANH) v128.store(out, t);
  else if (kind == GELU) v128.store(out, geluOuter4(v128.load(x), t));
  else v128.store(out, f32x4.mul(v128.load(out), slopeOuter4(v128.load(x), t)));
}

/** Processes the first 16 floats at x and out; requires n >= 16. */
// @ts-ignore: decorator
@inline
export function activate16(kind: i32, x: usize, out: usize, n: i32): void {
  const x0 = enter(kind, v128.load(x));
  const x1 = enter(kind, v128.load(x, 16));
  const x2 = enter(kind, v128.load(x, 32));
  const x3 = enter(kind, v128.load(x, 48));
  if (n > 0) {
    const z0 = f32x4.mul(x0, x0);
    const z1 = f32x4.mul(x1, x1);
    const z2 = f32x4.mul(x2, x2);
    const z3 = f32x4.mul(x3, x3);
    let p0 = mulAdd(constant4(12), z0, constant4(13));
    let p1 = mulAdd(constant4(12), z1, constant4(13));
    let p2 = mulAdd(constant4(12), z2, constant4(13));
    let p3 = mulAdd(constant4(12), z3, constant4(13));
    if (n > 1) {
      p0 = mulAdd(p0, z0, constant4(14));
      p1 = mulAdd(p1, z1, constant4(14));
      p2 = mulAdd(p2, z2, constant4(14));
      p3 = mulAdd(p3, z3, constant4(14));
      if (n > 2) {
        p0 = mulAdd(p0, z0, constant4(15));
        p1 = mulAdd(p1, z1, constant4(15));
        p2 = mulAdd(p2, z2, constant4(15));
        p3 = mulAdd(p3, z3, constant4(15));
        if (n > 3) {
          p0 = mulAdd(p0, z0, constant4(16));
          p1 = mulAdd(p1, z1, constant4(16));
          p2 = mulAdd(p2, z2, constant4(16));
          p3 = mulAdd(p3, z3, constant4(16));
          if (n > 4) {
            p0 = mulAdd(p0, z0, constant4(17));
            p1 = mulAdd(p1, z1, constant4(17));
            p2 = mulAdd(p2, z2, constant4(17));
            p3 = mulAdd(p3, z3, constant4(17));
            if (n > 5) {
              p0 = f32x4.mul(mulAdd(p0, z0, constant4(18)), x0);
              p1 = f32x4.mul(mulAdd(p1, z1, constant4(18)), x1);
              p2 = f32x4.mul(mulAdd(p2, z2, constant4(18)), x2);
              p3 = f32x4.mul(mulAdd(p3, z3, constant4(18)), x3);
              if (n > 6) {
                let q0 = mulAdd(constant4(19), z0, constant4(20));
                let q1 = mulAdd(constant4(19), z1, constant4(20));
                let q2 = mulAdd(constant4(19), z2, constant4(20));
                let q3 = mulAdd(constant4(19), z3, constant4(20));
                if (n > 7) {
                  q0 = mulAdd(q0, z0, constant4(21));
                  q1 = mulAdd(q1, z1, constant4(21));
                  q2 = mulAdd(q2, z2, constant4(21));
                  q3 = mulAdd(q3, z3, constant4(21));
                  if (n > 8) {
                    q0 = mulAdd(q0, z0, constant4(22));
                    q1 = mulAdd(q1, z1, constant4(22));
                    q2 = mulAdd(q2, z2, constant4(22));
                    q3 = mulAdd(q3, z3, constant4(22));
                    if (n > 9) {
                      leave(kind, p0, q0, x, out);
                      leave(kind, p1, q1, x + 16, out + 16);
                      leave(kind, p2, q2, x + 32, out + 32);
                      leave(kind, p3, q3, x + 48, out + 48);
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}
