import { describe, expect, test } from 'vitest';
import { choleskySolver } from '../../../src/coupling/choleskySolver.ts';
import { decoupleAdvantages } from '../../../src/coupling/remedies/decouple.ts';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { randomStream } from '../../../src/random.ts';
import { smallestAndLargestEigenvalue } from '../../reference/eigenvalues.ts';
import { gaussianElimination } from '../../reference/gaussianElimination.ts';
import { gramOf, manyGradients, randomGradients, relativeDifference } from './gradients.ts';

const solve = choleskySolver(await createArena());
const rms = (x: ArrayLike<number>): number =>
  Math.sqrt(Array.from(x).reduce((sum, v) => sum + v * v, 0) / Math.max(1, x.length));
const scaled = (x: ArrayLike<number>, to: ArrayLike<number>): number[] => Array.from(x, (v) => (v * rms(to)) / rms(x));
const meanDiagonal = (gram: Float64Array, n: number): number => {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += gram[i * n + i];
  return sum / n;
};
const numbers = (n: number, purpose: string): Float64Array => {
  const random = randomStream(n, purpose);
  return Float64Array.from({ length: n }, () => 4 * random.uniform() - 2);
};

/** The masked matrix and the right side of the system, from the definition. */
function systemOf(gram: Float64Array, a: ArrayLike<number>, pairs: Uint8Array | null, lambda: number) {
  const n = a.length;
  const ridge = lambda * meanDiagonal(gram, n);
  const matrix = gram.map((x, k) => (k % (n + 1) === 0 ? x + ridge : pairs && !pairs[k] ? 0 : x));
  return { matrix, rhs: Float64Array.from(a, (x, i) => (gram[i * n + i] + ridge) * x) };
}

/** A symmetric mask with about a third of the pairs. */
function someOf(n: number): Uint8Array {
  const random = randomStream(n, 'test/decouple/pairs');
  const pairs = new Uint8Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) if (random.below(3) === 0) pairs[i * n + j] = pairs[j * n + i] = 1;
  return pairs;
}

describe('closed forms', () => {
  test('two samples: alpha is proportional to (t_1 r_1 - k r_2, t_2 r_2 - k r_1) crosswise', () => {
    const [p, q, k, lambda] = [2, 6, 1.5, 0.5];
    const ridge = lambda * 4;
    const advantages = [1, -0.5];
    const [t1, t2] = [p + ridge, q + ridge];
    const [r1, r2] = [t1 * advantages[0], t2 * advantages[1]];
    const expected = scaled([t2 * r1 - k * r2, t1 * r2 - k * r1], advantages);
    const {
      advantage,
      path,
      lambda: used,
    } = decoupleAdvantages(solve, Float64Array.of(p, k, k, q), advantages, null, lambda);
    expect(relativeDifference(advantage, expected)).toBeLessThan(1e-15);
    expect([path, used]).toEqual(['cholesky', lambda]);
  });

  test('three samples with equal diagonal p and equal products k: alpha is A minus a multiple of the sum of A', () => {
    const [p, k, lambda] = [3, 1, 0.2];
    const t = p + lambda * p;
    const advantages = [1, 0.25, -2];
    const sum = advantages.reduce((s, a) => s + a, 0);
    // (t - k) alpha + k sum(alpha) = t A, so sum(alpha) = t sum(A) / (t + 2 k).
    const expected = advantages.map((a) => (t * a - (k * t * sum) / (t + 2 * k)) / (t - k));
    const gram = Float64Array.from({ length: 9 }, (_, i) => (i % 4 === 0 ? p : k));
    const { advantage } = decoupleAdvantages(solve, gram, advantages, null, lambda);
    expect(relativeDifference(advantage, scaled(expected, advantages))).toBeLessThan(1e-14);
  });

  test('one sample, a diagonal matrix, and a mask without pairs keep the advantages', () => {
    const a = [1.5, -2, 0.25];
    const gram = gramOf(randomGradients(3, 5, randomStream(1, 'test/decouple')));
    const diagonal = gram.map((x, k) => (k % 4 === 0 ? x : 0));
    for (const [matrix, pairs] of [
      [diagonal, null],
      [gram, new Uint8Array(9)],
    ] as const) {
      expect(relativeDifference(decoupleAdvantages(solve, matrix, a, pairs, 0.1).advantage, a)).toBeLessThan(1e-15);
    }
    expect([...decoupleAdvantages(solve, Float64Array.of(2), [3], null, 1).advantage]).toEqual([3]);
  });
});

