/**
 * Labels from the environment's expert. The expert uses task knowledge that the agent does not have, so these labels
 * bound what labels can achieve. They are not a method.
 */
import type { Rollout } from '../../rollout/rollout.ts';

/**
 * An action is good (1) where the expert would take it, otherwise bad (0). Every row has a label.
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
