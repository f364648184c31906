/**
 * Permutation tests of two methods whose runs are paired by seed: under the null hypothesis the two runs of a seed can
 * be swapped.
 */
import { randomStream } from '../random.ts';

const MAX_EXACT_SEEDS = 12;
const SAMPLED_SWAPS = 10_000;

/**
 * Two-sided p value: share of the swaps of runs within pairs for which `statistic` is at least as far from 0 as
 * `value`. All swaps for up to 12 pairs (4096), otherwise 10,000 sampled ones; the identity counts as one of them.
 *
 * @param value the statistic without swaps
 * @param statistic the statistic after swapping the pairs for which `swapped` is true; null counts as smaller
 */
export function swapPValue(
  pairs: number,
  value: number,
  statistic: (swapped: (pair: number) => boolean) => number | null,
  seed: number,
): number {
  const exact = pairs <= MAX_EXACT_SEEDS;
  const swaps = exact ? 1 << pairs : SAMPLED_SWAPS;
  // The tolerance covers rounding: sums in another order differ.
  const least = Math.abs(value) * (1 - 1e-9);
  let asLarge = 0;
  for (let swap = 0; swap < swaps; swap++) {
    const stream = randomStream(seed, 'statistics/permutation', swap);
    const sampled = exact ? null : Array.from({ length: pairs }, () => stream.below(2) === 1);
    const difference = statistic((i) => (sampled === null ? ((swap >>> i) & 1) === 1 : sampled[i]));
    if (difference !== null && Math.abs(difference) >= least) asLarge++;
  }
  return exact ? asLarge / swaps : (asLarge + 1) / (swaps + 1);
}

/**
 * p value of the mean of paired differences; see `swapPValue`.
 *
 * @param differences one per seed, at least one
 */
export function pairedPValue(differences: readonly number[], seed: number): number {
  const sumOf = (swapped: (pair: number) => boolean): number =>
    differences.reduce((sum, difference, i) => sum + (swapped(i) ? -difference : difference), 0);
  return swapPValue(
    differences.length,
    sumOf(() => false),
    sumOf,
    seed,
  );
}
