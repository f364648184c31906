/** Partitions games into chunks, each of which one thread plays by itself. */
import type { GameChoice } from './rollout.ts';

/**
 * Partitions games into chunks of about equal size. Episodes of one game stay together where the sizes allow it: their
 * states repeat, and a chunk computes each distinct state once. The partition depends only on the games and the number
 * of chunks.
 *
 * @returns the indices of each chunk's games, ascending; no chunk is empty if there are at least as many games as
 * chunks. Larger chunks come first, so that threads that claim them in this order end at nearly the same time
 */
export function partitionGames(games: readonly GameChoice[], chunks: number): number[][] {
  const byName = new Map<string, number[]>();
  for (const [e, { seed, split }] of games.entries()) {
    const name = `${split} ${seed}`;
    const same = byName.get(name);
    if (same) same.push(e);
    else byName.set(name, [e]);
  }
  const grouped = [...byName.values()];
  const boundaries: number[] = [0];
  for (const same of grouped) boundaries.push(boundaries[boundaries.length - 1] + same.length);
  const order = grouped.flat();
  const size = games.length / chunks;
  let next = 0;
  let from = 0;
  const parts = Array.from({ length: chunks }, (_, k) => {
    const even = Math.floor((k + 1) * size);
    while (boundaries[next + 1] <= even) next++;
    const near = [boundaries[next], boundaries[next + 1]].filter((at) => Math.abs(at - even) <= size / 4);
    near.sort((a, b) => Math.abs(a - even) - Math.abs(b - even));
    const to = near[0] ?? even;
    const numbers = order.slice(from, to).sort((a, b) => a - b);
    from = to;
    return numbers;
  });
  return parts.sort((a, b) => b.length - a.length);
}
