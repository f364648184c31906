/**
 * Step advantages of GiGPO: the return of an action relative to the returns of the other actions taken in the same
 * state.
 */
import type { Rollout } from '../../rollout/rollout.ts';
import { divisorOf, moments, type RewardScale } from './moments.ts';

/** Input of step advantages, by state. The states of an episode are in the order of its steps. */
export type Steps = Pick<Rollout, 'episode' | 'reward' | 'hash'> & { readonly states: { readonly states: number } };

/**
 * Discounted return from each step to the end of its episode: R_t = r_t + discount * R_(t + 1).
 *
 * @returns f64[states]
 */
export function discountedReturns({ states, episode, reward }: Omit<Steps, 'hash'>, discount: number): Float64Array {
  const returns = new Float64Array(states.states);
  const rest = new Map<number, number>();
  for (let s = states.states - 1; s >= 0; s--) {
    returns[s] = reward[s] + discount * (rest.get(episode[s]) ?? 0);
    rest.set(episode[s], returns[s]);
  }
  return returns;
}

/**
 * Indices of the steps of each anchor group, in their order. An anchor group is the steps of one group of episodes with
 * equal state hash.
 */
function anchorGroups({ states, episode, hash }: Steps, groupSize: number): number[][] {
  const byGroup: Map<number, number[]>[] = [];
  for (let s = 0; s < states.states; s++) {
    const group = Math.floor(episode[s] / groupSize);
    byGroup[group] ??= new Map();
    const anchor = byGroup[group].get(hash[s]);
    if (anchor) anchor.push(s);
    else byGroup[group].set(hash[s], [s]);
  }
  return byGroup.flatMap((anchors) => [...anchors.values()]);
}

/**
 * (return - mean) / divisor within each group of steps.
 *
 * @param caller name of the calling function, for the message
 * @param returns f64[states]
 * @param groups indices of the steps of each group
 * @returns f32[states]
 * @throws RangeError if an advantage is not finite
 */
export function relativeReturns(
  caller: string,
  returns: Float64Array,
  groups: readonly (readonly number[])[],
  scaleRewards: RewardScale,
): Float32Array {
  const batchStd = scaleRewards === 'batch' ? moments(returns, 0, returns.length).std : 0;
  const advantages = new Float32Array(returns.length);
  for (const group of groups) {
    const own = group.map((s) => returns[s]);
    const { mean, std } = moments(own, 0, own.length);
    const divisor = divisorOf(scaleRewards, std, batchStd);
    group.forEach((s, i) => {
      advantages[s] = (own[i] - mean) / divisor;
      if (!Number.isFinite(advantages[s])) {
        throw new RangeError(
          `${caller}: advantages must be finite, got ${advantages[s]} for the return ${own[i]} at step ${s}; scale the environment's rewards down`,
        );
      }
    });
  }
  return advantages;
}

/**
 * A^S = (R_t - mean of the anchor group) / (std + 1e-4) with R_t the discounted return from the step on (Feng et al.,
 * "Group-in-group policy optimization for LLM agent training", 2025, arXiv 2505.10978, section 4.2). The advantage is 0
 * for a step whose anchor group has no other step.
 *
 * @param groupSize episodes per group
 * @param discount in [0, 1]; with 1 a reward counts fully at any later step
 * @param scaleRewards the population standard deviation in the divisor: of the anchor group, of the discounted returns
 * of the batch, or none
 * @returns f32[states]
 * @throws RangeError if an advantage is not finite
 */
export function anchorState(
  steps: Steps,
  groupSize: number,
  discount: number,
  scaleRewards: RewardScale,
): Float32Array {
  return relativeReturns(
    'anchorState',
    discountedReturns(steps, discount),
    anchorGroups(steps, groupSize),
    scaleRewards,
  );
}
