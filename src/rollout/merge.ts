/** Rollouts that several threads collected, as the one that a single thread would have. */
import type { InputShape } from '../layers/batch.ts';
import { createStateIndex, firstEqual } from './repeats.ts';
import { createRollout, type GameChoice, type Rollout } from './rollout.ts';
import { appendState } from './states.ts';

/**
 * Merges `pieces` in the order in which `collect` plays all games at once: by step, then by episode.
 *
 * @param spent see `createRollout`; none of the pieces
 * @param numbers of each piece the numbers of its games in `games`, ascending
 */
export function mergeRollouts(
  pieces: readonly Rollout[],
  numbers: readonly (readonly number[])[],
  games: readonly GameChoice[],
  shape: InputShape,
  maxSteps: number,
  spent: Rollout | null = null,
): Rollout {
  const merged = createRollout(shape, games, maxSteps, spent);
  const { states } = merged;
  const hasExpert = pieces.some((piece) => piece.expert.length > 0);
  if (hasExpert) merged.expert = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.states.actions, 0));
  const pieceOf = new Int32Array(games.length);
  for (let k = 0; k < pieces.length; k++) {
    for (let own = 0; own < numbers[k].length; own++) {
      const e = numbers[k][own];
      pieceOf[e] = k;
      merged.returns[e] = pieces[k].returns[own];
      merged.lengths[e] = pieces[k].lengths[own];
    }
  }
  const next = pieces.map(() => 0);
  /** Number of each piece's states in the merged list. */
  const placed = pieces.map((piece) => new Int32Array(piece.states.states));
  const index = createStateIndex();
  let live = games.map((_, e) => e);
  for (let step = 0; live.length > 0; step++) {
    live = live.filter((e) => merged.lengths[e] > step);
    for (const e of live) {
      const k = pieceOf[e];
      const piece = pieces[k];
      const from = next[k]++;
      const to = states.states;
      const row = states.actions;
      appendState(states, piece.states, from);
      placed[k][from] = to;
      const first = piece.first[from];
      merged.first[to] = first < from ? merged.first[placed[k][first]] : firstEqual(index, states, to);
      merged.episode[to] = e;
      merged.step[to] = step;
      merged.taken[to] = piece.taken[from];
      merged.logProb[to] = piece.logProb[from];
      merged.hash[to] = piece.hash[from];
      merged.nextHash[to] = piece.nextHash[from];
      merged.reward[to] = piece.reward[from];
      merged.terminated[to] = piece.terminated[from];
      if (!hasExpert) continue;
      const own = piece.states.rowOffsets[from];
      for (let a = 0; a < states.actions - row; a++) merged.expert[row + a] = piece.expert[own + a];
    }
  }
  return merged;
}
