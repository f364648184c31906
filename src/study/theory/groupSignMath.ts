/**
 * Sign of the group-relative advantage of a risky action, in closed form and measured.
 *
 * Episodes have one risky choice. The risky action is taken with probability q and makes the episode fail with
 * probability r. The rest of the episode succeeds with probability u. The return is 1 if all succeeds, otherwise 0. An
 * advantage is the return minus the mean return of the group of G episodes; the division by the standard deviation does
 * not change its sign. docs/math.md derives the closed forms.
 */
import { groupRelative } from '../../credit/advantages/groupRelative.ts';
import { type Interval, meanInterval, rateInterval } from '../../statistics/statistics.ts';
import { playGroups } from './riskyActionMath.ts';

export interface RiskyGroup {
  /** Probability of the risky action, in (0, 1). */
  readonly q: number;
  /** Probability that it makes the episode fail, in (0, 1]. */
  readonly r: number;
  /** Episodes per group, at least 2. */
  readonly groupSize: number;
  /** u: probability that the rest of the episode succeeds, in (0, 1]. */
  readonly rest: number;
}

/** Probabilities of one group size. */
export interface Signs {
  /** P(A > 0 | the episode took the risky action): the update makes this sample of the risky action likelier. */
  readonly sample: number;
  /** P(sum of A over the risky action's samples of a group > 0): the group as a whole makes it likelier. */
  readonly group: number;
}

/** P(k successes in n trials), k = 0..n. Built trial by trial, without division, so p may be 0 or 1. */
function binomial(n: number, p: number): Float64Array {
  const probabilities = new Float64Array(n + 1);
  probabilities[0] = 1;
  for (let trials = 1; trials <= n; trials++) {
    for (let k = trials; k > 0; k--) probabilities[k] = probabilities[k] * (1 - p) + probabilities[k - 1] * p;
    probabilities[0] *= 1 - p;
  }
  return probabilities;
}

/**
 * The exact probabilities.
 *
 * A risky sample has A > 0 if its episode succeeds and another one of the group fails:
 *
 *   P(A > 0 | risky) = u (1 - r) (1 - (u (1 - q r))^(G - 1))
 *
 * With k risky episodes, a of which succeed, and b successes among the other G - k, the sum of their advantages is
 * a - k (a + b) / G, so
 *
 *   P(sum > 0) = sum over k, a, b with a (G - k) > b k of Bin(k; G, q) Bin(a; k, u (1 - r)) Bin(b; G - k, u)
 */
export function expectedSigns({ q, r, groupSize, rest }: RiskyGroup): Signs {
  // Probability that all other episodes succeed.
  let allSucceed = 1;
  for (let other = 1; other < groupSize; other++) allSucceed *= rest * (1 - q * r);
  const riskyCounts = binomial(groupSize, q);
  let group = 0;
  for (let k = 1; k < groupSize; k++) {
    const successes = binomial(k, rest * (1 - r));
    const otherSuccesses = binomial(groupSize - k, rest);
    let positive = 0;
    for (let a = 1; a <= k; a++) {
      for (let b = 0; b * k < a * (groupSize - k); b++) positive += successes[a] * otherSuccesses[b];
    }
    group += riskyCounts[k] * positive;
  }
  return { sample: rest * (1 - r) * (1 - allSucceed), group };
}

/**
 * The same probabilities, measured with `groupRelative` on `groups` groups: means over groups with 95% intervals. The
 * share of samples is divided by the expected number of risky episodes of a group, G q.
 */
export function measuredSigns(
  action: RiskyGroup,
  groups: number,
  seed: number,
): { readonly [name in keyof Signs]: Interval } {
  const { q, groupSize, rest } = action;
  const { returns, risky } = playGroups(action, groups, seed, rest);
  const { advantages } = groupRelative(returns, groupSize, 'none');
  const samples = new Array<number>(groups);
  const signs = new Array<number>(groups);
  for (let group = 0; group < groups; group++) {
    let [positive, taken, successes, allSuccesses] = [0, 0, 0, 0];
    for (let i = group * groupSize; i < (group + 1) * groupSize; i++) {
      allSuccesses += returns[i];
      if (risky[i] === 0) continue;
      taken++;
      successes += returns[i];
      if (advantages[i] > 0) positive++;
    }
    samples[group] = positive / (groupSize * q);
    // In whole numbers: the sum of rounded advantages can miss 0.
    signs[group] = successes * groupSize > taken * allSuccesses ? 1 : 0;
  }
  return { sample: meanInterval(samples), group: rateInterval(signs) };
}
