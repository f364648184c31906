import { expect, test } from 'vitest';
import { randomStream, sampleToFront, shuffle, threefry2x32 } from '../src/random.ts';

test('threefry2x32 gives the published known-answer vectors of Random123', () => {
  const vectors: [number[], number[]][] = [
    [
      [0, 0, 0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ];
  for (const [[k0, k1, c0, c1], expected] of vectors) {
    const out = new Uint32Array(2);
    threefry2x32(k0, k1, c0, c1, out);
    expect([...out]).toEqual(expected);
  }
});

test('streams that differ in seed, purpose, step or index differ; equal ones agree', () => {
  const draw = (...key: Parameters<typeof randomStream>) => {
    const stream = randomStream(...key);
    return Array.from({ length: 5 }, () => stream.uint32()).join();
  };
  const base = draw(7, 'a', 1, 2);
  expect(draw(7, 'a', 1, 2)).toBe(base);
  for (const other of [draw(8, 'a', 1, 2), draw(7, 'b', 1, 2), draw(7, 'a', 2, 2), draw(7, 'a', 1, 3)]) {
    expect(other).not.toBe(base);
  }
  expect(draw(2 ** 40 + 7, 'a', 1, 2)).not.toBe(base);
});

test('below(n) is uniform: chi-squared over 6 cells stays under the 99.9% quantile', () => {
  const stream = randomStream(3, 'dice');
  const counts = new Array<number>(6).fill(0);
  for (let i = 0; i < 60_000; i++) counts[stream.below(6)]++;
  const chi2 = counts.reduce((sum, c) => sum + (c - 10_000) ** 2 / 10_000, 0);
  expect(chi2).toBeLessThan(20.5);
});

test('below(n) gives the remainder of the first word under the largest multiple of n, where a quarter of the words are above it', () => {
  const n = 3 * 2 ** 30;
  const [words, numbers] = [randomStream(4, 'wide'), randomStream(4, 'wide')];
  const expected: number[] = [];
  let refused = 0;
  for (let i = 0; i < 400; i++) {
    const word = words.uint32();
    if (word < n) expected.push(word);
    else refused++;
  }
  expect(refused).toBeGreaterThan(70);
  expect(expected.map(() => numbers.below(n))).toEqual(expected);
  expect(numbers.below(2 ** 32)).toBe(words.uint32());
});

test('a seed outside [0, 2^53) is refused', () => {
  expect(() => randomStream(-1, 'a')).toThrow('randomStream: seed must be an integer in [0, 2^53), got -1');
});

test('sampleToFront and shuffle permute with the numbers of the stream, in this order', () => {
  const expected = (steps: number, swap: (k: number, below: (n: number) => number) => [number, number]): number[] => {
    const stream = randomStream(5, 'order');
    const items = [0, 1, 2, 3, 4, 5, 6];
    for (let k = 0; k < steps; k++) {
      const [i, j] = swap(k, stream.below);
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items;
  };
  const front = [0, 1, 2, 3, 4, 5, 6];
  sampleToFront(randomStream(5, 'order'), front, 3);
  expect(front).toEqual(expected(3, (k, below) => [k, k + below(7 - k)]));
  const all = Int32Array.from([0, 1, 2, 3, 4, 5, 6]);
  shuffle(randomStream(5, 'order'), all);
  expect([...all]).toEqual(expected(6, (k, below) => [6 - k, below(7 - k)]));
});
