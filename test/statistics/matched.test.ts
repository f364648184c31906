import { describe, expect, test } from 'vitest';
import { randomStream } from '../../src/random.ts';
import { matchedDifference, type RunPair } from '../../src/statistics/matched.ts';

const resampling = { seed: 1, resamples: 500 };

/** A run with points on y = 0.5 - 0.4 x + 0.1 x^2 + shift, at x from `first` in steps of 0.1. */
function run(first: number, points: number, shift: number): [number, number][] {
  return Array.from({ length: points }, (_, i) => {
    const x = first + i / 10;
    return [x, 0.5 - 0.4 * x + 0.1 * x * x + shift];
  });
}

/** Runs of six seeds; each seed shifts both of its runs by the same amount. */
function pairsOf(effect: number, spread: number): RunPair[] {
  return [0, 1, 2, 3, 4, 5].map((seed) => {
    const own = spread * (randomStream(seed, 'test/shift').uniform() - 0.5);
    const other = spread * (randomStream(seed, 'test/other').uniform() - 0.5);
    return { treated: run(0.2 + seed / 50, 8, effect + own), baseline: run(0.05 + seed / 50, 5, other) };
  });
}

describe('matchedDifference', () => {
  test('returns the shift that x does not explain, exactly if there is no noise', () => {
    const found = matchedDifference(pairsOf(-0.1, 0), resampling);
    expect(found?.value).toBeCloseTo(-0.1, 10);
    expect([found?.low, found?.high].map((x) => Math.round((x as number) * 1e8) / 1e8)).toEqual([-0.1, -0.1]);
    // Of 64 swaps only the identity and the swap of all seeds reach it.
    expect(found?.pValue).toBe(2 / 64);
  });

  test('returns no difference where the methods are on one curve, even if their means differ', () => {
    const found = matchedDifference(pairsOf(0, 0), resampling);
    expect(Math.abs(found?.value as number)).toBeLessThan(1e-10);
    const noisy = matchedDifference(pairsOf(0, 0.05), resampling);
    expect(noisy?.pValue).toBeGreaterThan(0.1);
    expect([(noisy?.low as number) < 0, (noisy?.high as number) > 0]).toEqual([true, true]);
  });

  test('uses only the range of x that both reach', () => {
    const found = matchedDifference(pairsOf(-0.1, 0), resampling);
    expect(found?.range[0]).toBeCloseTo(0.2, 12);
    expect(found?.range[1]).toBeCloseTo(0.05 + 5 / 50 + 0.4, 12);
    expect(found?.seeds).toBe(6);
    const far = pairsOf(-0.1, 0).map(({ treated, baseline }) => ({
      treated: [...treated, [0.99, 9] as const],
      baseline,
    }));
    expect(matchedDifference(far, resampling)?.value).toBe(found?.value);
  });

  test('gives runs equal weight for any number of points', () => {
    const flat = (y: number): [number, number][] => [0, 0.2, 0.4, 0.6, 0.8].map((x) => [x, y]);
    const pairs = [0, 0.3, 0.6].map((y) => ({ treated: flat(y), baseline: flat(0) }));
    const twice = pairs.map((pair, i) => (i === 2 ? { ...pair, treated: [...pair.treated, ...pair.treated] } : pair));
    expect(matchedDifference(pairs, resampling)?.value).toBeCloseTo(0.3, 10);
    expect(matchedDifference(twice, resampling)?.value).toBeCloseTo(0.3, 10);
  });

  test('above twelve seeds swaps are sampled, the same ones each time', () => {
    const many = [...pairsOf(-0.1, 0.05), ...pairsOf(-0.1, 0.05), ...pairsOf(-0.1, 0.05)];
    const found = matchedDifference(many, resampling);
    expect(found?.pValue).toBeLessThan(0.001);
    expect(matchedDifference(many, resampling)).toEqual(found);
  });

  test('returns null below three seeds or without a common range', () => {
    expect(matchedDifference(pairsOf(-0.1, 0).slice(0, 2), resampling)).toBeNull();
    const apart = pairsOf(0, 0).map(({ baseline }) => ({ treated: run(2, 4, 0), baseline }));
    expect(matchedDifference(apart, resampling)).toBeNull();
  });
});
