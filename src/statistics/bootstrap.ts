/**
 * Statistics over runs in several environments, with percentile intervals from a stratified bootstrap, after Agarwal et
 * al., "Deep reinforcement learning at the edge of the statistical precipice", 2021 (arXiv 2108.13264), and its library
 * rliable. Every interval is a 95% interval; its `mean` is the statistic of the values as given.
 */

import { checkKeys, checkSeed, isList, refuse, shown } from '../check/values.ts';
import { type RandomStream, randomStream } from '../random.ts';
import { type Interval, requireValues } from './statistics.ts';

/**
 * Values by stratum (for example an environment), one per run, in the unit of the score. Strata can have different
 * numbers of runs.
 */
export type Strata = readonly (readonly number[])[];

/** How a bootstrap draws. */
export interface Resampling {
  /** Integer in [0, 2^53). Results with the same seed are bitwise identical. */
  readonly seed: number;
  /** At least 100; 2000 is usual. */
  readonly resamples: number;
}

const resamplingKeys = { seed: 1, resamples: 1 } satisfies Record<keyof Resampling, 1>;

/**
 * Throws a RangeError that names `caller`, unless `strata` is a list of lists. The numbers are checked where they are
 * used.
 */
function requireStrata(caller: string, strata: Strata): void {
  const advice = 'pass an array of values for each environment';
  if (!Array.isArray(strata)) refuse(caller, 'strata', 'an array of arrays', strata, advice);
  for (const [k, stratum] of strata.entries()) {
    if (!isList(stratum)) refuse(caller, `strata[${k}]`, 'an array of numbers', stratum, advice);
  }
}

