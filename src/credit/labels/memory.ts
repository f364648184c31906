/**
 * Functions for label sources that store earlier episodes: keys of games, action rows of recurring states, and checks
 * of saved state.
 */
import type { Split } from '../../env/environment.ts';
import type { Rollout } from '../../rollout/rollout.ts';

/**
 * Key of a game. All rollouts of a group share it.
 *
 * @param goal see `GameChoice`
 */
export function gameKey(split: Split, seed: number, goal?: number): string {
  return goal === undefined ? `${split}/${seed}` : `${split}/${seed}/${goal}`;
}

/**
 * Action row, in state `n` of the rollout, of an action that was observed in an equal state.
 *
 * @throws RangeError if the state has no such action
 */
export function rowOfAction(rollout: Rollout, n: number, action: number): number {
  const { rowOffsets } = rollout.states;
  const candidates = rowOffsets[n + 1] - rowOffsets[n];
  if (action >= candidates) {
    const { seed, split } = rollout.games[rollout.episode[n]];
    throw new RangeError(
      `labels: states with the same hash must have the same actions, got action ${action} of ${candidates} in game ${seed} of ${split}; check the environment's stateHash`,
    );
  }
  return rowOffsets[n] + action;
}

/** @throws Error unless `saved` has all the arrays from which a source's state is restored */
export function requireSaved(source: string, saved: Record<string, Float64Array>, names: readonly string[]): void {
  if (names.every((name) => saved[name])) return;
  throw new Error(
    `labels: restore of source "${source}" needs ${names.join(' and ')}, got [${Object.keys(saved).join(', ')}]; resume with the labels the run began with`,
  );
}
