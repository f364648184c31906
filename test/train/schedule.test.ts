import { describe, expect, test } from 'vitest';
import { labelWeightAt, learningRateAt } from '../../src/train/schedule.ts';

const rates = (lrSchedule: 'constant' | 'linear' | 'cosine', warmupUpdates: number, total: number): number[] =>
  Array.from({ length: total }, (_, update) =>
    learningRateAt({ learningRate: 0.5, lrSchedule, warmupUpdates }, update, total),
  );

describe('learning rate by update', () => {
  test('constant', () => {
    expect(rates('constant', 0, 4)).toEqual([0.5, 0.5, 0.5, 0.5]);
  });

  test('linear: from the full rate towards 0 after the last update', () => {
    expect(rates('linear', 0, 4)).toEqual([0.5, 0.375, 0.25, 0.125]);
  });

  test('cosine: half a cosine, error < 1e-7', () => {
    rates('cosine', 0, 50).forEach((rate, update) => {
      expect(Math.abs(rate - 0.25 * (1 + Math.cos((Math.PI * update) / 50)))).toBeLessThan(1e-7);
    });
  });

  test('warm-up rises in equal steps to the full rate, and the schedule starts behind it', () => {
    expect(rates('constant', 4, 6)).toEqual([0.125, 0.25, 0.375, 0.5, 0.5, 0.5]);
    expect(rates('linear', 2, 6)).toEqual([0.25, 0.5, 0.5, 0.375, 0.25, 0.125]);
  });

  test('a warm-up as long as the run or longer only rises', () => {
    expect(rates('linear', 4, 4)).toEqual([0.125, 0.25, 0.375, 0.5]);
    expect(rates('cosine', 8, 4)).toEqual([0.0625, 0.125, 0.1875, 0.25]);
  });
});

test('the weight of the label losses rises and falls by iteration, and is 1 unless asked', () => {
  const weights = (labelSchedule: 'constant' | 'linear', labelWarmup: number): number[] =>
    Array.from({ length: 6 }, (_, i) => labelWeightAt({ labelSchedule, labelWarmup, iterations: 6 }, i + 1));
  expect(weights('constant', 0)).toEqual([1, 1, 1, 1, 1, 1]);
  expect(weights('constant', 4)).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
  expect(weights('linear', 2)).toEqual([0.5, 1, 1, 0.75, 0.5, 0.25]);
});
