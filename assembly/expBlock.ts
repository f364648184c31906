// exp of many floats, sixteen at a time: four independent vectors, kept separate as described in activationBlock.ts.
// Bitwise identical to exp4 of math.ts.
import { expWide } from './expWide';
import { constant4, exp4, mulAdd, powerOfTwo4 } from './math';
import { at } from './memory';
import { load4, loadTail, store4, storeTail, WIDE } from './simd';

// @ts-ignore: decorator
@inline
function clamp4(x: v128): v128 {
  return f32x4.pmax(f32x4.pmin(x, constant4(0)), constant4(1));
}

// @ts-ignore: decorator
@inline
function wholeOf(x: v128): v128 {
  return f32x4.nearest(f32x4.mul(x, constant4(2)));
}

/** The remainder x - n ln 2, with ln 2 in two parts. */
// @ts-ignore: decorator
@inline
function restOf(x: v128, n: v128): v128 {
  return f32x4.sub(f32x4.sub(x, f32x4.mul(n, constant4(3))), f32x4.mul(n, constant4(4)));
}

// @ts-ignore: decorator
@inline
function close4(p: v128, r: v128, n: v128): v128 {
  return f32x4.mul(f32x4.add(mulAdd(p, f32x4.mul(r, r), r), constant4(38)), powerOfTwo4(n));
}

// @ts-ignore: decorator
@inline
function exp16(x: usize, n: i32): void {
  const x0 = clamp4(v128.load(x));
  const x1 = clamp4(v128.load(x, 16));
  const x2 = clamp4(v128.load(x, 32));
  const x3 = clamp4(v128.load(x, 48));
  if (n > 0) {
    const n0 = wholeOf(x0);
    const n1 = wholeOf(x1);
    const n2 = wholeOf(x2);
    const n3 = wholeOf(x3);
    const r0 = restOf(x0, n0);
    const r1 = restOf(x1, n1);
    const r2 = restOf(x2, n2);
    const r3 = restOf(x3, n3);
    if (n > 1) {
      let p0 = mulAdd(constant4(5), r0, constant4(6));
      let p1 = mulAdd(constant4(5), r1, constant4(6));
      let p2 = mulAdd(constant4(5), r2, constant4(6));
      let p3 = mulAdd(constant4(5), r3, constant4(6));
      if (n > 2) {
        p0 = mulAdd(p0, r0, constant4(7));
        p1 = mulAdd(p1, r1, constant4(7));
        p2 = mulAdd(p2, r2, constant4(7));
        p3 = mulAdd(p3, r3, constant4(7));
        if (n > 3) {
          p0 = mulAdd(p0, r0, constant4(8));
          p1 = mulAdd(p1, r1, constant4(8));
          p2 = mulAdd(p2, r2, constant4(8));
          p3 = mulAdd(p3, r3, constant4(8));
          if (n > 4) {
            p0 = mulAdd(p0, r0, constant4(9));
            p1 = mulAdd(p1, r1, constant4(9));
            p2 = mulAdd(p2, r2, constant4(9));
            p3 = mulAdd(p3, r3, constant4(9));
            if (n > 5) {
              p0 = mulAdd(p0, r0, constant4(10));
              p1 = mulAdd(p1, r1, constant4(10));
              p2 = mulAdd(p2, r2, constant4(10));
              p3 = mulAdd(p3, r3, constant4(10));
              if (n > 6) {
                v128.store(x, close4(p0, r0, n0));
                v128.store(x, close4(p1, r1, n1), 16);
                v128.store(x, close4(p2, r2, n2), 32);
                v128.store(x, close4(p3, r3, n3), 48);
              }
            }
          }
        }
      }
    }
  }
}

/** x[n] = e^x */
export function expInPlace(x: usize, n: i32): void {
  let i = 0;
  // The build that must be small has one copy of the code for whole and incomplete vectors.
  if (ASC_SHRINK_LEVEL > 0) {
    for (; i < n; i += 4) store4(at(x, i), exp4(load4(at(x, i), n - i)), n - i);
    return;
  }
  if (WIDE) i = expWide(x, n);
  else for (; i + 16 <= n; i += 16) exp16(at(x, i), n - i);
  for (; i + 4 <= n; i += 4) v128.store(at(x, i), exp4(v128.load(at(x, i))));
  if (i < n) storeTail(at(x, i), exp4(loadTail(at(x, i), n - i)), n - i);
}
