import { expect, test } from 'vitest';
import { openTimeBudget } from '../../../src/cli/compare/timeBudget.ts';

/** Begins (with a seed) and ends runs at these times in ms; returns the results of `begin`. */
function begun(
  budgetMs: number,
  concurrent: number,
  events: readonly [ms: number, run: string, seed?: number][],
): boolean[] {
  let ms = 0;
  const budget = openTimeBudget(budgetMs, concurrent, () => ms);
  return events.flatMap(([at, run, seed]) => {
    ms = at;
    if (seed !== undefined) return [budget.begin(seed, run)];
    budget.end(run);
    return [];
  });
}

/**
 * Seed 1 has three runs of 10 s, two at a time. Seed 2 begins when one of two is free, while the third run of seed 1
 * continues.
 */
const first: [number, string, number?][] = [
  [0, 'a', 1],
  [0, 'b', 1],
  [10_000, 'a'],
  [10_000, 'c', 1],
  [12_000, 'b'],
  [12_000, 'd', 2],
];

test('two concurrent runs: half of the longest seed plus half of the longest run; an unfinished run counts as the longest finished one', () => {
  // Seed 1: 10 + 12 + 12 s, over two concurrent 17 s, and 6 s of unequal concurrent: 12 + 23 = 35 s.
  expect(begun(35_000, 2, first)).toEqual([true, true, true, true]);
  expect(begun(34_999, 2, first)).toEqual([true, true, true, false]);
});

test('a seed that has begun is not broken off; after one that was left none begins', () => {
  const more: [number, string, number?][] = [
    [99_000, 'c2', 1],
    [99_000, 'e', 2],
  ];
  expect(begun(35_000, 2, [...first, ...more])).toEqual([true, true, true, true, true, true]);
  expect(begun(20_000, 2, [...first, [12_000, 'e', 3]]).slice(3)).toEqual([false, false]);
});

test('unfinished runs give no estimate: the next seed begins if all its runs can begin at once', () => {
  const atOnce: [number, string, number?][] = [
    [0, 'a', 1],
    [0, 'd', 2],
    [0, 'e', 3],
  ];
  expect(begun(10_000, 3, atOnce)).toEqual([true, true, true]);
});
