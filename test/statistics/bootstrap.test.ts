import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import {
  pairedBootstrap,
  performanceProfile,
  probabilityOfImprovement,
  stratifiedBootstrap,
} from '../../src/statistics/bootstrap.ts';
import { type Interval, interquartileMean, mean } from '../../src/statistics/statistics.ts';

/**
 * Lists with one entry for each number of the statistic. `widest` and `narrowest` bound the ends of all runs of rliable
 * (see rliable.py).
 */
interface GoldenInterval {
  readonly estimate: number[];
  readonly interval: [number, number][];
  readonly widest: [number, number][];
  readonly narrowest: [number, number][];
}

interface Golden {
  readonly resamples: number;
  readonly thresholds: number[];
  readonly treated: number[][];
  readonly baseline: number[][];
  readonly few: number[][];
  readonly interquartileMean: GoldenInterval;
  readonly mean: GoldenInterval;
  readonly pairedDifference: GoldenInterval;
  readonly improvement: GoldenInterval;
  readonly improvementOnFew: GoldenInterval;
  readonly improvementOnItself: number;
  readonly profile: GoldenInterval;
}

const golden: Golden = JSON.parse(readFileSync(new URL('../golden/rliable.json', import.meta.url), 'utf8'));
const { treated, baseline, few, thresholds } = golden;
const resampling = { seed: 1, resamples: golden.resamples };

const cases: [string, GoldenInterval, () => Interval[]][] = [
  ['interquartile mean', golden.interquartileMean, () => [stratifiedBootstrap(treated, interquartileMean, resampling)]],
  ['mean', golden.mean, () => [stratifiedBootstrap(treated, mean, resampling)]],
  [
    'interquartile mean of paired differences',
    golden.pairedDifference,
    () => [pairedBootstrap(treated, baseline, interquartileMean, resampling)],
  ],
  ['probability of improvement', golden.improvement, () => [probabilityOfImprovement(treated, baseline, resampling)]],
  [
    'probability of improvement on fewer runs',
    golden.improvementOnFew,
    () => [probabilityOfImprovement(treated, few, resampling)],
  ],
  ['performance profile', golden.profile, () => performanceProfile(treated, thresholds, resampling)],
];

test.each(cases)(
  "%s: rliable's estimate to 1e-12, its interval but for five standard deviations of resampling",
  (_, expected, run) => {
    const result = run();
    expect(result.length).toBe(expected.estimate.length);
    for (const [k, { mean: estimate, low, high }] of result.entries()) {
      expect(Math.abs(estimate - expected.estimate[k])).toBeLessThan(1e-12);
      // Values of a discrete distribution repeat: rounding alone can move an end past an equal value.
      expect(low).toBeGreaterThan(expected.widest[k][0] - 1e-12);
      expect(low).toBeLessThan(expected.narrowest[k][0] + 1e-12);
      expect(high).toBeLessThan(expected.widest[k][1] + 1e-12);
      expect(high).toBeGreaterThan(expected.narrowest[k][1] - 1e-12);
    }
  },
);

describe('stratifiedBootstrap', () => {
  it('resamples within strata: constant strata leave no spread', () => {
    const interval = stratifiedBootstrap([[1, 1, 1], [3]], mean, { seed: 1, resamples: 100 });
    expect(interval).toEqual({ mean: 1.5, low: 1.5, high: 1.5 });
  });

  it('results with equal seeds are bitwise identical; another seed or count changes the interval', () => {
    const run = (seed: number, resamples: number) => stratifiedBootstrap([treated[0]], mean, { seed, resamples });
    expect(run(1, 200)).toEqual(run(1, 200));
    expect(run(2, 200).low).not.toBe(run(1, 200).low);
    expect(run(1, 300).low).not.toBe(run(1, 200).low);
  });

  it('rejects too few resamples and empty strata', () => {
    expect(() => stratifiedBootstrap([treated[0]], mean, { seed: 1, resamples: 10 })).toThrow(
      'stratifiedBootstrap: resamples must be an integer >= 100, got 10; 2000 is usual',
    );
    expect(() => stratifiedBootstrap([], mean, { seed: 1, resamples: 100 })).toThrow(
      'stratifiedBootstrap: needs at least 1 stratum, got 0; add runs',
    );
  });
});

describe('pairedBootstrap', () => {
  it('keeps pairs together: a constant difference leaves no spread', () => {
    const lifted = baseline.map((stratum) => stratum.map((value) => value + 0.25));
    expect(pairedBootstrap(lifted, baseline, mean, { seed: 1, resamples: 100 })).toEqual({
      mean: 0.25,
      low: 0.25,
      high: 0.25,
    });
  });

  it('rejects values without a pair', () => {
    const options = { seed: 1, resamples: 100 };
    expect(() => pairedBootstrap(treated, treated.slice(1), mean, options)).toThrow(
      new RangeError(
        'pairedBootstrap: both methods need the same strata, got 3 and 2; keep the environments both have',
      ),
    );
    expect(() => pairedBootstrap(treated, few, mean, options)).toThrow(
      new RangeError('pairedBootstrap: stratum 0 must have one value per seed, got 8 and 5; keep the seeds both have'),
    );
    expect(() => pairedBootstrap([[1, Number.NaN]], [[1, 2]], mean, options)).toThrow(
      new RangeError('pairedBootstrap: value 1 must be finite, got NaN; leave out runs without a result'),
    );
  });
});

describe('probabilityOfImprovement', () => {
  const options = { seed: 1, resamples: 100 };

  it('is 1 where every run is better, 1/2 against itself, and adds up to 1 with the roles exchanged', () => {
    expect(probabilityOfImprovement([[3, 4], [5]], [[1, 2, 2], [4]], options)).toEqual({ mean: 1, low: 1, high: 1 });
    expect(golden.improvementOnItself).toBe(0.5);
    expect(probabilityOfImprovement(treated, treated, options).mean).toBe(0.5);
    const there = probabilityOfImprovement(treated, few, options).mean;
    expect(there + probabilityOfImprovement(few, treated, options).mean).toBeCloseTo(1, 14);
  });

  it('resamples the two methods independently: a method compared with itself has a spread', () => {
    const { low, high } = probabilityOfImprovement(treated, treated, options);
    expect(low).toBeLessThan(0.4);
    expect(high).toBeGreaterThan(0.6);
  });

  it('rejects different strata', () => {
    expect(() => probabilityOfImprovement(treated, few.slice(2), options)).toThrow(
      new RangeError(
        'probabilityOfImprovement: both methods need the same strata, got 3 and 1; keep the environments both have',
      ),
    );
    expect(() => probabilityOfImprovement([], [], options)).toThrow(
      new RangeError('probabilityOfImprovement: needs at least 1 stratum, got 0; add runs'),
    );
  });
});

describe('performanceProfile', () => {
  it('counts values above, not at, a threshold', () => {
    const profile = performanceProfile(
      [
        [0.25, 0.5],
        [0.5, 0.75, 1],
      ],
      [0, 0.5, 1],
      { seed: 1, resamples: 100 },
    );
    expect(profile.map((point) => point.mean)).toEqual([1, 0.4, 0]);
  });

  it('rejects a threshold that is not a number', () => {
    expect(() => performanceProfile(treated, [0.5, Number.NaN], { seed: 1, resamples: 100 })).toThrow(
      new RangeError('performanceProfile: threshold 1 must be finite, got NaN; pass scores at which to count'),
    );
  });
});
