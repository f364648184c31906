// The activations in the wide builds: sixteen floats in one basic block, all loads before the first store, so that an
// engine merges neighbouring vectors. Each activation has a loop of its own: with a common loop, Binaryen keeps the
// branches on the kind inside it, and these end the basic block. Without the merging, the loops are slower than those
// of activationBlock.ts. Each function returns the number of floats that it processed.
import { gelu4, geluSlope4, reluSlope4, tanh4, tanhSlope4 } from './math';
import { at } from './memory';

// @ts-ignore: decorator
@inline
function storeFour(out: usize, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(out, a);
  v128.store(out, b, 16);
  v128.store(out, c, 32);
  v128.store(out, d, 48);
}

/** y[n] = tanh(x[n]) */
export function tanhWide(x: usize, y: usize, n: i32): i32 {
  let i = 0;
  for (; i + 16 <= n; i += 16) {
    const from = at(x, i);
    const a = tanh4(v128.load(from));
    const b = tanh4(v128.load(from, 16));
    const c = tanh4(v128.load(from, 32));
    const d = tanh4(v128.load(from, 48));
    storeFour(at(y, i), a, b, c, d);
  }
  return i;
}

/** y[n] = max(x[n], 0) */
export function reluWide(x: usize, y: usize, n: i32): i32 {
  const zero = f32x4.splat(0);
  let i = 0;
  for (; i + 16 <= n; i += 16) {
    const from = at(x, i);
    const a = f32x4.pmax(v128.load(from), zero); // argument order keeps NaN
    const b = f32x4.pmax(v128.load(from, 16), zero);
    const c = f32x4.pmax(v128.load(from, 32), zero);
    const d = f32x4.pmax(v128.load(from, 48), zero);
    storeFour(at(y, i), a, b, c, d);
  }
  return i;
}

/** y[n] = gelu(x[n]) */
export function geluWide(x: usize, y: usize, n: i32): i32 {
  let i = 0;
  for (; i + 16 <= n; i += 16) {
    const from = at(x, i);
    const a = gelu4(v128.load(from));
    const b = gelu4(v128.load(from, 16));
    const c = gelu4(v128.load(from, 32));
    const d = gelu4(v128.load(from, 48));
    storeFour(at(y, i), a, b, c, d);
  }
  return i;
}

/** d[n] *= the derivative of tanh at its output y[n] */
export function tanhSlopeWide(y: usize, d: usize, n: i32): i32 {
  let i = 0;
  for (; i + 16 <= n; i += 16) {
    const from = at(y, i);
    const to = at(d, i);
    const a = f32x4.mul(v128.load(to), tanhSlope4(v128.load(from)));
    const b = f32x4.mul(v128.load(to, 16), tanhSlope4(v128.load(from, 16)));
    const c = f32x4.mul(v128.load(to, 32), tanhSlope4(v128.load(from, 32)));
    const e = f32x4.mul(v128.load(to, 48), tanhSlope4(v128.load(from, 48)));
    storeFour(to, a, b, c, e);
  }
  return i;
}

/** d[n] *= the derivative of relu at its output y[n] */
export function reluSlopeWide(y: usize, d: usize, n: i32): i32 {
  let i = 0;
  for (; i + 16 <= n; i += 16) {
    const from = at(y, i);
    const to = at(d, i);
    const a = f32x4.mul(v128.load(to), reluSlope4(v128.load(from)));
    const b = f32x4.mul(v128.load(to, 16), reluSlope4(v128.load(from, 16)));
    const c = f32x4.mul(v128.load(to, 32), reluSlope4(v128.load(from, 32)));
    const e = f32x4.mul(v128.load(to, 48), reluSlope4(v128.load(from, 48)));
    storeFour(to, a, b, c, e);
  }
  return i;
}

/** d[n] *= the derivative of gelu at x[n] */
export function geluSlopeWide(x: usize, d: usize, n: i32): i32 {
  let i = 0;
  for (; i + 16 <= n; i += 16) {
    const from = at(x, i);
    const to = at(d, i);
    const a = f32x4.mul(v128.load(to), geluSlope4(v128.load(from)));
    const b = f32x4.mul(v128.load(to, 16), geluSlope4(v128.load(from, 16)));
    const c = f32x4.mul(v128.load(to, 32), geluSlope4(v128.load(from, 32)));
    const e = f32x4.mul(v128.load(to, 48), geluSlope4(v128.load(from, 48)));
    storeFour(to, a, b, c, e);
  }
  return i;
}