/** Quantile of ascending values by linear interpolation between order statistics. */
function sortedQuantile(sorted: readonly number[], fraction: number): number {
  const position = fraction * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

/** Samples as many values from each stratum as it has, with replacement. */
function resampled(strata: Strata, stream: RandomStream): number[][] {
  return strata.map((stratum) => stratum.map(() => stratum[stream.below(stratum.length)]));
}

/**
 * Percentile intervals of the numbers that `statistic` computes from `samples`. Each of the samples is resampled
 * independently.
 */
function bootstrap(
  caller: string,
  samples: readonly Strata[],
  statistic: (samples: readonly Strata[]) => number[],
  resampling: Resampling,
): Interval[] {
  checkKeys(caller, 'resampling', resampling, resamplingKeys);
  const { seed, resamples } = resampling;
  checkSeed(caller, seed);
  if (!Number.isInteger(resamples) || resamples < 100) {
    throw new RangeError(`${caller}: resamples must be an integer >= 100, got ${shown(resamples)}; 2000 is usual`);
  }
  for (const strata of samples) {
    requireStrata(caller, strata);
    if (strata.length === 0) throw new RangeError(`${caller}: needs at least 1 stratum, got 0; add runs`);
    for (const stratum of strata) requireValues(caller, stratum, 1);
  }
  const estimates = statistic(samples);
  const bad = estimates.find((estimate) => !Number.isFinite(estimate));
  if (bad !== undefined || estimates.includes(undefined as never)) {
    refuse(caller, 'the statistic', 'a finite number', bad, 'change the function that computes it');
  }
  const resampledEstimates: number[][] = estimates.map(() => []);
  for (let resample = 0; resample < resamples; resample++) {
    const stream = randomStream(seed, 'statistics/bootstrap', resample);
    const values = statistic(samples.map((strata) => resampled(strata, stream)));
    for (let k = 0; k < resampledEstimates.length; k++) resampledEstimates[k].push(values[k]);
  }
  return estimates.map((mean, k) => {
    const sorted = resampledEstimates[k].sort((a, b) => a - b);
    return { mean, low: sortedQuantile(sorted, 0.025), high: sortedQuantile(sorted, 0.975) };
  });
}

/**
 * Interval of `statistic` over all values. Each stratum is resampled separately, so every resample has the sizes of the
 * strata.
 *
 * @param strata at least one value in each
 * @param statistic called with the values of all strata, stratum by stratum
 */
export function stratifiedBootstrap(
  strata: Strata,
  statistic: (values: readonly number[]) => number,
  resampling: Resampling,
): Interval {
  requireStrata('stratifiedBootstrap', strata);
  requireFunction('stratifiedBootstrap', statistic);
  return bootstrap('stratifiedBootstrap', [strata], ([values]) => [statistic(values.flat())], resampling)[0];
}

function requireFunction(caller: string, statistic: unknown): void {
  if (typeof statistic !== 'function') {
    refuse(caller, 'statistic', 'a function', statistic, 'pass a function from an array of numbers to a number');
  }
}

/** Throws a RangeError that names `caller`, unless both methods have the same number of strata. */
function requireSameStrata(caller: string, treated: Strata, baseline: Strata): void {
  for (const strata of [treated, baseline]) requireStrata(caller, strata);
  if (treated.length !== baseline.length) {
    throw new RangeError(
      `${caller}: both methods need the same strata, got ${treated.length} and ${baseline.length}; keep the environments both have`,
    );
  }
}

/**
 * Interval of `statistic` over the differences `treated - baseline` of runs with the same seed: pairs stay together in
 * every resample.
 *
 * @param treated entry i of a stratum has the same seed as entry i of that stratum of `baseline`
 */
export function pairedBootstrap(
  treated: Strata,
  baseline: Strata,
  statistic: (differences: readonly number[]) => number,
  resampling: Resampling,
): Interval {
  requireSameStrata('pairedBootstrap', treated, baseline);
  requireFunction('pairedBootstrap', statistic);
  const differences = treated.map((stratum, k) => {
    if (stratum.length !== baseline[k].length) {
      throw new RangeError(
        `pairedBootstrap: stratum ${k} must have one value per seed, got ${stratum.length} and ${baseline[k].length}; keep the seeds both have`,
      );
    }
    return stratum.map((value, i) => value - baseline[k][i]);
  });
  return bootstrap('pairedBootstrap', [differences], ([values]) => [statistic(values.flat())], resampling)[0];
}

/**
 * Share of pairs (x, y) with x > y, with ties counted half: the Mann-Whitney statistic divided by its largest value.
 */
function shareAbove(x: readonly number[], y: readonly number[]): number {
  let doubled = 0;
  for (const a of x) for (const b of y) doubled += a > b ? 2 : a === b ? 1 : 0;
  return doubled / (2 * x.length * y.length);
}

/**
 * Probability that a run of `treated` has a higher value than a run of `baseline` in the same stratum, with ties
 * counted half, averaged over the strata. The runs can be unpaired and different in number. Both samples are resampled
 * independently.
 */
export function probabilityOfImprovement(treated: Strata, baseline: Strata, resampling: Resampling): Interval {
  requireSameStrata('probabilityOfImprovement', treated, baseline);
  const statistic = ([x, y]: readonly Strata[]): number[] => {
    let sum = 0;
    for (let k = 0; k < x.length; k++) sum += shareAbove(x[k], y[k]);
    return [sum / x.length];
  };
  return bootstrap('probabilityOfImprovement', [treated, baseline], statistic, resampling)[0];
}

/** For each threshold: the share of all values above it, with a pointwise interval. */
export function performanceProfile(strata: Strata, thresholds: readonly number[], resampling: Resampling): Interval[] {
  if (!Array.isArray(thresholds)) {
    refuse('performanceProfile', 'thresholds', 'an array of numbers', thresholds, 'pass scores at which to count');
  }
  const bad = thresholds.findIndex((threshold) => !Number.isFinite(threshold));
  if (bad >= 0) {
    throw new RangeError(
      `performanceProfile: threshold ${bad} must be finite, got ${shown(thresholds[bad])}; pass scores at which to count`,
    );
  }
  const statistic = ([samples]: readonly Strata[]): number[] => {
    const values = samples.flat();
    return thresholds.map((threshold) => values.filter((value) => value > threshold).length / values.length);
  };
  return bootstrap('performanceProfile', [strata], statistic, resampling);
}
