import { expect, test } from 'vitest';
import { bySeed, improvementQuantity, pairedQuantity, quantity, runsQuantity } from '../../src/study/estimates.ts';

const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
const baseline = bySeed(seeds, (seed) => seed / 10);
// Seed 8 has no run, and its difference would be the largest.
const treated = bySeed(seeds, (seed) => (seed === 8 ? null : (seed + (seed % 2) + 1) / 10));

test('quantity is the mean of the middle half with the seeds it rests on, and an interval around it', () => {
  const { value, low, high, ...rest } = quantity(baseline) as { value: number; low: number; high: number };
  expect(rest).toEqual({ statistic: 'IQM', seeds });
  expect(value).toBeCloseTo((3 + 4 + 5 + 6) / 40, 12);
  expect([low < value - 0.05, high > value + 0.05, low > 0.1, high < 0.8]).toEqual([true, true, true, true]);
  expect(quantity(baseline)).toEqual({ value, low, high, ...rest });
  expect(
    quantity(
      bySeed([1, 2, 100], (x) => x),
      'mean',
    )?.value,
  ).toBeCloseTo(103 / 3, 12);
});

test('below five seeds there is no interval but the values of the seeds, without any seed no number', () => {
  expect(quantity(bySeed([4, 5], (x) => x))).toEqual({
    statistic: 'IQM',
    value: 4.5,
    low: null,
    high: null,
    seeds: [4, 5],
    values: [4, 5],
  });
  const [four, five] = [4, 5].map((count) => new Map(seeds.slice(0, count).map((seed) => [seed, seed / 10])));
  expect(quantity(four)).toMatchObject({ low: null, high: null, values: [0.1, 0.2, 0.3, 0.4] });
  expect(quantity(five)).toMatchObject({ low: expect.any(Number), high: expect.any(Number) });
  expect(quantity(five)).not.toHaveProperty('values');
  expect(
    pairedQuantity(
      four,
      bySeed(seeds, () => 0.1),
    ),
  ).toMatchObject({ low: null, values: [0, 0.1, 0.2, 0.3].map((x) => expect.closeTo(x, 12)) });
  expect(improvementQuantity(four, five)).toMatchObject({ low: null, high: null });
  expect(quantity(bySeed([4, 5], () => null))).toBeNull();
  expect(
    pairedQuantity(
      bySeed([1], (x) => x),
      bySeed([2], (x) => x),
    ),
  ).toBeNull();
  expect(
    improvementQuantity(
      bySeed([], () => 1),
      baseline,
    ),
  ).toBeNull();
  expect(runsQuantity('any', [], () => 1)).toBeNull();
});

test('pairedQuantity takes differences within seeds that both have', () => {
  const difference = pairedQuantity(treated, baseline);
  // Differences are 0.2 at odd seeds and 0.1 at even ones; of seven the middle five are averaged.
  expect(difference?.value).toBeCloseTo((0.1 + 0.1 + 0.2 + 0.2 + 0.2) / 5, 12);
  expect(difference).toMatchObject({ statistic: 'IQM of paired differences', seeds: [1, 2, 3, 4, 5, 6, 7] });
  expect([(difference?.low as number) >= 0.1 - 1e-12, (difference?.high as number) <= 0.2 + 1e-12]).toEqual([
    true,
    true,
  ]);
});

test('improvementQuantity counts pairs of runs in which the treated one is higher', () => {
  const better = improvementQuantity(
    bySeed([1, 2, 3], (x) => x),
    bySeed([4, 5, 6], (x) => x - 3.5),
  );
  // Of nine pairs 1 > 0.5; 2 > 0.5, 1.5; 3 > 0.5, 1.5, 2.5.
  expect(better).toMatchObject({ statistic: 'probability of improvement', seeds: [1, 2, 3, 4, 5, 6] });
  expect(better?.value).toBeCloseTo(6 / 9, 12);
});

test('runsQuantity resamples whole runs', () => {
  const curves = [0, 1, 2, 3, 4].map((peak) => [0, 1, 2, 3, 4].map((k) => (k === peak ? 1 : 0)));
  const peak = (runs: readonly number[]): number =>
    Math.max(...[0, 1, 2, 3, 4].map((k) => runs.reduce((sum, run) => sum + curves[run][k], 0) / runs.length));
  // Any resample that repeats a run has a higher peak.
  const found = runsQuantity('peak of the mean', [7, 8, 9, 10, 11], peak);
  expect(found).toEqual({
    ...{ statistic: 'peak of the mean', value: 0.2, low: 0.2, high: expect.any(Number), seeds: [7, 8, 9, 10, 11] },
  });
  expect(found?.high).toBeGreaterThan(0.4);
  expect(runsQuantity('peak of the mean', [7, 8], peak)).toMatchObject({ low: null, high: null });
});
