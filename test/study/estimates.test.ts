import { expect, test } from 'vitest';
import { bySeed, estimateOf, improvementEstimate, pairedEstimate, runsEstimate } from '../../src/study/estimates.ts';

const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
const baseline = bySeed(seeds, (seed) => seed / 10);
// Seed 8 has no run, and its difference would be the largest.
const treated = bySeed(seeds, (seed) => (seed === 8 ? null : (seed + (seed % 2) + 1) / 10));

test('estimateOf is the mean of the middle half with the seeds it rests on, and an interval around it', () => {
  const { value, low, high, ...rest } = estimateOf(baseline) as { value: number; low: number; high: number };
  expect(rest).toEqual({ statistic: 'IQM', seeds });
  expect(value).toBeCloseTo((3 + 4 + 5 + 6) / 40, 12);
  expect([low < value - 0.05, high > value + 0.05, low > 0.1, high < 0.8]).toEqual([true, true, true, true]);
  expect(estimateOf(baseline)).toEqual({ value, low, high, ...rest });
  expect(
    estimateOf(
      bySeed([1, 2, 100], (x) => x),
      'mean',
    )?.value,
  ).toBeCloseTo(103 / 3, 12);
});

test('below five seeds there is no interval but the values of the seeds, without any seed no number', () => {
  expect(estimateOf(bySeed([4, 5], (x) => x))).toEqual({
    statistic: 'IQM',
    value: 4.5,
    low: null,
    high: null,
    seeds: [4, 5],
    values: [4, 5],
  });
  const [four, five] = [4, 5].map((count) => new Map(seeds.slice(0, count).map((seed) => [seed, seed / 10])));
  expect(estimateOf(four)).toMatchObject({ low: null, high: null, values: [0.1, 0.2, 0.3, 0.4] });
  expect(estimateOf(five)).toMatchObject({ low: expect.any(Number), high: expect.any(Number) });
  expect(estimateOf(five)).not.toHaveProperty('values');
  expect(
    pairedEstimate(
      four,
      bySeed(seeds, () => 0.1),
    ),
  ).toMatchObject({ low: null, values: [0, 0.1, 0.2, 0.3].map((x) => expect.closeTo(x, 12)) });
  expect(improvementEstimate(four, five)).toMatchObject({ low: null, high: null });
  expect(estimateOf(bySeed([4, 5], () => null))).toBeNull();
  expect(
    pairedEstimate(
      bySeed([1], (x) => x),
      bySeed([2], (x) => x),
    ),
  ).toBeNull();
  expect(
    improvementEstimate(
      bySeed([], () => 1),
      baseline,
    ),
  ).toBeNull();
  expect(runsEstimate('any', [], () => 1)).toBeNull();
});

test('pairedEstimate takes differences within seeds that both have', () => {
  const difference = pairedEstimate(treated, baseline);
  // Differences are 0.2 at odd seeds and 0.1 at even ones; of seven the middle five are averaged.
  expect(difference?.value).toBeCloseTo((0.1 + 0.1 + 0.2 + 0.2 + 0.2) / 5, 12);
  expect(difference).toMatchObject({ statistic: 'IQM of paired differences', seeds: [1, 2, 3, 4, 5, 6, 7] });
  expect([(difference?.low as number) >= 0.1 - 1e-12, (difference?.high as number) <= 0.2 + 1e-12]).toEqual([
    true,
    true,
  ]);
});

test('improvementEstimate counts pairs of runs in which the treated one is higher', () => {
  const better = improvementEstimate(
    bySeed([1, 2, 3], (x) => x),
    bySeed([4, 5, 6], (x) => x - 3.5),
  );
  // Of nine pairs 1 > 0.5; 2 > 0.5, 1.5; 3 > 0.5, 1.5, 2.5.
  expect(better).toMatchObject({ statistic: 'probability of improvement', seeds: [1, 2, 3, 4, 5, 6] });
  expect(better?.value).toBeCloseTo(6 / 9, 12);
});

test('runsEstimate resamples whole runs', () => {
  const curves = [0, 1, 2, 3, 4].map((peak) => [0, 1, 2, 3, 4].map((k) => (k === peak ? 1 : 0)));
  const peak = (runs: readonly number[]): number =>
    Math.max(...[0, 1, 2, 3, 4].map((k) => runs.reduce((sum, run) => sum + curves[run][k], 0) / runs.length));
  // Any resample that repeats a run has a higher peak.
  const found = runsEstimate('peak of the mean', [7, 8, 9, 10, 11], peak);
  expect(found).toEqual({
    ...{ statistic: 'peak of the mean', value: 0.2, low: 0.2, high: expect.any(Number), seeds: [7, 8, 9, 10, 11] },
  });
  expect(found?.high).toBeGreaterThan(0.4);
  expect(runsEstimate('peak of the mean', [7, 8], peak)).toMatchObject({ low: null, high: null });
});
