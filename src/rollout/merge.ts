/** Merges the rollouts of several threads into the rollout that a single thread would collect. */
import type { InputShape } from '../engine/layers/batch.ts';
import { createStateIndex, firstEqual } from '../engine/states/repeats.ts';
import { appendStates, createStateList } from '../engine/states/stateList.ts';
import { createRollout, type FinalStates, type GameChoice, growRollout, type Rollout } from './rollout.ts';

/** The final states of all pieces in the order in which `collect` records them. */
function mergeFinals(
  pieces: readonly Rollout[],
  numbers: readonly (readonly number[])[],
  lengths: Int32Array,
  shape: InputShape,
): FinalStates | null {
  if (!pieces.some(({ finals }) => finals !== null)) return null;
  const found = pieces.flatMap(({ finals }, k) =>
    Array.from(finals?.episode ?? [], (own, s) => ({ e: numbers[k][own], k, s })),
  );
  found.sort((a, b) => lengths[a.e] - lengths[b.e] || a.e - b.e);
  const states = createStateList(shape, found.length);
  for (const { k, s } of found) appendStates(states, (pieces[k].finals as FinalStates).states, s, 1);
  return { states, episode: Int32Array.from(found, ({ e }) => e) };
}

/**
 * Merges `pieces` in the order in which `collect` records all games at once: by step, then by episode.
 *
 * @param numbers for each piece, the indices of its games in `games`, ascending
 * @param reusable see `createRollout`; it must not be one of the pieces
 */
export function mergeRollouts(
  pieces: readonly Rollout[],
  numbers: readonly (readonly number[])[],
  games: readonly GameChoice[],
  shape: InputShape,
  maxSteps: number,
  reusable: Rollout | null = null,
): Rollout {
  const merged = createRollout(shape, games, maxSteps, reusable);
  growRollout(
    merged,
    pieces.reduce((sum, piece) => sum + piece.states.states, 0),
  );
  const { states } = merged;
  const hasExpert = pieces.some((piece) => piece.expert.length > 0);
  if (hasExpert) merged.expert = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.states.actions, 0));
  if (pieces.some((piece) => piece.successes.length > 0)) merged.successes = new Float64Array(games.length);
  const pieceOf = new Int32Array(games.length);
  for (let k = 0; k < pieces.length; k++) {
    for (let own = 0; own < numbers[k].length; own++) {
      const e = numbers[k][own];
      pieceOf[e] = k;
      merged.returns[e] = pieces[k].returns[own];
      if (merged.successes.length > 0) merged.successes[e] = pieces[k].successes[own];
      merged.lengths[e] = pieces[k].lengths[own];
    }
  }
  merged.finals = mergeFinals(pieces, numbers, merged.lengths, shape);
  const next = pieces.map(() => 0);
  /** Index in the merged list of each piece's states. */
  const placed = pieces.map((piece) => new Int32Array(piece.states.states));
  const index = createStateIndex();
  let live = games.map((_, e) => e);
  for (let step = 0; live.length > 0; step++) {
    live = live.filter((e) => merged.lengths[e] > step);
    for (let at = 0; at < live.length; ) {
      // Episodes of one piece are mostly adjacent, and so are their states of a step: append runs of adjacent states at
      // once.
      const k = pieceOf[live[at]];
      let end = at + 1;
      while (end < live.length && pieceOf[live[end]] === k) end++;
      const count = end - at;
      const piece = pieces[k];
      const from = next[k];
      const to = states.states;
      const row = states.actions;
      next[k] += count;
      appendStates(states, piece.states, from, count);
      if (hasExpert) {
        const { rowOffsets } = piece.states;
        merged.expert.set(piece.expert.subarray(rowOffsets[from], rowOffsets[from + count]), row);
      }
      for (let i = 0; i < count; i++) {
        const [own, n] = [from + i, to + i];
        placed[k][own] = n;
        const first = piece.first[own];
        merged.first[n] = first < own ? merged.first[placed[k][first]] : firstEqual(index, states, n);
        merged.episode[n] = live[at + i];
        merged.step[n] = step;
        merged.taken[n] = piece.taken[own];
        merged.logProb[n] = piece.logProb[own];
        merged.hash[n] = piece.hash[own];
        merged.nextHash[n] = piece.nextHash[own];
        merged.reward[n] = piece.reward[own];
        merged.terminated[n] = piece.terminated[own];
      }
      at = end;
    }
  }
  return merged;
}
