import { expect, test } from 'vitest';
import { partitionGames } from '../../src/rollout/chunks.ts';
import type { GameChoice } from '../../src/rollout/rollout.ts';

const groups = (sizes: readonly number[]): GameChoice[] =>
  sizes.flatMap((size, g) => Array.from({ length: size }, (_, rollout) => ({ seed: g, split: 'train', rollout })));

test('a boundary moves to the end of a nearby group, so that its episodes stay together', () => {
  expect(partitionGames(groups([8, 8, 8, 8, 8, 8, 8, 8, 8, 8]), 4).map((numbers) => numbers.length)).toEqual([
    24, 24, 16, 16,
  ]);
  expect(partitionGames(groups([3, 3, 3, 3]), 2)).toEqual([
    [0, 1, 2, 3, 4, 5],
    [6, 7, 8, 9, 10, 11],
  ]);
});

test('a group that is larger than a chunk is partitioned evenly', () => {
  expect(partitionGames(groups([10]), 3)).toEqual([
    [6, 7, 8, 9],
    [0, 1, 2],
    [3, 4, 5],
  ]);
});

test('two threads that claim chunks of groups of 8 in their order play equally many episodes, and so do four and eight', () => {
  for (const [groupsCount, threads, most] of [
    [10, 2, 40],
    [10, 4, 20],
    [40, 8, 40],
  ]) {
    const ends = Array.from({ length: threads }, () => 0);
    for (const numbers of partitionGames(groups(Array(groupsCount).fill(8)), 2 * threads)) {
      const free = ends.indexOf(Math.min(...ends));
      ends[free] += numbers.length;
    }
    expect(Math.max(...ends)).toBe(most);
  }
});

test('games that recur later are grouped; equal seeds of different splits are different games', () => {
  const seeds = [4, 5, 6, 4, 5, 6, 4, 5, 6];
  const games: GameChoice[] = seeds.map((seed, rollout) => ({ seed, split: 'train', rollout }));
  expect(partitionGames(games, 3)).toEqual([
    [0, 3, 6],
    [1, 4, 7],
    [2, 5, 8],
  ]);
  const split = games.map((game, e): GameChoice => (e < 3 ? { ...game, split: 'in-domain' } : game));
  expect(partitionGames(split, 3)).toEqual([
    [0, 1, 2],
    [3, 4, 6],
    [5, 7, 8],
  ]);
});

test.each([1, 2, 3, 5, 8])('%i chunks of any groups are disjoint, complete and not empty', (chunks) => {
  for (const sizes of [[8], [1, 7, 2], [5, 5, 5, 5], Array.from({ length: 40 }, () => 1), [13, 2, 2, 2, 13]]) {
    const games = groups(sizes);
    const cut = partitionGames(games, chunks);
    expect(cut.length).toBe(chunks);
    expect(cut.flat().sort((a, b) => a - b)).toEqual([...games.keys()]);
    for (const numbers of cut) {
      expect(numbers.length).toBeGreaterThan(0);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
  }
});
