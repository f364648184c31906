import { expect, test } from 'vitest';
import { groupRelative } from '../../../src/credit/advantages/groupRelative.ts';
import { randomStream } from '../../../src/random.ts';

const scales = ['group', 'batch', 'none'] as const;

test('two groups worked by hand: group, batch and no scaling', () => {
  // Means .25 and .5; variances (3 * .0625 + .5625) / 4 = .1875 and .25; batch mean .375, variance .375 * .625.
  const returns = [0, 0, 1, 0, 1, 0, 0, 1];
  const expected = {
    group: [Math.sqrt(0.1875), 0.5],
    batch: [Math.sqrt(0.375 * 0.625), Math.sqrt(0.375 * 0.625)],
    none: [1 - 1e-4, 1 - 1e-4],
  };
  for (const scale of scales) {
    const { advantages, rewardStd, deadShare } = groupRelative(returns, 4, scale);
    const wanted = returns.map((r, i) =>
      Math.fround((r - (i < 4 ? 0.25 : 0.5)) / (expected[scale][i < 4 ? 0 : 1] + 1e-4)),
    );
    for (let i = 0; i < 8; i++) expect(advantages[i]).toBeCloseTo(wanted[i], 6);
    expect(rewardStd).toBeCloseTo((Math.sqrt(0.1875) + 0.5) / 2, 14);
    expect(deadShare).toBe(0);
  }
});

test('without scaling an advantage is exactly the return minus the mean of its group', () => {
  expect([...groupRelative([3, 1, -2, 4], 2, 'none').advantages]).toEqual([1, -1, -3, 3]);
});

test('groups of equal returns have advantages of exactly 0 and are counted as dead', () => {
  // The computed mean of eight values .1 is not exactly .1.
  const returns = [...new Array(8).fill(0.1), 0, 1, 0, 0, 0, 0, 0, 0, ...new Array(16).fill(0)];
  for (const scale of scales) {
    const { advantages, deadShare, rewardStd } = groupRelative(returns, 8, scale);
    expect(deadShare).toBe(0.75);
    expect(rewardStd).toBeCloseTo(Math.sqrt(7 / 64) / 4, 14);
    expect(advantages.filter((a) => a !== 0).length).toBe(8);
    expect([...advantages.subarray(0, 8)]).toEqual(new Array(8).fill(0));
  }
});

test('over 50 random batches: each group sums to 0 within 1e-5 and has deviation std / (std + 1e-4) within 1e-6', () => {
  const random = randomStream(5, 'test/returns');
  for (let batch = 0; batch < 50; batch++) {
    const returns = Float64Array.from({ length: 40 }, () => random.uniform() * 4 - 2);
    const { advantages, rewardStd } = groupRelative(returns, 8, 'group');
    let stdSum = 0;
    for (let from = 0; from < 40; from += 8) {
      const group = [...advantages.subarray(from, from + 8)];
      const raw = [...returns.subarray(from, from + 8)];
      const mean = raw.reduce((a, b) => a + b) / 8;
      const std = Math.sqrt(raw.reduce((a, b) => a + (b - mean) ** 2, 0) / 8);
      stdSum += std;
      expect(Math.abs(group.reduce((a, b) => a + b))).toBeLessThan(1e-5);
      const deviation = Math.sqrt(group.reduce((a, b) => a + b * b, 0) / 8);
      expect(Math.abs(deviation - std / (std + 1e-4))).toBeLessThan(1e-6);
    }
    expect(rewardStd).toBeCloseTo(stdSum / 5, 12);
  }
});

test('invalid input is rejected with the next step', () => {
  expect(() => groupRelative([1, 0], 1, 'group')).toThrow(
    new RangeError('groupRelative: groupSize must be >= 2, got 1; raise config.numGenerations'),
  );
  expect(() => groupRelative(new Float64Array(12), 8, 'group')).toThrow(
    new RangeError(
      'groupRelative: returns must be one or more whole groups of 8, got 12; collect groupSize episodes per start',
    ),
  );
  expect(() => groupRelative([], 8, 'group')).toThrow('whole groups of 8, got 0;');
  expect(() => groupRelative([1, Number.NaN], 2, 'none')).toThrow(
    new RangeError("groupRelative: returns must be finite, got NaN at 1; check the environment's rewards"),
  );
  const tooLarge = (reason: string): RangeError =>
    new RangeError(`groupRelative: advantages must be finite, got ${reason}; scale the environment's rewards down`);
  expect(() => groupRelative([0, 1e39], 2, 'none')).toThrow(
    tooLarge('-Infinity for the return 0 at 0 with standard deviation 5e+38'),
  );
  expect(() => groupRelative([1e200, 0], 2, 'group')).toThrow(
    tooLarge('0 for the return 1e+200 at 0 with standard deviation Infinity'),
  );
  expect(() => groupRelative([1e308, 1.5e308], 2, 'batch')).toThrow(
    tooLarge('NaN for the return 1e+308 at 0 with standard deviation Infinity'),
  );
});
