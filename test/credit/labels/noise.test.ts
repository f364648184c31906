import { expect, test } from 'vitest';
import { flipLabels } from '../../../src/credit/labels/noise.ts';

const labels = () => Int8Array.from({ length: 9000 }, (_, row) => (row % 3) - 1);
const flipped = (fraction: number, seed = 1, iteration = 0) => {
  const before = labels();
  const after = flipLabels(labels(), fraction, seed, iteration);
  return before.map((label, row) => (label === after[row] ? 0 : 1));
};

test('the share of inverted labels is the given fraction within .02, for good and for bad labels; rows without a label stay without one', () => {
  for (const fraction of [0.1, 0.35, 0.5]) {
    const changes = flipped(fraction);
    const share = (rest: number) => changes.filter((_, row) => row % 3 === rest).reduce((sum, x) => sum + x, 0) / 3000;
    expect(share(0)).toBe(0);
    expect(Math.abs(share(1) - fraction)).toBeLessThan(0.02);
    expect(Math.abs(share(2) - fraction)).toBeLessThan(0.02);
  }
});

test('0 changes no label, 1 changes all', () => {
  expect(flipLabels(labels(), 0, 1, 0)).toEqual(labels());
  expect(flipLabels(labels(), 1, 1, 0)).toEqual(labels().map((x) => (x < 0 ? x : 1 - x)));
});

test('seed and iteration determine which labels are inverted', () => {
  expect(flipped(0.3, 1, 4)).toEqual(flipped(0.3, 1, 4));
  expect(flipped(0.3, 1, 5)).not.toEqual(flipped(0.3, 1, 4));
  expect(flipped(0.3, 2, 4)).not.toEqual(flipped(0.3, 1, 4));
});
