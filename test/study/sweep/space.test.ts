import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/random.ts';
import { drawSettings, gridOf, type Space, sizeOf, stepsOf } from '../../../src/study/sweep/space.ts';

const rate: Space = { key: 'learningRate', values: null, range: { min: 1e-4, max: 0.1, scale: 'log' }, integer: false };
const entropy: Space = {
  key: 'entropyCoef',
  values: null,
  range: { min: 0, max: 0.05, scale: 'linear' },
  integer: false,
};
const hidden: Space = { key: 'hidden', values: null, range: { min: 8, max: 11, scale: 'linear' }, integer: true };
const wide: Space = { key: 'embedding', values: null, range: { min: 4, max: 4096, scale: 'log' }, integer: true };
const method: Space = { key: 'method', values: ['grpo', 'gigpo', null], range: null, integer: false };

describe('steps of a range', () => {
  test('are at equal ratios on a log scale, as powers computed by the language, to 6 digits', () => {
    for (const [min, max, steps] of [
      [1e-4, 0.1, 4],
      [3e-4, 0.03, 5],
      [0.7, 900, 17],
      [1e-9, 1e9, 1000],
    ] as const) {
      const expected = Array.from({ length: steps }, (_, i) => min * (max / min) ** (i / (steps - 1)));
      const found = stepsOf({ min, max, scale: 'log' }, false, steps);
      expect([found[0], found[steps - 1]]).toEqual([min, max]);
      for (const [i, x] of found.entries()) expect(Math.abs(x / expected[i] - 1)).toBeLessThan(5.1e-6);
    }
    expect(stepsOf({ min: 1e-4, max: 0.1, scale: 'log' }, false, 4)).toEqual([1e-4, 0.001, 0.01, 0.1]);
  });

  test('are at equal distances on a linear scale, and integers for a key that takes integers', () => {
    expect(stepsOf({ min: 0, max: 0.05, scale: 'linear' }, false, 6)).toEqual([0, 0.01, 0.02, 0.03, 0.04, 0.05]);
    expect(stepsOf({ min: 1, max: 64, scale: 'log' }, true, 4)).toEqual([1, 4, 16, 64]);
    expect(stepsOf({ min: 1, max: 10, scale: 'linear' }, true, 3)).toEqual([1, 6, 10]);
  });

  test('ends with more than 6 digits are kept', () => {
    expect(stepsOf({ min: 0.12345678, max: 0.23456789, scale: 'linear' }, false, 2)).toEqual([0.12345678, 0.23456789]);
  });
});

test('a grid has all combinations, the last key fastest', () => {
  const spaces = [method, { ...hidden, values: [8, 16] }];
  expect(sizeOf(spaces)).toBe(6);
  expect(gridOf(spaces)).toEqual([
    { method: 'grpo', hidden: 8 },
    { method: 'grpo', hidden: 16 },
    { method: 'gigpo', hidden: 8 },
    { method: 'gigpo', hidden: 16 },
    { method: null, hidden: 8 },
    { method: null, hidden: 16 },
  ]);
});

describe('draws', () => {
  const spaces = [rate, entropy, hidden, wide, method];

  test('are different, within their ranges, and integers where the key takes them', () => {
    const settings = drawSettings(spaces, 500, 3);
    expect(new Set(settings.map((setting) => JSON.stringify(setting))).size).toBe(500);
    for (const { learningRate, entropyCoef, hidden, embedding, method } of settings as Record<string, number>[]) {
      expect(learningRate >= 1e-4 && learningRate <= 0.1 && entropyCoef >= 0 && entropyCoef <= 0.05).toBe(true);
      expect([8, 9, 10, 11]).toContain(hidden);
      expect(Number.isInteger(embedding) && embedding >= 4 && embedding <= 4096).toBe(true);
      expect(['grpo', 'gigpo', null]).toContain(method);
    }
  });

  test('are uniform on the scale of the key', () => {
    const settings = drawSettings([rate, entropy, hidden], 900, 5) as Record<string, number>[];
    const share = (accepts: (setting: Record<string, number>) => boolean) => settings.filter(accepts).length / 900;
    expect(share(({ learningRate }) => learningRate < 1e-3)).toBeCloseTo(1 / 3, 1);
    expect(share(({ learningRate }) => learningRate > 1e-2)).toBeCloseTo(1 / 3, 1);
    expect(share(({ entropyCoef }) => entropyCoef < 0.0125)).toBeCloseTo(1 / 4, 1);
    for (const n of [8, 9, 10, 11]) expect(share(({ hidden }) => hidden === n)).toBeCloseTo(1 / 4, 1);
  });

  test('more trials and another key leave the draws of a key as they are; another seed changes them', () => {
    const rates = (settings: readonly object[]): unknown[] =>
      settings.map((setting) => (setting as { learningRate: number }).learningRate);
    const few = rates(drawSettings([rate], 5, 1));
    expect(rates(drawSettings([rate], 9, 1)).slice(0, 5)).toEqual(few);
    expect(rates(drawSettings([entropy, rate, method], 5, 1))).toEqual(few);
    expect(rates(drawSettings([rate], 5, 2))).not.toEqual(few);
    const shares = few.map((_, draw) => randomStream(1, 'sweep/learningRate', 0, draw).uniform());
    expect(few).toEqual(shares.map((share) => Number((1e-4 * 1000 ** share).toPrecision(6))));
    expect(few).toEqual([0.00060376, 0.00144054, 0.00299692, 0.0084172, 0.000432109]);
  });

  test('all settings of a small space are found; a space without enough of them ends the draws', () => {
    const small = [{ ...method, values: ['grpo', 'gigpo'] }, hidden];
    expect(sizeOf(small)).toBe(8);
    expect(drawSettings(small, 8, 1)).toHaveLength(8);
    expect(drawSettings(small, 9, 1)).toHaveLength(8);
    expect(sizeOf([rate, hidden])).toBe(Number.POSITIVE_INFINITY);
  });
});
