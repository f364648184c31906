// Cholesky factorisation A = L L^T of a positive definite matrix of doubles, and the solution of A x = b with it
// (Golub and Van Loan, "Matrix Computations", 4.2). Rows of L are computed in turn, so that all inner products read
// memory in order. Every sum has a fixed order.

/** 2^-52 */
const EPSILON: f64 = 2.220446049250313e-16;

// @ts-ignore: decorator
@inline
function atD(p: usize, i: i32): usize {
  return p + ((<usize>i) << 3);
}

// @ts-ignore: decorator
@inline
function getD(p: usize, i: i32): f64 {
  return load<f64>(atD(p, i));
}

// @ts-ignore: decorator
@inline
function setD(p: usize, i: i32, x: f64): void {
  store<f64>(atD(p, i), x);
}

/** Sum of a[n] * b[n], in four partial sums of two lanes. */
function dotDoubles(n: i32, a: usize, b: usize): f64 {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let j = 0;
  for (; j + 8 <= n; j += 8) {
    const p = atD(a, j);
    const q = atD(b, j);
    const p0 = f64x2.mul(v128.load(p), v128.load(q));
    const p1 = f64x2.mul(v128.load(p, 16), v128.load(q, 16));
    const p2 = f64x2.mul(v128.load(p, 32), v128.load(q, 32));
    const p3 = f64x2.mul(v128.load(p, 48), v128.load(q, 48));
    s0 = f64x2.add(s0, p0);
    s1 = f64x2.add(s1, p1);
    s2 = f64x2.add(s2, p2);
    s3 = f64x2.add(s3, p3);
  }
  for (; j + 2 <= n; j += 2) s0 = f64x2.add(s0, f64x2.mul(v128.load(atD(a, j)), v128.load(atD(b, j))));
  const s = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  const sum = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
  return j < n ? sum + getD(a, j) * getD(b, j) : sum;
}

/** y[n] -= f * x[n] */
function subtractMultiple(n: i32, f: f64, x: usize, y: usize): void {
  const v = f64x2.splat(f);
  let j = 0;
  for (; j + 4 <= n; j += 4) {
    const p = atD(x, j);
    const q = atD(y, j);
    const y0 = f64x2.sub(v128.load(q), f64x2.mul(v, v128.load(p)));
    const y1 = f64x2.sub(v128.load(q, 16), f64x2.mul(v, v128.load(p, 16)));
    v128.store(q, y0);
    v128.store(q, y1, 16);
  }
  for (; j < n; j++) setD(y, j, getD(y, j) - f * getD(x, j));
}

/**
 * Overwrites the lower triangle of a[n, n] with L; reads nothing above the diagonal. Row stride ld doubles. Returns n,
 * or the number of the first row whose pivot is at most n * 2^-52 of its diagonal element: the matrix is then not
 * positive definite to rounding, and the rows before that one are overwritten.
 */
export function cholesky(n: i32, a: usize, ld: i32): i32 {
  for (let r = 0; r < n; r++) {
    const row = atD(a, r * ld);
    for (let c = 0; c < r; c++) {
      const other = atD(a, c * ld);
      setD(row, c, (getD(row, c) - dotDoubles(c, row, other)) / getD(other, c));
    }
    const diagonal = getD(row, r);
    const pivot = diagonal - dotDoubles(r, row, row);
    if (!(pivot > <f64>n * EPSILON * diagonal)) return r;
    setD(row, r, sqrt<f64>(pivot));
  }
  return n;
}

/** x[n] = (L L^T)^-1 x[n], with L in the lower triangle of l[n, n]. */
export function choleskySolve(n: i32, l: usize, ld: i32, x: usize): void {
  for (let r = 0; r < n; r++) {
    const row = atD(l, r * ld);
    setD(x, r, (getD(x, r) - dotDoubles(r, row, x)) / getD(row, r));
  }
  for (let r = n - 1; r >= 0; r--) {
    const row = atD(l, r * ld);
    const value = getD(x, r) / getD(row, r);
    setD(x, r, value);
    subtractMultiple(r, value, row, x);
  }
}
