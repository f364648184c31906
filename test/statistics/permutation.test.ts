import { expect, test } from 'vitest';
import { randomStream } from '../../src/random.ts';
import { pairedPValue, swapPValue } from '../../src/statistics/permutation.ts';

test('pairedPValue enumerates all sign changes up to twelve pairs', () => {
  // |sum| of (1, 2, 4) over the signs: 7 1 3 5 5 3 1 7, and the identity has 7.
  expect(pairedPValue([1, 2, 4], 1)).toBe(2 / 8);
  // |sum| of (1, 1, -1): 1 for six of eight sign changes, 3 for two.
  expect(pairedPValue([1, 1, -1], 1)).toBe(1);
  expect(pairedPValue([0, 0, 0], 1)).toBe(1);
  expect(pairedPValue(new Array<number>(12).fill(0.1), 1)).toBe(2 / 4096);
});

test('above twelve pairs it samples sign changes, and counts the identity', () => {
  const same = pairedPValue(new Array<number>(20).fill(0.1), 1);
  expect(same).toBe(1 / 10_001);
  // Normal approximation of the same test: |z| = 1.5 has p = .134.
  const stream = randomStream(3, 'test/permutation', 0);
  const noise = Array.from({ length: 40 }, () => stream.below(2000) / 1000 - 1);
  const mean = noise.reduce((sum, x) => sum + x, 0) / 40;
  const centred = noise.map((x) => x - mean);
  const squares = centred.reduce((sum, x) => sum + x * x, 0);
  // Shifted by c, sum = 40 c and the variance of the sum under sign changes is squares + 40 c^2.
  const c = Math.sqrt((2.25 * squares) / (1600 - 2.25 * 40));
  const p = pairedPValue(
    centred.map((x) => x + c),
    1,
  );
  expect(p).toBeGreaterThan(0.12);
  expect(p).toBeLessThan(0.15);
});

test('a statistic that is null after a swap counts as smaller', () => {
  expect(swapPValue(2, 1, (swapped) => (swapped(0) ? null : 1), 1)).toBe(2 / 4);
});
