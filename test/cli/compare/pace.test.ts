import { expect, test } from 'vitest';
import { openPace } from '../../../src/cli/compare/pace.ts';

/** Ends and beginnings at these ms, in turn; what `begin` said. */
function paced(
  budgetMs: number,
  lanes: number,
  events: readonly [ms: number, run: string, seed?: number][],
): boolean[] {
  let ms = 0;
  const pace = openPace(budgetMs, lanes, () => ms);
  return events.flatMap(([at, run, seed]) => {
    ms = at;
    if (seed !== undefined) return [pace.begin(seed, run)];
    pace.end(run);
    return [];
  });
}

/** Three runs of 10 s of seed 1 on two lanes; at 20 s one lane is free for seed 2, while the third run goes on. */
const first: [number, string, number?][] = [
  [0, 'a', 1],
  [0, 'b', 1],
  [10_000, 'a'],
  [10_000, 'c', 1],
  [12_000, 'b'],
  [12_000, 'd', 2],
];

test('two lanes: half of the longest seed and half of the longest run, a run that goes on as the longest that has ended', () => {
  // Seed 1: 10 + 12 + 12 s, over two lanes 17 s, and 6 s of unequal lanes: 12 + 23 = 35 s.
  expect(paced(35_000, 2, first)).toEqual([true, true, true, true]);
  expect(paced(34_999, 2, first)).toEqual([true, true, true, false]);
});

test('a seed that has begun is not broken off; after one that was left none begins', () => {
  const more: [number, string, number?][] = [
    [99_000, 'c2', 1],
    [99_000, 'e', 2],
  ];
  expect(paced(35_000, 2, [...first, ...more])).toEqual([true, true, true, true, true, true]);
  expect(paced(20_000, 2, [...first, [12_000, 'e', 3]]).slice(3)).toEqual([false, false]);
});

test('what has not ended says nothing: lanes that are free at once begin the next seed', () => {
  const atOnce: [number, string, number?][] = [
    [0, 'a', 1],
    [0, 'd', 2],
    [0, 'e', 3],
  ];
  expect(paced(10_000, 3, atOnce)).toEqual([true, true, true]);
});
