import { expect, test } from 'vitest';
import { randomStream } from '../../src/random.ts';
import { gaussianElimination } from '../reference/gaussianElimination.ts';
import { largestError } from '../reference/largestError.ts';
import { lengths, openWorkbench } from './workbench.ts';

const newCase = await openWorkbench();
const random = randomStream(1, 'test/cholesky');
const signed = (): number => 2 * random.uniform() - 1;

interface Matrix {
  readonly n: number;
  /** Elements from row to row. */
  readonly ld: number;
  /** f64[n, ld]; the elements above the diagonal and beyond column n are NaN, because the kernel must not read them. */
  readonly values: Float64Array;
  /** f64[n, n] */
  readonly whole: Float64Array;
}

/** B B^T + ridge I with B[n, rank] in [-1, 1). */
function symmetric(n: number, rank: number, ridge: number, gap: number): Matrix {
  const b = Array.from({ length: n }, () => Array.from({ length: rank }, signed));
  const whole = new Float64Array(n * n);
  const ld = n + gap;
  const values = new Float64Array(n * ld).fill(Number.NaN);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      whole[i * n + j] = b[i].reduce((sum, x, k) => sum + x * b[j][k], 0) + (i === j ? ridge : 0);
      if (j <= i) values[i * ld + j] = whole[i * n + j];
    }
  }
  return { n, ld, values, whole };
}

/** The rows that the factorisation completed, the factor, and the solution if it completed all. */
function solve(
  { n, ld, values }: Matrix,
  rhs: ArrayLike<number>,
): { rows: number; factor: Float64Array; x: Float64Array } {
  const c = newCase();
  const [a, x] = [c.sums(values), c.sums(rhs)];
  let rows = -1;
  c.run((kernels) => {
    rows = kernels.cholesky(n, a, ld);
    if (rows === n) kernels.choleskySolve(n, a, ld, x);
  });
  return { rows, factor: c.readSums(a, n * ld), x: c.readSums(x, n) };
}

test('cholesky: L L^T is the matrix to 1e-14, and nothing above the diagonal is read or written, sizes 0 to 17 and 130', () => {
  for (const n of [...lengths, 130]) {
    const matrix = symmetric(n, n, 0.5, n % 3);
    const { rows, factor } = solve(matrix, new Float64Array(n));
    expect(rows).toBe(n);
    const at = (i: number, j: number): number => factor[i * matrix.ld + j];
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        let product = 0;
        for (let k = 0; k <= j; k++) product += at(i, k) * at(j, k);
        expect(Math.abs(product - matrix.whole[i * n + j])).toBeLessThan(1e-14 * n);
      }
      for (let j = i + 1; j < matrix.ld; j++) expect(at(i, j)).toBeNaN();
    }
  }
});

test('choleskySolve equals Gaussian elimination, error < 1e-12, sizes 0 to 17, 64 and 130', () => {
  for (const n of [...lengths, 64, 130]) {
    for (const ridge of [0.1, 3, 1e6]) {
      const matrix = symmetric(n, Math.max(1, n >> 1), ridge, 1);
      const rhs = Float64Array.from({ length: n }, () => ridge * signed());
      const { x } = solve(matrix, rhs);
      expect(largestError(x, gaussianElimination(matrix.whole, rhs)), `${n} rows, ridge ${ridge}`).toBeLessThan(1e-12);
    }
  }
});

test('2 x 2: [[4, 2], [2, 5]] has the factor [[2, 0], [1, 2]], and maps (0.5, 3) to (8, 16)', () => {
  const matrix = { n: 2, ld: 2, values: Float64Array.of(4, Number.NaN, 2, 5), whole: new Float64Array(4) };
  const { factor, x } = solve(matrix, [8, 16]);
  expect([factor[0], factor[2], factor[3]]).toEqual([2, 1, 2]);
  expect([...x]).toEqual([0.5, 3]);
});

test('cholesky returns the first row without a positive pivot: singular and indefinite matrices', () => {
  for (let n = 2; n < 18; n++) {
    const ones = { n, ld: n, values: new Float64Array(n * n).fill(1), whole: new Float64Array(0) };
    expect(solve(ones, new Float64Array(n)).rows).toBe(1);
    for (const row of [0, n >> 1, n - 1]) {
      const matrix = symmetric(n, n, 1, 0);
      matrix.values[row * n + row] = -1e-3;
      expect(solve(matrix, new Float64Array(n)).rows).toBe(row);
    }
  }
});
