/** Labels from the sign of the group advantage, which every GRPO run computes. */
import type { Rollout } from '../../rollout/rollout.ts';

/** Advantages up to this magnitude give no label. */
const SMALLEST = 1e-3;

/**
 * The action taken is good (1) where its episode's advantage is above 1e-3, and bad (0) where it is below -1e-3. All
 * other action rows have no label (-1).
 *
 * @param advantages f32[episodes]
 * @returns i8[action rows]
 * @throws RangeError if there is not one advantage per episode
 */
export function advantageLabels(rollout: Rollout, advantages: Float32Array): Int8Array {
  if (advantages.length !== rollout.games.length) {
    throw new RangeError(
      `labels: advantages must have one value per episode, ${rollout.games.length}, got ${advantages.length}; pass those of this rollout`,
    );
  }
  const { states, actions, rowOffsets } = rollout.states;
  const labels = new Int8Array(actions).fill(-1);
  for (let n = 0; n < states; n++) {
    const advantage = advantages[rollout.episode[n]];
    if (advantage > SMALLEST) labels[rowOffsets[n] + rollout.taken[n]] = 1;
    else if (advantage < -SMALLEST) labels[rowOffsets[n] + rollout.taken[n]] = 0;
  }
  return labels;
}
