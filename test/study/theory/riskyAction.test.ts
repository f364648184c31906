import { expect, test } from 'vitest';
import { groupRelative } from '../../../src/credit/advantages/groupRelative.ts';
import { expectedAdvantage, measuredAdvantage, type RiskyAction } from '../../../src/study/theory/riskyActionMath.ts';

/** E[1{risky} A] by enumeration: each episode is safe, risky and lucky, or risky and failed. */
function enumerated({ q, r, groupSize, scaleRewards }: RiskyAction): number {
  const kinds = [
    { probability: 1 - q, reward: 1, risky: 0 },
    { probability: q * (1 - r), reward: 1, risky: 1 },
    { probability: q * r, reward: 0, risky: 1 },
  ];
  let sum = 0;
  for (let code = 0; code < 3 ** groupSize; code++) {
    const group = Array.from({ length: groupSize }, (_, k) => kinds[Math.floor(code / 3 ** k) % 3]);
    const probability = group.reduce((product, kind) => product * kind.probability, 1);
    const { advantages } = groupRelative(
      group.map(({ reward }) => reward),
      groupSize,
      scaleRewards,
    );
    sum += probability * group.reduce((total, { risky }, k) => total + risky * advantages[k], 0);
  }
  return sum / groupSize;
}

const cases = [2, 3, 6].flatMap((groupSize) =>
  (['none', 'group'] as const).flatMap((scaleRewards) =>
    [
      [0.1, 0.2],
      [0.5, 0.6],
      [0.9, 1],
    ].map(([q, r]): RiskyAction => ({ q, r, groupSize, scaleRewards })),
  ),
);

test.each(cases)('%o: the closed form is the mean over all groups there can be, within 1e-7', (action) => {
  expect(Math.abs(expectedAdvantage(action) - enumerated(action))).toBeLessThan(1e-7);
});

test('without division it is (1 - 1/G) q r (q - 1), and q r (q - 1) in the limit', () => {
  const action = { q: 0.3, r: 0.6, scaleRewards: 'none' } as const;
  expect(expectedAdvantage({ ...action, groupSize: 8 })).toBeCloseTo((7 / 8) * 0.3 * 0.6 * -0.7, 12);
  expect(expectedAdvantage({ ...action, groupSize: Infinity })).toBeCloseTo(0.3 * 0.6 * -0.7, 12);
});

test('large groups approach the limit from below in size, with and without division', () => {
  for (const scaleRewards of ['none', 'group'] as const) {
    const size = (groupSize: number): number => -expectedAdvantage({ q: 0.5, r: 0.6, groupSize, scaleRewards });
    const sizes = [2, 8, 64, Infinity].map(size);
    expect([...sizes].sort((a, b) => a - b)).toEqual(sizes);
    expect(size(Infinity) - size(512)).toBeLessThan(0.005 * size(Infinity));
  }
});

test('measured by groupRelative it is the closed form within three half intervals; a seed names the episodes', () => {
  for (const scaleRewards of ['none', 'group'] as const) {
    for (const [q, r, groupSize] of [
      [0.3, 0.6, 8],
      [0.7, 1, 8],
      [0.5, 0.2, 64],
    ]) {
      const action = { q, r, groupSize, scaleRewards };
      const { mean, low, high } = measuredAdvantage(action, 400, 1);
      expect(high).toBeGreaterThan(low);
      expect(Math.abs(mean - expectedAdvantage(action))).toBeLessThan(1.5 * (high - low));
      expect(measuredAdvantage(action, 400, 1).mean).toBe(mean);
      expect(measuredAdvantage(action, 400, 2).mean).not.toBe(mean);
    }
  }
});