describe('on seeded matrices', () => {
  const cases = manyGradients()
    .map((gradients) => ({ gram: gramOf(gradients), n: gradients.length }))
    .filter(({ gram, n }) => meanDiagonal(gram, n) > 0);

  test.each([0.1, 1, 30])('equals Gaussian elimination, error < 1e-9, lambda %f, all pairs and a mask', (lambda) => {
    let masked = 0;
    for (const { gram, n } of cases) {
      const a = numbers(n, 'test/decouple/advantages');
      for (const pairs of [null, someOf(n)]) {
        const { advantage, path } = decoupleAdvantages(solve, gram, a, pairs, lambda);
        if (path !== 'cholesky') continue;
        if (pairs) masked++;
        const { matrix, rhs } = systemOf(gram, a, pairs, lambda);
        expect(relativeDifference(advantage, scaled(gaussianElimination(matrix, rhs), a))).toBeLessThan(1e-9);
      }
    }
    expect(masked).toBeGreaterThan(150);
  });

  test('all pairs: the system of a Gram matrix is always positive definite', () => {
    for (const { gram, n } of cases) {
      expect(decoupleAdvantages(solve, gram, numbers(n, 'test/decouple/all'), null, 0.01).path).toBe('cholesky');
    }
  });

  test('for each sample, (K alpha)_i + lambda d alpha_i is the same multiple of (K_ii + lambda d) A_i, to 1e-10', () => {
    for (const { gram, n } of cases) {
      const a = numbers(n, 'test/decouple/change');
      const lambda = 0.3;
      const ridge = lambda * meanDiagonal(gram, n);
      const { advantage } = decoupleAdvantages(solve, gram, a, null, lambda);
      const change = Array.from(a, (_, i) =>
        advantage.reduce((sum, x, j) => sum + gram[i * n + j] * x, ridge * advantage[i]),
      );
      const asked = Array.from(a, (x, i) => (gram[i * n + i] + ridge) * x);
      const ratio = change[0] / asked[0];
      const scale = Math.max(...asked.map(Math.abs)) * Math.abs(ratio);
      for (const [i, x] of change.entries()) expect(Math.abs(x - ratio * asked[i])).toBeLessThan(1e-10 * scale);
    }
  });

  test('keeps the root mean square of the advantages to 1e-14', () => {
    for (const { gram, n } of cases) {
      const a = numbers(n, 'test/decouple/rms');
      const { advantage } = decoupleAdvantages(solve, gram, a, someOf(n), 0.05);
      expect(Math.abs(rms(advantage) / rms(a) - 1)).toBeLessThan(1e-14);
    }
  });

  test('lambda 1e9 keeps the advantages to 1e-8', () => {
    for (const { gram, n } of cases) {
      const a = numbers(n, 'test/decouple/large');
      expect(relativeDifference(decoupleAdvantages(solve, gram, a, null, 1e9).advantage, a)).toBeLessThan(1e-8);
    }
  });

  test('does not depend on the elements above the diagonal', () => {
    for (const { gram, n } of cases.slice(0, 20)) {
      const a = numbers(n, 'test/decouple/lower');
      const lower = gram.map((x, k) => (k % n > Math.floor(k / n) ? 1e6 : x));
      expect(decoupleAdvantages(solve, lower, a, null, 1)).toEqual(decoupleAdvantages(solve, gram, a, null, 1));
    }
  });
});

