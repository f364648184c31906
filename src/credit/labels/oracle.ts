/** Labels from the environment's expert: privileged, so a bound on what labels can do and not a method. */
import type { Rollout } from '../../rollout/rollout.ts';

/**
 * Good (1) where the expert would take the action, bad (0) elsewhere: every row has a label.
 *
 * @returns i8[action rows]
 * @throws Error if the rollout's environment has no expert
 */
export function oracleLabels(rollout: Rollout): Int8Array {
  const { actions } = rollout.states;
  if (rollout.expert.length < actions) {
    throw new Error('labels: source "oracle" needs an environment with an expert; use "graph" or "advantage"');
  }
  return Int8Array.from(rollout.expert.subarray(0, actions));
}
