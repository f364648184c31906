import { describe, expect, test } from 'vitest';
import { randomStream } from '../../src/random.ts';
import { signalToNoise } from '../../src/statistics/signalToNoise.ts';

const squared = (x: readonly number[]): number => x.reduce((sum, value) => sum + value * value, 0);

function ratioOf(vectors: readonly (readonly number[])[]): number | null {
  const n = vectors.length;
  const mean = vectors[0].map((_, k) => vectors.reduce((sum, vector) => sum + vector[k], 0) / n);
  return signalToNoise(
    vectors.reduce((sum, vector) => sum + squared(vector), 0),
    squared(mean),
    n,
  );
}

describe('signalToNoise', () => {
  test('by hand: (1, 0) and (3, 0)', () => {
    // Variance (1 + 1) / 1 = 2; squared mean 4 - 2 / 2 = 3.
    expect(
      ratioOf([
        [1, 0],
        [3, 0],
      ]),
    ).toBe(1.5);
  });

  test('does not depend on the scale of the vectors; opposite vectors give -1 / n', () => {
    expect(
      ratioOf([
        [10, 0],
        [30, 0],
      ]),
    ).toBe(1.5);
    expect(
      ratioOf([
        [1, 2],
        [-1, -2],
      ]),
    ).toBe(-0.5);
  });

  test('null for one vector, and for vectors that do not differ', () => {
    expect(ratioOf([[1, 2]])).toBe(null);
    expect(
      ratioOf([
        [1, 2],
        [1, 2],
        [1, 2],
      ]),
    ).toBe(null);
  });

  test('both parts are unbiased: 20,000 samples of four vectors with mean (1, -2) and variances 4 and 9', () => {
    const random = randomStream(3, 'test/signal');
    const [mean, deviation] = [
      [1, -2],
      [2, 3],
    ];
    // Uniform numbers with mean 0 and variance 1.
    const unit = (): number => (random.uniform() - 0.5) * Math.sqrt(12);
    let [noise, signal] = [0, 0];
    const runs = 20_000;
    for (let run = 0; run < runs; run++) {
      const vectors = Array.from({ length: 4 }, () => mean.map((m, k) => m + deviation[k] * unit()));
      const average = mean.map((_, k) => vectors.reduce((sum, vector) => sum + vector[k], 0) / 4);
      const ratio = ratioOf(vectors) as number;
      // The variance in double precision, from deviations; the product with the ratio is the estimate of |mean|².
      const trace = vectors.reduce((sum, vector) => sum + squared(vector.map((x, k) => x - average[k])), 0) / 3;
      noise += trace / runs;
      signal += (ratio * trace) / runs;
    }
    expect(Math.abs(noise - 13)).toBeLessThan(0.15);
    expect(Math.abs(signal - 5)).toBeLessThan(0.15);
  });
});
