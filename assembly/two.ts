// Operations on two neighbouring vectors, for the wide builds. An engine merges them into one vector of twice the width
// if all loads precede the first store.

/** dst[8] += src[8] */
// @ts-ignore: decorator
@inline
export function addTwo(dst: usize, src: usize): void {
  const a = f32x4.add(v128.load(dst), v128.load(src));
  const b = f32x4.add(v128.load(dst, 16), v128.load(src, 16));
  v128.store(dst, a);
  v128.store(dst, b, 16);
}

/** dst[8] = src[8] * factor */
// @ts-ignore: decorator
@inline
export function scaleTwo(dst: usize, src: usize, factor: v128): void {
  const a = f32x4.mul(v128.load(src), factor);
  const b = f32x4.mul(v128.load(src, 16), factor);
  v128.store(dst, a);
  v128.store(dst, b, 16);
}

/** dst[8] += src[8] * factor */
// @ts-ignore: decorator
@inline
export function addScaledTwo(dst: usize, src: usize, factor: v128): void {
  const a = f32x4.add(v128.load(dst), f32x4.mul(v128.load(src), factor));
  const b = f32x4.add(v128.load(dst, 16), f32x4.mul(v128.load(src, 16), factor));
  v128.store(dst, a);
  v128.store(dst, b, 16);
}
