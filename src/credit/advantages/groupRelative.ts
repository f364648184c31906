/** Advantages of GRPO: the return of an episode relative to the returns of the other episodes with the same start. */
import { checkChoice, isList, refuse, shown } from '../../check/values.ts';
import { divisorOf, moments, type RewardScale } from './moments.ts';

/** What `groupRelative` returns. */
export interface GroupRelative {
  /** f32[episodes] */
  readonly advantages: Float32Array;
  /** Mean over the groups of the population standard deviation of their returns, in units of reward. */
  readonly rewardStd: number;
  /**
   * Share of the groups whose returns are all equal, so that all their advantages are 0. TRL logs it as
   * `frac_reward_zero_std`.
   */
  readonly deadShare: number;
}

/**
 * A = (R - mean of the group) / (std + 1e-4), with the population standard deviation of the group (Shao et al.,
 * "DeepSeekMath", 2024, arXiv 2402.03300) or of the whole batch. With `none` there is no divisor (Liu et al.,
 * "Understanding R1-Zero-like training", 2025, arXiv 2503.20783).
 *
 * @param returns the return of each episode, ordered by group
 * @param groupSize episodes per group
 * @throws RangeError if groupSize < 2, the returns are not whole groups, or one of them or of the advantages is not
 * finite
 */
export function groupRelative(returns: ArrayLike<number>, groupSize: number, scaleRewards: RewardScale): GroupRelative {
  if (!isList(returns)) refuse('groupRelative', 'returns', 'an array of numbers', returns, 'pass one for each episode');
  const episodes = returns.length;
  if (!Number.isSafeInteger(groupSize) && !(Number.isFinite(groupSize) && groupSize < 2)) {
    refuse('groupRelative', 'groupSize', 'an integer >= 2', groupSize, 'pass the number of episodes per start');
  }
  if (!(groupSize >= 2)) {
    throw new RangeError(`groupRelative: groupSize must be >= 2, got ${groupSize}; raise config.numGenerations`);
  }
  if (episodes === 0 || episodes % groupSize !== 0) {
    throw new RangeError(
      `groupRelative: returns must be one or more whole groups of ${groupSize}, got ${episodes}; collect groupSize episodes per start`,
    );
  }
  for (let i = 0; i < episodes; i++) {
    if (!Number.isFinite(returns[i])) {
      throw new RangeError(
        `groupRelative: returns must be finite, got ${shown(returns[i])} at ${i}; check the environment's rewards`,
      );
    }
  }
  checkChoice('groupRelative', 'scaleRewards', scaleRewards, ['group', 'batch', 'none']);
  const advantages = new Float32Array(episodes);
  const batchStd = scaleRewards === 'batch' ? moments(returns, 0, episodes).std : 0;
  const groups = episodes / groupSize;
  let stdSum = 0;
  let dead = 0;
  for (let from = 0; from < episodes; from += groupSize) {
    const { mean, std } = moments(returns, from, from + groupSize);
    stdSum += std;
    if (std === 0) dead++;
    const divisor = divisorOf(scaleRewards, std, batchStd);
    for (let i = from; i < from + groupSize; i++) {
      advantages[i] = (returns[i] - mean) / divisor;
      if (!(Number.isFinite(advantages[i]) && Number.isFinite(std))) {
        throw new RangeError(
          `groupRelative: advantages must be finite, got ${advantages[i]} for the return ${returns[i]} at ${i} with standard deviation ${std}; scale the environment's rewards down`,
        );
      }
    }
  }
  return { advantages, rewardStd: stdSum / groups, deadShare: dead / groups };
}
