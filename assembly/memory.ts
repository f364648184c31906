// Addresses of elements of raw f32 and i32 arrays: element i of the array at p. One function computes them, because `p
// + i << 2` has the wrong precedence.
import { addScaledTwo, addTwo, scaleTwo } from './two';
import { WIDE } from './simd';

// @ts-ignore: decorator
@inline
export function at(p: usize, i: i32): usize {
  return p + ((<usize>i) << 2);
}

// @ts-ignore: decorator
@inline
export function getF(p: usize, i: i32): f32 {
  return load<f32>(at(p, i));
}

// @ts-ignore: decorator
@inline
export function setF(p: usize, i: i32, x: f32): void {
  store<f32>(at(p, i), x);
}

// @ts-ignore: decorator
@inline
export function getI(p: usize, i: i32): i32 {
  return load<i32>(at(p, i));
}

// @ts-ignore: decorator
@inline
export function setI(p: usize, i: i32, x: i32): void {
  store<i32>(at(p, i), x);
}

/** The first byte that no constant table uses. TypeScript allocates all memory from here on. */
export function heapBase(): usize {
  return __heap_base;
}

/** dst[n] = value */
export function fill(dst: usize, n: i32, value: f32): void {
  const v = f32x4.splat(value);
  let i = 0;
  if (WIDE) {
    for (; i + 16 <= n; i += 16) {
      v128.store(at(dst, i), v);
      v128.store(at(dst, i), v, 16);
      v128.store(at(dst, i), v, 32);
      v128.store(at(dst, i), v, 48);
    }
  }
  for (; i + 4 <= n; i += 4) v128.store(at(dst, i), v);
  for (; i < n; i++) setF(dst, i, value);
}

/** dst = src, in bytes. The ranges may overlap. */
export function copyBytes(dst: usize, src: usize, bytes: i32): void {
  memory.copy(dst, src, bytes);
}

/** Copies `rows` rows of `bytes` bytes; strides in bytes. */
export function copyRows(rows: i32, bytes: i32, src: usize, strideSrc: i32, dst: usize, strideDst: i32): void {
  for (let i = 0; i < rows; i++) {
    memory.copy(dst, src, bytes);
    src += strideSrc;
    dst += strideDst;
  }
}

/** dst[n] += src[n] */
export function addInto(dst: usize, src: usize, n: i32): void {
  let i = 0;
  if (WIDE) {
    for (; i + 8 <= n; i += 8) addTwo(at(dst, i), at(src, i));
  }
  for (; i + 4 <= n; i += 4) v128.store(at(dst, i), f32x4.add(v128.load(at(dst, i)), v128.load(at(src, i))));
  for (; i < n; i++) setF(dst, i, getF(dst, i) + getF(src, i));
}

/** dst[n] (mode 0: =, 1: +=) factor * src[n] */
export function addScaled(n: i32, factor: f32, src: usize, dst: usize, mode: i32): void {
  const v = f32x4.splat(factor);
  let i = 0;
  if (WIDE) {
    if (mode) {
      for (; i + 8 <= n; i += 8) addScaledTwo(at(dst, i), at(src, i), v);
    } else {
      for (; i + 8 <= n; i += 8) scaleTwo(at(dst, i), at(src, i), v);
    }
  }
  for (; i + 4 <= n; i += 4) {
    const scaled = f32x4.mul(v128.load(at(src, i)), v);
    v128.store(at(dst, i), mode ? f32x4.add(v128.load(at(dst, i)), scaled) : scaled);
  }
  for (; i < n; i++) setF(dst, i, (mode ? getF(dst, i) : 0) + factor * getF(src, i));
}

/** dst[n] *= factor */
export function scaleBy(dst: usize, n: i32, factor: f32): void {
  const v = f32x4.splat(factor);
  let i = 0;
  if (WIDE) {
    for (; i + 8 <= n; i += 8) scaleTwo(at(dst, i), at(dst, i), v);
  }
  for (; i + 4 <= n; i += 4) v128.store(at(dst, i), f32x4.mul(v128.load(at(dst, i)), v));
  for (; i < n; i++) setF(dst, i, getF(dst, i) * factor);
}
