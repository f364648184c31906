/** What sources with a memory of earlier episodes share: names of games, candidates of states that recur, and what was saved. */
import type { Split } from '../../env/environment.ts';
import type { Rollout } from '../../rollout/rollout.ts';

/** Rollouts of one game share it, whatever their number within the group. */
export function gameKey(split: Split, seed: number): string {
  return `${split}/${seed}`;
}

/**
 * Row of an action known from an equal state in state `n` of the rollout.
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

/** @throws Error unless `saved` has all that a source's memory is restored from */
export function requireSaved(source: string, saved: Record<string, Float64Array>, names: readonly string[]): void {
  if (names.every((name) => saved[name])) return;
  throw new Error(
    `labels: restore of source "${source}" needs ${names.join(' and ')}, got [${Object.keys(saved).join(', ')}]; resume with the labels the run began with`,
  );
}
