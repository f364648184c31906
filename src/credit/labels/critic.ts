/** Labels from a learned critic: a network, trained on the episodes so far, predicts the return of each candidate. */
import type { Rollout } from '../../rollout/rollout.ts';

/** A model that predicts the returns of actions; `train/critic.ts` implements it. */
export interface Critic {
  /**
   * Trains on the rollout and on earlier ones.
   *
   * @returns share of the variance of the rollout's returns that the critic explained before this training (explained
   * variance), at least 0
   */
  learn(rollout: Rollout): number | Promise<number>;
  /** f64[action rows]: predicted return of each action row of the rollout. */
  values(rollout: Rollout): Float64Array;
  /** What a resumed run needs. */
  save(): Record<string, Float64Array>;
  /** Takes back what `save` returned. */
  restore(saved: Record<string, Float64Array>): void;
}

/**
 * Labels the candidates that the rollout tried in this state or an equal one. A candidate is good where its value is
 * more than `margin` above the mean of its state's candidates, and bad where it is more than `margin` below. Candidates
 * that were never tried have no label: the critic only extrapolates to them.
 *
 * @param values f64[action rows]
 * @returns i8[action rows]
 */
export function criticLabels(rollout: Rollout, values: Float64Array, margin: number): Int8Array {
  const { states, actions, rowOffsets } = rollout.states;
  const { first, taken } = rollout;
  // By the first state of each set of equal states.
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
