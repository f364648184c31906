// exp, log, tanh, sigmoid and gelu of four floats. The maths functions of JavaScript runtimes differ in their last
// bits. These functions use only IEEE + - * / and are therefore bitwise identical in every runtime. Coefficients are
// loaded from a constant table, because V8 recreates literal vectors in every iteration of a loop.
//
// Largest error against double precision, over every 997th float (test/assembly/math.test.ts):
//   exp      relative 7.7e-8 on [-87, 88]
//   log      relative 7.8e-8 on all normal floats, absolute 3.9e-8 on [1/2, 2]
//   tanh     absolute 3.3e-7 on [-20, 20], exactly 1 beyond 7.905
//   sigmoid  absolute 9.0e-8, relative 1.4e-7 on [-87, 88]
//   gelu     error / max(1, |gelu|) 6.6e-7 on [-20, 20]; its derivative absolute 4.3e-6
// Sources: exp and log are the Cephes expf/logf range reductions and polynomials (Moshier). tanh is a 13/6 rational
// minimax fit on [-7.9, 7.9] with the coefficients published in Eigen. gelu is the tanh form of Hendrycks and Gimpel,
// arXiv 1606.08415.

const TABLE: usize = memory.data<f32>(
  [
    // exp at 0: clamp, log2(e), ln 2 in two parts, polynomial
    88.3762626647949, -87.3365, 1.44269504088896341, 0.693359375, -2.12194440e-4, 1.9875691500e-4, 1.3981999507e-3,
    8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
    // tanh at 11: clamp, numerator (7, high to low), denominator (4)
    7.90531110763549805, -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8,
    1.48572235717979e-5, 6.37261928875436e-4, 4.89352455891786e-3, 1.19825839466702e-6, 1.18534705686654e-4,
    2.268434632439e-3, 4.89352518554385e-3,
    // log at 23: sqrt(1/2), polynomial (9, high to low), ln 2 in two parts
    0.707106781186547524, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
    -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1, -2.12194440e-4, 0.693359375,
    // gelu at 35: sqrt(2 / pi), cubic coefficient, and its other factors; tanh's lower clamp
    0.7978845608028654, 0.044715, 0.5, 1, 3, 10, -10, -7.90531110763549805,
    // exp at 43: 2^23 + 127
    8388735, -Infinity,
    // unused at 45; sixteen zeros at 48
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  ],
  16,
);

/** The address of sixteen zeros. */
export const ZEROS: usize = TABLE + 192;

// @ts-ignore: decorator
@inline
export function constant4(i: i32): v128 {
  return v128.load32_splat(TABLE + ((<usize>i) << 2));
}

// @ts-ignore: decorator
@inline
export function mulAdd(a: v128, b: v128, d: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), d);
}

/**
 * 2^n for integers n in [-126, 127]. After the addition of 2^23 + 127, the low bits of the sum are the bits of the
 * exponent.
 */
// @ts-ignore: decorator
@inline
export function powerOfTwo4(n: v128): v128 {
  return i32x4.shl(f32x4.add(n, constant4(43)), 23);
}

/** e^x; x is clamped to [-87.3365, 88.376], so the result is never zero, subnormal or infinite. NaN stays NaN. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  x = f32x4.pmax(f32x4.pmin(x, constant4(0)), constant4(1)); // argument order keeps NaN
  const n = f32x4.nearest(f32x4.mul(x, constant4(2)));
  const r = f32x4.sub(f32x4.sub(x, f32x4.mul(n, constant4(3))), f32x4.mul(n, constant4(4)));
  let p = mulAdd(constant4(5), r, constant4(6));
  p = mulAdd(p, r, constant4(7));
  p = mulAdd(p, r, constant4(8));
  p = mulAdd(p, r, constant4(9));
  p = mulAdd(p, r, constant4(10));
  p = f32x4.add(mulAdd(p, f32x4.mul(r, r), r), constant4(38));
  return f32x4.mul(p, powerOfTwo4(n));
}

/**
 * ln x for normal x > 0. Zero, negative and subnormal x return about -87.3, the value at the smallest normal float.
 * Infinity returns about 88.7, the value at the largest float. NaN returns NaN.
 */
