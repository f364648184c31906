import { describe, expect, test } from 'vitest';
import { effectiveRank, symmetricEigenvalues } from '../../src/coupling/spectrum.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { runAtOnce } from '../../src/eventLoop.ts';
import { type RandomStream, randomStream } from '../../src/random.ts';
import { eigenvaluesOf } from '../reference/eigenvalues.ts';

const { kernels } = await createArena();

const eigenvalues = (matrix: ArrayLike<number>, n: number): Float64Array => runAtOnce(symmetricEigenvalues(matrix, n));

function symmetric(random: RandomStream, n: number, scale = 1): Float64Array {
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) matrix[i * n + j] = matrix[j * n + i] = scale * (random.uniform() - 0.5);
  }
  return matrix;
}

/** X X^T of random X [n, rank]. */
function gram(random: RandomStream, n: number, rank: number): Float64Array {
  const x = Float64Array.from({ length: n * rank }, () => random.uniform() - 0.5);
  return Float64Array.from({ length: n * n }, (_, k) => {
    let sum = 0;
    for (let c = 0; c < rank; c++) sum += x[Math.floor(k / n) * rank + c] * x[(k % n) * rank + c];
    return sum;
  });
}

describe('eigenvalues', () => {
  test.each([1, 2, 3, 4, 5, 9, 17, 40])(
    'of random symmetric matrices of %i rows are those of Jacobi rotations, at scales 1e-15 to 1e15: error < 1e-13 of the largest',
    (n) => {
      for (const scale of [1e-15, 1, 1e15]) {
        const matrix = symmetric(randomStream(n, 'test/spectrum'), n, scale);
        const expected = eigenvaluesOf(matrix, n);
        const size = Math.max(...expected.map(Math.abs));
        eigenvalues(matrix, n).forEach((x, i) => {
          expect(Math.abs(x - expected[i]) / size).toBeLessThan(1e-13);
        });
      }
    },
  );

  test('of a matrix of rank 3 are 0 but for three; the sum is the trace, the sum of squares the squared norm', () => {
    const n = 60;
    const matrix = gram(randomStream(3, 'test/spectrum'), n, 3);
    const found = eigenvalues(matrix, n);
    const largest = found[n - 1];
    expect(found.filter((x) => Math.abs(x) > 1e-12 * largest)).toHaveLength(3);
    const trace = found.reduce((sum, x) => sum + x, 0);
    expect(trace).toBeCloseTo(
      Array.from({ length: n }, (_, i) => matrix[i * n + i]).reduce((sum, x) => sum + x, 0),
      10,
    );
    expect(found.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(
      matrix.reduce((sum, x) => sum + x * x, 0),
      8,
    );
  });

  test('of diagonal and constant matrices, and of a path: closed forms', () => {
    expect([...eigenvalues([3, 0, 0, 0, -1, 0, 0, 0, 2], 3)]).toEqual([-1, 2, 3]);
    const constant = eigenvalues(new Float64Array(25).fill(2), 5);
    expect(constant[4]).toBeCloseTo(10, 12);
    expect(Math.max(...constant.subarray(0, 4).map(Math.abs))).toBeLessThan(1e-14);
    expect([...eigenvalues(new Float64Array(16), 4)]).toEqual([0, 0, 0, 0]);
    // The path of n nodes: 2 cos(k pi / (n + 1)).
    const n = 12;
    const path = Float64Array.from({ length: n * n }, (_, k) => (Math.abs(Math.floor(k / n) - (k % n)) === 1 ? 1 : 0));
    eigenvalues(path, n).forEach((x, i) => {
      expect(x).toBeCloseTo(2 * Math.cos(((n - i) * Math.PI) / (n + 1)), 12);
    });
  });

  test('of a matrix that is not finite: an error that names the element', () => {
    expect(() => eigenvalues([1, 0, 0, Number.NaN], 2)).toThrow(
      'symmetricEigenvalues: matrix must be finite, got NaN at 3; lower learningRate',
    );
  });
});

describe('effective rank', () => {
  const of = (values: number[]) => effectiveRank(values, kernels);

  test('of k equal eigenvalues is k, and the top share 1/k; rounding below 0 counts as 0: error < 1e-6', () => {
    for (const k of [1, 2, 7, 300]) {
      const found = of([...new Array<number>(k).fill(5e-9), 0, -1e-24, 1e-40]);
      expect(Math.abs(found.effectiveRank / k - 1)).toBeLessThan(1e-6);
      expect(found.topShare).toBeCloseTo(1 / k, 12);
    }
  });

  test('of shares 1/2, 1/4, 1/4 is 2 sqrt 2', () => {
    const found = of([1, 4, 1, 2].slice(1).map((x) => x * 3));
    const entropy = -[4 / 7, 1 / 7, 2 / 7].reduce((sum, p) => sum + p * Math.log(p), 0);
    expect(found.effectiveRank).toBeCloseTo(Math.exp(entropy), 5);
    expect(of([1, 2, 1]).effectiveRank).toBeCloseTo(2 * Math.SQRT2, 5);
    expect(found.topShare).toBeCloseTo(4 / 7, 12);
  });

  test('of zeros is 0', () => {
    expect(of([0, 0])).toEqual({ effectiveRank: 0, topShare: 0 });
    expect(of([])).toEqual({ effectiveRank: 0, topShare: 0 });
  });
});
