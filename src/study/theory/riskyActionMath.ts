/**
 * Group-relative advantage of a risky action, in closed form and measured.
 *
 * Episodes have one step. The risky action is taken with probability q and makes the episode fail with probability r.
 * Without it, the episode succeeds. docs/math.md derives the closed form.
 */
import { groupRelative } from '../../credit/advantages/groupRelative.ts';
import { STD_FLOOR } from '../../credit/advantages/moments.ts';
import { createLookAlike } from '../../env/lookAlike.ts';
import { randomStream } from '../../random.ts';
import { type Interval, meanInterval } from '../../statistics/statistics.ts';

export interface RiskyAction {
  /** Probability of the risky action, in (0, 1). */
  readonly q: number;
  /** Probability that it makes the episode fail, in (0, 1]. */
  readonly r: number;
  /** Episodes per group. Infinity selects the limit of the closed form. */
  readonly groupSize: number;
  readonly scaleRewards: 'group' | 'none';
}

/** E[var / (std + floor)] of the returns of a group with success probability p; without the division, E[var]. */
function expectedSpread(p: number, { groupSize, scaleRewards }: RiskyAction): number {
  const variance = p * (1 - p);
  if (groupSize === Infinity) return scaleRewards === 'none' ? variance : variance / (Math.sqrt(variance) + STD_FLOOR);
  if (scaleRewards === 'none') return variance * (1 - 1 / groupSize);
  // P(k successes), by the recurrence of binomial probabilities.
  let probability = 1;
  for (let i = 0; i < groupSize; i++) probability *= 1 - p;
  let sum = 0;
  for (let k = 1; k < groupSize; k++) {
    probability *= ((groupSize - k + 1) / k) * (p / (1 - p));
    const share = k / groupSize;
    const spread = share * (1 - share);
    sum += probability * (spread / (Math.sqrt(spread) + STD_FLOOR));
  }
  return sum;
}

/**
 * E[1{risky action taken} * advantage] of an episode. Without division by the standard deviation it is (1 - 1/G) q r (q
 * - 1). With it: q r (q - 1) E[var / (std + 1e-4)] / (p (1 - p)) for p = 1 - q r.
 */
export function expectedAdvantage(action: RiskyAction): number {
  const { q, r } = action;
  const p = 1 - q * r;
  return (q * r * (q - 1) * expectedSpread(p, action)) / (p * (1 - p));
}

/** Returns of groups of episodes, and which of them took the risky action; f64 and u8[groups * groupSize]. */
export interface PlayedGroups {
  readonly returns: Float64Array;
  readonly risky: Uint8Array;
}

/**
 * Plays `groups` groups of episodes.
 *
 * @param rest probability that the rest of an episode succeeds; an episode fails with it
 */
export function playGroups(
  { q, r, groupSize }: Pick<RiskyAction, 'q' | 'r' | 'groupSize'>,
  groups: number,
  seed: number,
  rest = 1,
): PlayedGroups {
  const environment = createLookAlike({
    stepsPerEpisode: 1,
    otherShare: 0,
    noise: 0,
    actionCount: 2,
    vectorWidth: 3,
    risk: r,
  });
  // Each case has its own random numbers, so that the errors are independent. The two scalings of one case use the same
  // episodes.
  const purpose = `theory/${groupSize}/${q}/${r}`;
  const returns = new Float64Array(groups * groupSize);
  const risky = new Uint8Array(groups * groupSize);
  for (let group = 0; group < groups; group++) {
    const actions = randomStream(seed, `${purpose}/actions`, group);
    const rests = randomStream(seed, `${purpose}/rest/${rest}`, group);
    const game = randomStream(seed, `${purpose}/games`, group).uint32();
    for (let rollout = 0; rollout < groupSize; rollout++) {
      const i = group * groupSize + rollout;
      environment.reset({ seed: game, split: 'train', rollout });
      risky[i] = actions.uniform() < q ? 1 : 0;
      const { reward } = environment.step(risky[i]);
      returns[i] = rest === 1 || rests.uniform() < rest ? reward : 0;
    }
  }
  return { returns, risky };
}

/**
 * The same quantity, measured with `groupRelative` on `groups` groups of episodes: mean over groups with its 95% t
 * interval.
 */
export function measuredAdvantage(action: RiskyAction, groups: number, seed: number): Interval {
  const { groupSize, scaleRewards } = action;
  const { returns, risky } = playGroups(action, groups, seed);
  const { advantages } = groupRelative(returns, groupSize, scaleRewards);
  return meanInterval(
    Array.from({ length: groups }, (_, group) => {
      let sum = 0;
      for (let i = group * groupSize; i < (group + 1) * groupSize; i++) sum += risky[i] * advantages[i];
      return sum / groupSize;
    }),
  );
}
