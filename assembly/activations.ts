// Elementwise activations, forward and backward, over n floats.
import { at } from './memory';
import { activate16, GELU, SLOPE, TANH } from './activationBlock';
import { geluSlopeWide, geluWide, reluSlopeWide, reluWide, tanhSlopeWide, tanhWide } from './activationsWide';
import { gelu4, geluSlope4, reluSlope4, tanh4, tanhSlope4 } from './math';
import { load4, loadTail, store4, storeTail, WIDE } from './simd';

const RELU: i32 = 2;

// @ts-ignore: decorator
@inline
function apply(kind: i32, x: v128): v128 {
  if (kind == TANH) return tanh4(x);
  if (kind == RELU) return f32x4.pmax(x, f32x4.splat(0)); // argument order keeps NaN
  return gelu4(x);
}

// @ts-ignore: decorator
@inline
function slope(kind: i32, saved: v128): v128 {
  if (kind == TANH) return tanhSlope4(saved);
  if (kind == RELU) return reluSlope4(saved);
  return geluSlope4(saved);
}

// @ts-ignore: decorator
@inline
function forwardOf(kind: i32, x: usize, y: usize, n: i32): void {
  let i = 0;
  // The build that must be small has one copy of the code for whole and incomplete vectors.
  if (ASC_SHRINK_LEVEL > 0) {
    for (; i < n; i += 4) store4(at(y, i), apply(kind, load4(at(x, i), n - i)), n - i);
    return;
  }
  if (WIDE) i = kind == TANH ? tanhWide(x, y, n) : kind == RELU ? reluWide(x, y, n) : geluWide(x, y, n);
  else if (kind != RELU) for (; i + 16 <= n; i += 16) activate16(kind, at(x, i), at(y, i), n - i);
  for (; i + 4 <= n; i += 4) v128.store(at(y, i), apply(kind, v128.load(at(x, i))));
  if (i < n) storeTail(at(y, i), apply(kind, loadTail(at(x, i), n - i)), n - i);
}

// @ts-ignore: decorator
@inline
function backwardOf(kind: i32, saved: usize, d: usize, n: i32): void {
  let i = 0;
  if (ASC_SHRINK_LEVEL > 0) {
    for (; i < n; i += 4) {
      const left = n - i;
      store4(at(d, i), f32x4.mul(load4(at(d, i), left), slope(kind, load4(at(saved, i), left))), left);
    }
    return;
  }
  if (WIDE) {
    i = kind == TANH ? tanhSlopeWide(saved, d, n) : kind == RELU ? reluSlopeWide(saved, d, n) : geluSlopeWide(saved, d, n);
  } else if (kind == GELU)
    for (; i + 16 <= n; i += 16) activate16(SLOPE, at(saved, i), at(d, i), n - i);
  for (; i + 4 <= n; i += 4) v128.store(at(d, i), f32x4.mul(v128.load(at(d, i)), slope(kind, v128.load(at(saved, i)))));
  if (i < n)
    storeTail(at(d, i), f32x4.mul(loadTail(at(d, i), n - i), slope(kind, loadTail(at(saved, i), n - i))), n - i);
}

/** y[n] = f(x[n]); kind 1 tanh, 2 relu, 3 gelu. y may be x. */
export function activationForward(kind: i32, x: usize, y: usize, n: i32): void {
  if (kind == TANH) forwardOf(TANH, x, y, n);
  else if (kind == RELU) forwardOf(RELU, x, y, n);
  else forwardOf(GELU, x, y, n);
}

/** d[n] *= f'; saved[n] is the output of tanh and relu, the input of gelu. */
export function activationBackward(kind: i32, saved: usize, d: usize, n: i32): void {
  if (kind == TANH) backwardOf(TANH, saved, d, n);
  else if (kind == RELU) backwardOf(RELU, saved, d, n);
  else backwardOf(GELU, saved, d, n);
}
