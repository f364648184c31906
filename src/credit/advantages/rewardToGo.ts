/** Advantages of GRPO with dense rewards: the rewards from a step on, relative to those from all steps of the group. */
import { discountedReturns, relativeReturns, type Steps } from './anchorState.ts';
import type { RewardScale } from './moments.ts';

/**
 * A_t = (G_t - mean) / (std + 1e-4) with the discounted reward-to-go G_t = r_t + discount * G_(t + 1) (Williams, 1992,
 * "Simple statistical gradient-following algorithms for connectionist reinforcement learning", with the baseline and
 * scale of GRPO). Mean and population standard deviation are over the G of all steps of the episodes of a group.
 *
 * @param steps states of an episode are in the order of its steps
 * @param groupSize episodes per group
 * @param discount in [0, 1], per step
 * @param scaleRewards the standard deviation in the divisor: of the group, of all steps of the batch, or none
 * @returns f32[states]
 * @throws RangeError if an advantage is not finite
 */
export function rewardToGo(
  steps: Omit<Steps, 'hash'>,
  groupSize: number,
  discount: number,
  scaleRewards: RewardScale,
): Float32Array {
  const returns = discountedReturns(steps, discount);
  const groups: number[][] = [];
  for (let s = 0; s < returns.length; s++) {
    const group = Math.floor(steps.episode[s] / groupSize);
    groups[group] ??= [];
    groups[group].push(s);
  }
  return relativeReturns('rewardToGo', returns, groups, scaleRewards);
}
