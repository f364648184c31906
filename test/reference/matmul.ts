/**
 * Naive matrix products in double precision, row-major: C[m,n] = A B, with `aT` A is stored [k,m], with `bT` B is
 * stored [n,k].
 */
export function matmul(
  m: number,
  n: number,
  k: number,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { aT = false, bT = false, start = (_i: number, _j: number): number => 0, round = (x: number): number => x } = {},
): Float64Array {
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = start(i, j);
      for (let l = 0; l < k; l++)
        sum = round(sum + round(a[aT ? l * m + i : i * k + l] * b[bT ? j * k + l : l * n + j]));
      c[i * n + j] = sum;
    }
  }
  return c;
}

/** Sum of the rows of x[m,n]. */
export function columnSum(m: number, n: number, x: ArrayLike<number>): Float64Array {
  const out = new Float64Array(n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) out[j] += x[i * n + j];
  return out;
}
