// Lane functions. A horizontal sum has the fixed order (l0 + l2) + (l1 + l3), so that it is bitwise identical wherever
// it is computed.

/**
 * Whether this is a wide build, whose kernels are written for an engine that merges two neighbouring vectors into one
 * of twice the width. The compiler knows the value, so the narrow builds contain no code for it.
 */
// @ts-ignore: the wide builds define the name in assembly/wide
export const WIDE: bool = isDefined(UNBRAID_WIDE);

/**
 * a * b + sum in the matrix products, rounded twice on every processor. In the build with relaxed SIMD, the runtime may
 * round once if the processor does so.
 */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, sum);
  return f32x4.add(sum, f32x4.mul(a, b));
}

// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  const pair = f32x4.add(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(pair, 0) + f32x4.extract_lane(pair, 1);
}

/**
 * sqrt(x). V8 compiles the scalar square root to an instruction of SSE, which some Intel processors run after a wait of
 * about a hundred cycles if the upper halves of the vector registers are in use, as they are in the wide builds.
 */
// @ts-ignore: decorator
@inline
export function root(x: f32): f32 {
  return WIDE ? f32x4.extract_lane(f32x4.sqrt(f32x4.splat(x)), 0) : sqrt<f32>(x);
}

/** Returns the largest lane, or NaN if a lane is NaN. */
// @ts-ignore: decorator
@inline
export function maxLanes(v: v128): f32 {
  const pair = f32x4.max(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return max(f32x4.extract_lane(pair, 0), f32x4.extract_lane(pair, 1));
}

// @ts-ignore: decorator
@inline
function tailAt(p: usize, n: i32): v128 {
  let v = f32x4.splat(0);
  if (n > 0) v = v128.load32_zero(p);
  if (n > 1) v = v128.load_lane<f32>(p + 4, v, 1, 0, 4);
  if (n > 2) v = v128.load_lane<f32>(p + 8, v, 2, 0, 4);
  return v;
}

// @ts-ignore: decorator
@inline
function putTail(p: usize, v: v128, n: i32): void {
  if (n > 0) v128.store_lane<f32>(p, v, 0, 0, 4);
  if (n > 1) v128.store_lane<f32>(p + 4, v, 1, 0, 4);
  if (n > 2) v128.store_lane<f32>(p + 8, v, 2, 0, 4);
}

// The build that must be small calls these functions; the other builds inline them.
function callTailAt(p: usize, n: i32): v128 {
  return tailAt(p, n);
}

function callPutTail(p: usize, v: v128, n: i32): void {
  putTail(p, v, n);
}

/** Loads the first n (0 to 3) floats at p. The other lanes are 0, and their memory is not read. */
// @ts-ignore: decorator
@inline
export function loadTail(p: usize, n: i32): v128 {
  return ASC_SHRINK_LEVEL > 0 ? callTailAt(p, n) : tailAt(p, n);
}

/** Stores the first n (0 to 3) lanes at p. */
// @ts-ignore: decorator
@inline
export function storeTail(p: usize, v: v128, n: i32): void {
  if (ASC_SHRINK_LEVEL > 0) callPutTail(p, v, n);
  else putTail(p, v, n);
}

/**
 * Loads up to four floats at p, of which `left` belong to the row. The other lanes are zero, and their memory is not
 * read.
 */
// @ts-ignore: decorator
@inline
export function load4(p: usize, left: i32): v128 {
  return left >= 4 ? v128.load(p) : loadTail(p, left);
}

/** Stores the first `left` lanes at p, or all four if `left` is 4 or more. */
// @ts-ignore: decorator
@inline
export function store4(p: usize, v: v128, left: i32): void {
  if (left >= 4) v128.store(p, v);
  else storeTail(p, v, left);
}