// @ts-ignore: decorator
@inline
export function log4(x: v128): v128 {
  const bits = f32x4.pmax(f32x4.splat(1.17549435e-38), x);
  const notANumber = f32x4.ne(x, x); // all bits set, a NaN, where x is one
  let e = f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_u(bits, 23), i32x4.splat(126)));
  let m = v128.or(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f000000));
  // Mantissa in [sqrt(1/2), sqrt(2)): values below the bound are doubled and the exponent is lowered by one.
  const low = f32x4.lt(m, constant4(23));
  e = f32x4.sub(e, v128.and(low, f32x4.splat(1)));
  m = f32x4.add(f32x4.sub(m, f32x4.splat(1)), v128.and(low, m));
  const z = f32x4.mul(m, m);
  let p = mulAdd(constant4(24), m, constant4(25));
  p = mulAdd(p, m, constant4(26));
  p = mulAdd(p, m, constant4(27));
  p = mulAdd(p, m, constant4(28));
  p = mulAdd(p, m, constant4(29));
  p = mulAdd(p, m, constant4(30));
  p = mulAdd(p, m, constant4(31));
  p = mulAdd(p, m, constant4(32));
  p = f32x4.mul(f32x4.mul(p, m), z);
  p = mulAdd(e, constant4(33), p);
  p = f32x4.sub(p, f32x4.mul(f32x4.splat(0.5), z));
  return v128.or(mulAdd(e, constant4(34), f32x4.add(m, p)), notANumber);
}

/** Clamps x to the range in which tanh x is not yet 1 or -1 in single precision. */
// @ts-ignore: decorator
@inline
export function clampTanh4(x: v128): v128 {
  return f32x4.pmax(f32x4.pmin(x, constant4(11)), constant4(42));
}

/** tanh x */
// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  x = clampTanh4(x);
  const z = f32x4.mul(x, x);
  let p = mulAdd(constant4(12), z, constant4(13));
  p = mulAdd(p, z, constant4(14));
  p = mulAdd(p, z, constant4(15));
  p = mulAdd(p, z, constant4(16));
  p = mulAdd(p, z, constant4(17));
  p = mulAdd(p, z, constant4(18));
  let q = mulAdd(constant4(19), z, constant4(20));
  q = mulAdd(q, z, constant4(21));
  q = mulAdd(q, z, constant4(22));
  return f32x4.div(f32x4.mul(p, x), q);
}

/** 1 / (1 + e^-x) */
// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), exp4(f32x4.neg(x))));
}

/** sqrt(2 / pi) (x + 0.044715 x^3) */
// @ts-ignore: decorator
@inline
export function geluInner4(x: v128): v128 {
  return f32x4.mul(constant4(35), mulAdd(f32x4.mul(constant4(36), x), f32x4.mul(x, x), x));
}

/** 0.5 x (1 + t) */
// @ts-ignore: decorator
@inline
export function geluOuter4(x: v128, t: v128): v128 {
  return f32x4.mul(f32x4.mul(constant4(37), x), f32x4.add(constant4(38), t));
}

/** 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) */
// @ts-ignore: decorator
@inline
export function gelu4(x: v128): v128 {
  return geluOuter4(x, tanh4(geluInner4(x)));
}

/** The derivatives of tanh and relu, computed from their outputs y. */
// @ts-ignore: decorator
@inline
export function tanhSlope4(y: v128): v128 {
  return f32x4.sub(f32x4.splat(1), f32x4.mul(y, y));
}

// @ts-ignore: decorator
@inline
export function reluSlope4(y: v128): v128 {
  return v128.and(f32x4.splat(1), f32x4.gt(y, f32x4.splat(0)));
}

/**
 * Clamps x to [-10, 10]: beyond it the derivative is 0 or 1 in single precision, and x^2 must not overflow because 0 *
 * infinity is NaN. The argument order keeps NaN.
 */
// @ts-ignore: decorator
@inline
function clampSlope4(x: v128): v128 {
  return f32x4.pmax(f32x4.pmin(x, constant4(40)), constant4(41));
}

// @ts-ignore: decorator
@inline
export function slopeInner4(x: v128): v128 {
  x = clampSlope4(x);
  return f32x4.mul(constant4(35), mulAdd(f32x4.mul(constant4(36), f32x4.mul(x, x)), x, x));
}

/** The derivative of gelu at x, computed from t = tanh(slopeInner4(x)). */
// @ts-ignore: decorator
@inline
export function slopeOuter4(x: v128, t: v128): v128 {
  const one = constant4(38);
  const half = constant4(37);
  x = clampSlope4(x);
  const cubic = f32x4.mul(constant4(36), f32x4.mul(x, x));
  const dInner = f32x4.mul(constant4(35), mulAdd(constant4(39), cubic, one));
  const left = f32x4.mul(half, f32x4.add(one, t));
  const right = f32x4.mul(f32x4.mul(half, x), f32x4.mul(f32x4.sub(one, f32x4.mul(t, t)), dInner));
  return f32x4.add(left, right);
}

/** d gelu / dx */
// @ts-ignore: decorator
@inline
export function geluSlope4(x: v128): v128 {
  return slopeOuter4(x, tanh4(slopeInner4(x)));
}

/** Scalar forms: lane 0 of the vector forms, bitwise identical. */
export function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}

export function log1(x: f32): f32 {
  return f32x4.extract_lane(log4(f32x4.splat(x)), 0);
}

export function sigmoid1(x: f32): f32 {
  return f32x4.extract_lane(sigmoid4(f32x4.splat(x)), 0);
}