describe('a masked matrix that is not positive definite', () => {
  test('lambda is raised until the smallest eigenvalue is as large as it was negative, to 15%, and the formula holds there', () => {
    let damped = 0;
    for (let n = 3; n < 40; n++) {
      const random = randomStream(n, 'test/decouple/indefinite');
      // Similar gradients, so that a mask leaves negative eigenvalues.
      const common = Array.from({ length: 8 }, () => random.uniform());
      const gram = gramOf(randomGradients(n, 8, random).map((g) => g.map((x, k) => 0.3 * x + common[k])));
      const a = numbers(n, 'test/decouple/damped');
      const pairs = someOf(n);
      const { matrix } = systemOf(gram, a, pairs, 0.01);
      const { smallest } = smallestAndLargestEigenvalue(matrix, n);
      const { advantage, path, lambda } = decoupleAdvantages(solve, gram, a, pairs, 0.01);
      expect(path).toBe(smallest > 0 ? 'cholesky' : 'damped');
      if (path === 'cholesky') continue;
      damped++;
      const again = systemOf(gram, a, pairs, lambda);
      const raised = smallestAndLargestEigenvalue(again.matrix, n).smallest;
      expect(raised / -smallest).toBeGreaterThan(0.99);
      expect(raised / -smallest).toBeLessThan(1.15);
      expect(relativeDifference(advantage, scaled(gaussianElimination(again.matrix, again.rhs), a))).toBeLessThan(1e-9);
    }
    expect(damped).toBeGreaterThan(20);
  });

  test('three samples, of which one is to be decoupled from two equal ones: eigenvalues 1 and 1 +- sqrt(2)', () => {
    const pairs = Uint8Array.of(0, 0, 1, 0, 0, 1, 1, 1, 0);
    const { path, lambda } = decoupleAdvantages(solve, new Float64Array(9).fill(1), [1, 1, -1], pairs, 1e-6);
    expect(path).toBe('damped');
    const needed = Math.sqrt(2) - 1;
    expect(lambda).toBeGreaterThanOrEqual(2 * needed);
    expect(lambda).toBeLessThan(2 * needed * 1.0626 + 1e-6);
  });

  test('a lambda that rounding swallows is raised, too', () => {
    const { path, lambda, advantage } = decoupleAdvantages(
      solve,
      new Float64Array(16).fill(1),
      [1, 2, -1, 0.5],
      null,
      1e-300,
    );
    expect(path).toBe('damped');
    expect(lambda).toBeGreaterThan(0);
    expect(lambda).toBeLessThan(1e-9);
    expect(advantage.every(Number.isFinite)).toBe(true);
  });
});

test('gradients of zero: alpha is A, on a path of its own', () => {
  const found = decoupleAdvantages(solve, new Float64Array(4), [1, -3], null, 1);
  expect(found).toEqual({ advantage: Float64Array.of(1, -3), path: 'zero', lambda: 0 });
});

describe('rejects', () => {
  const gram = Float64Array.of(2, 1, 1, 2);
  test.each([
    [gram, [1, 2], null, 0, 'lambda must be a number > 0, got 0; values from 0.1 to 1000 are usual'],
    [gram, [1, 2], null, Number.NaN, 'lambda must be a number > 0, got NaN; values from 0.1 to 1000 are usual'],
    [gram, [], null, 1, 'advantages must be at least one number, got 0; leave out empty batches'],
    [gram, [1], null, 1, 'gram.length must be 1, got 4; pass a row for each advantage'],
    [gram, [1, Number.NaN], null, 1, 'advantages[1] must be finite, got NaN; check the returns'],
    [
      gram,
      [1, 2],
      new Uint8Array(2),
      1,
      'pairs.length must be 4, got 2; pass a row for each advantage, or null for all pairs',
    ],
    [
      Float64Array.of(2, 1, Number.NaN, 2),
      [1, 2],
      null,
      1,
      'gram must be finite with a diagonal >= 0, got NaN at [1, 0]; pass inner products of the gradients',
    ],
    [
      Float64Array.of(2, 1, 1, -2),
      [1, 2],
      null,
      1,
      'gram must be finite with a diagonal >= 0, got -2 at [1, 1]; pass inner products of the gradients',
    ],
  ] as const)('case %#', (matrix, advantages, pairs, lambda, message) => {
    expect(() => decoupleAdvantages(solve, matrix, advantages, pairs, lambda)).toThrow(
      new RangeError(`decoupleAdvantages: ${message}`),
    );
  });
});
