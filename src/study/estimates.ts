/** Estimates over seeds for the tables of a study: value, 95% bootstrap interval, and the seeds. */

import type { Estimate } from '../report/studyTables.ts';
import { pairedBootstrap, probabilityOfImprovement, stratifiedBootstrap } from '../statistics/bootstrap.ts';
import { interquartileMean, MIN_INTERVAL_SEEDS, mean } from '../statistics/statistics.ts';

/** A value by seed, for the seeds that have one. */
export type BySeed = ReadonlyMap<number, number>;

export const resampling = { seed: 1, resamples: 2000 };

type Statistic = 'IQM' | 'mean';
const statistics = { IQM: interquartileMean, mean } as const;

/** The results of `value` by seed, without null and undefined. */
export function bySeed(seeds: readonly number[], value: (seed: number) => number | null | undefined): BySeed {
  const found = new Map<number, number>();
  for (const seed of seeds) {
    const x = value(seed);
    if (typeof x === 'number') found.set(seed, x);
  }
  return found;
}

/**
 * Interquartile mean (or mean) over seeds. The interval resamples seeds and is null below `MIN_INTERVAL_SEEDS`. null
 * without a seed.
 */
export function estimateOf(values: BySeed, statistic: Statistic = 'IQM'): Estimate | null {
  const seeds = [...values.keys()];
  if (seeds.length === 0) return null;
  const sample = [...values.values()];
  const value = statistics[statistic](sample);
  if (seeds.length < MIN_INTERVAL_SEEDS) return { statistic, value, low: null, high: null, seeds, values: sample };
  const { low, high } = stratifiedBootstrap([sample], statistics[statistic], resampling);
  return { statistic, value, low, high, seeds };
}

/** The seeds that occur in both, and their values. */
function pairs(treated: BySeed, baseline: BySeed): { seeds: number[]; treated: number[]; baseline: number[] } {
  const seeds = [...treated.keys()].filter((seed) => baseline.has(seed));
  const of = (values: BySeed): number[] => seeds.map((seed) => values.get(seed) as number);
  return { seeds, treated: of(treated), baseline: of(baseline) };
}

/** Interquartile mean (or mean) of the differences between runs of the same seed; null without a shared seed. */
export function pairedEstimate(treated: BySeed, baseline: BySeed, statistic: Statistic = 'IQM'): Estimate | null {
  const { seeds, ...values } = pairs(treated, baseline);
  if (seeds.length === 0) return null;
  const differences = values.treated.map((value, i) => value - values.baseline[i]);
  const named = { statistic: `${statistic} of paired differences`, value: statistics[statistic](differences), seeds };
  if (seeds.length < MIN_INTERVAL_SEEDS) return { ...named, low: null, high: null, values: differences };
  const { low, high } = pairedBootstrap([values.treated], [values.baseline], statistics[statistic], resampling);
  return { ...named, low, high };
}

/** Probability that a run of `treated` has a higher value than a run of `baseline`; null if either has no run. */
export function improvementEstimate(treated: BySeed, baseline: BySeed): Estimate | null {
  if (treated.size === 0 || baseline.size === 0) return null;
  const seeds = [...new Set([...treated.keys(), ...baseline.keys()])].sort((a, b) => a - b);
  const enough = Math.min(treated.size, baseline.size) >= MIN_INTERVAL_SEEDS;
  const {
    mean: value,
    low,
    high,
  } = probabilityOfImprovement([[...treated.values()]], [[...baseline.values()]], resampling);
  return {
    statistic: 'probability of improvement',
    value,
    low: enough ? low : null,
    high: enough ? high : null,
    seeds,
  };
}

/**
 * A statistic of complete runs, such as the peak of a mean curve. `statistic` is called with indices of runs, and the
 * interval resamples runs. null without a run.
 */
export function runsEstimate(
  name: string,
  seeds: readonly number[],
  statistic: (runs: readonly number[]) => number,
): Estimate | null {
  if (seeds.length === 0) return null;
  const runs = seeds.map((_, i) => i);
  if (seeds.length < MIN_INTERVAL_SEEDS)
    return { statistic: name, value: statistic(runs), low: null, high: null, seeds };
  const { mean: value, low, high } = stratifiedBootstrap([runs], statistic, resampling);
  return { statistic: name, value, low, high, seeds };
}
