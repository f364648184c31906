/** Advantages of PPO: the return of a step relative to the value of its state. */
import { moments, STD_FLOOR } from './moments.ts';

export interface Generalized {
  /** f32[states] */
  readonly advantages: Float32Array;
  /** f32[states], targets for the values: advantage + value. */
  readonly targets: Float32Array;
}

/**
 * Generalised advantage estimation (Schulman et al., 2015, arXiv 1506.02438, equation 16): A_t = d_t + discount *
 * lambda * A_(t + 1) with d_t = r_t + discount * V(s_(t + 1)) - V(s_t). After an episode's last step A is 0, and V is
 * that of `last`.
 *
 * @param steps episode and reward of each state; states of an episode are in the order of its steps
 * @param values f32[states], V(s_t) at the time the episodes were played
 * @param last by episode, the value of the state after its last step: 0 where the episode was terminated. null: 0 for
 *   truncated episodes too, as in group-relative advantages, where the step limit is part of the task
 * @throws RangeError if an advantage is not finite
 */
export function generalized(
  steps: { readonly episode: ArrayLike<number>; readonly reward: ArrayLike<number> },
  values: Float32Array,
  discount: number,
  lambda: number,
  last: ArrayLike<number> | null = null,
): Generalized {
  const advantages = new Float32Array(values.length);
  const targets = new Float32Array(values.length);
  const next = new Map<number, { advantage: number; value: number }>();
  for (let s = values.length - 1; s >= 0; s--) {
    const after = next.get(steps.episode[s]) ?? { advantage: 0, value: last?.[steps.episode[s]] ?? 0 };
    const advantage = steps.reward[s] + discount * after.value - values[s] + discount * lambda * after.advantage;
    next.set(steps.episode[s], { advantage, value: values[s] });
    advantages[s] = advantage;
    targets[s] = advantage + values[s];
    if (!Number.isFinite(advantages[s])) {
      throw new RangeError(
        `generalized: advantages must be finite, got ${advantages[s]} at step ${s}; scale the environment's rewards down`,
      );
    }
  }
  return { advantages, targets };
}

/** (A - mean) / (std + 1e-4) over all steps of a batch. */
export function standardized(advantages: Float32Array): Float32Array {
  const { mean, std } = moments(advantages, 0, advantages.length);
  return advantages.map((a) => (a - mean) / (std + STD_FLOOR));
}
