/** Games in chunks that threads play by themselves. */
import type { GameChoice } from './rollout.ts';

/**
 * Cuts games into chunks of about equal size. Episodes of one game stay together as far as that goes: their states repeat, and a chunk computes
 * each distinct state once. The cut depends only on the games and the number of chunks.
 *
 * @returns the numbers of each chunk's games, ascending; no chunk is empty where there are at least as many games as chunks
 */
export function partitionGames(games: readonly GameChoice[], chunks: number): number[][] {
  const byName = new Map<string, number[]>();
  for (const [e, { seed, split }] of games.entries()) {
    const name = `${split} ${seed}`;
    const same = byName.get(name);
    if (same) same.push(e);
    else byName.set(name, [e]);
  }
  const together = [...byName.values()];
  const boundaries: number[] = [0];
  for (const same of together) boundaries.push(boundaries[boundaries.length - 1] + same.length);
  const order = together.flat();
  const size = games.length / chunks;
  let next = 0;
  let from = 0;
  return Array.from({ length: chunks }, (_, k) => {
    const even = Math.floor((k + 1) * size);
    while (boundaries[next + 1] <= even) next++;
    const near = [boundaries[next], boundaries[next + 1]].filter((at) => Math.abs(at - even) <= size / 4);
    near.sort((a, b) => Math.abs(a - even) - Math.abs(b - even));
    const to = near[0] ?? even;
    const numbers = order.slice(from, to).sort((a, b) => a - b);
    from = to;
    return numbers;
  });
}
