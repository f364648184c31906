/** Labels from a learned critic: what a network that has seen the episodes so far expects of each candidate. */
import type { Rollout } from '../../rollout/rollout.ts';

/** A model of the returns of actions; `train/critic.ts` makes one. */
export interface Critic {
  /**
   * Learns from the rollout and those before it.
   *
   * @returns share of the variance of the rollout's returns that it knew of before, at least 0
   */
  learn(rollout: Rollout): number | Promise<number>;
  /** Expected return of each action row of the rollout: f64[action rows]. */
  values(rollout: Rollout): Float64Array;
  /** What a resumed run needs. */
  save(): Record<string, Float64Array>;
  /** Takes back what `save` returned. */
  restore(saved: Record<string, Float64Array>): void;
}

/**
 * A candidate that the rollout tried in this state or an equal one is good where its value is more than `margin` above the mean of its state's
 * candidates, bad where it is more than that below. Of what nobody tried the critic guesses.
 *
 * @param values f64[action rows]
 * @returns i8[action rows]
 */
export function criticLabels(rollout: Rollout, values: Float64Array, margin: number): Int8Array {
  const { states, actions, rowOffsets } = rollout.states;
  const { first, taken } = rollout;
  // By the first of equal states.
  const tried = new Uint8Array(actions);
  for (let n = 0; n < states; n++) tried[rowOffsets[first[n]] + taken[n]] = 1;
  const labels = new Int8Array(actions).fill(-1);
  for (let n = 0; n < states; n++) {
    const own = values.subarray(rowOffsets[n], rowOffsets[n + 1]);
    const mean = own.reduce((sum, x) => sum + x, 0) / own.length;
    for (const [a, value] of own.entries()) {
      if (tried[rowOffsets[first[n]] + a] === 0) continue;
      if (value > mean + margin) labels[rowOffsets[n] + a] = 1;
      else if (value < mean - margin) labels[rowOffsets[n] + a] = 0;
    }
  }
  return labels;
}
