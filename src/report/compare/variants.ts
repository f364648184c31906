/** Variants of a comparison: joins runs by name and computes estimates over seeds. */

import type { CompareRecord, RunRecords, RunResult } from '../../record/schemas.ts';
import {
  type Interval,
  MIN_INTERVAL_SEEDS,
  mean,
  pairedDifference,
  returnInterval,
} from '../../statistics/statistics.ts';
import { scoresOf } from './scores.ts';
import type { VariantRole } from './variantRole.ts';

/** A variant with the records of its runs, in the order of compare.json. */
export interface ComparedVariant {
  readonly name: string;
  readonly method: string;
  readonly labels: string;
  readonly role: VariantRole;
  readonly runs: readonly RunRecords[];
}

/**
 * Mean over `seeds` runs, and the value of each run in their order. The interval is missing below `MIN_INTERVAL_SEEDS`
 * values.
 */
export interface SeedMean {
  readonly mean: number;
  readonly seeds: number;
  readonly values: readonly number[];
  readonly interval?: Interval;
}

/**
 * Joins the variants of a comparison with their runs.
 *
 * @throws Error if a named run is missing
 */
export function joinVariants(compare: CompareRecord, runs: readonly RunRecords[]): ComparedVariant[] {
  const byName = new Map(runs.map((run) => [run.name, run]));
  return compare.variants.map(({ name, method, labels, upperBound, control, runs: names }) => ({
    name,
    method,
    labels,
    role: upperBound ? 'upper bound' : control ? 'control' : 'method',
    runs: names.map((runName) => {
      const run = byName.get(runName);
      if (run === undefined) {
        throw new Error(
          `joinVariants: variant "${name}" needs run "${runName}", got none of that name; keep the run's folder or run compare again`,
        );
      }
      return run;
    }),
  }));
}

/** Mean of the measured values, with its interval (for rates: within [0, 1]); `undefined` if no value was measured. */
export function seedMean(values: readonly (number | null | undefined)[]): SeedMean | undefined {
  const known = values.filter((value) => typeof value === 'number');
  if (known.length === 0) return undefined;
  const plain = { mean: mean(known), seeds: known.length, values: known };
  return known.length < MIN_INTERVAL_SEEDS ? plain : { ...plain, interval: returnInterval(known) };
}

/** Mean over seeds of a number in the results of a variant's runs. */
export function resultMean(variant: ComparedVariant, pick: (result: RunResult) => number | null): SeedMean | undefined {
  return seedMean(variant.runs.map((run) => pick(run.result)));
}

/** The first variant that is neither a control nor an upper bound. The others are compared with it. */
export function baselineOf(variants: readonly ComparedVariant[]): ComparedVariant | undefined {
  return variants.find((variant) => variant.role === 'method');
}

/**
 * Of the variants other than the baseline that are neither a control nor an upper bound: the one with the highest mean
 * score in out-of-domain games: success, or the return where success means nothing.
 */
export function leaderOf(variants: readonly ComparedVariant[]): ComparedVariant | undefined {
  const baseline = baselineOf(variants);
  const score = (variant: ComparedVariant): number =>
    resultMean(variant, (result) => scoresOf(result).outOfDomain)?.mean ?? Number.NEGATIVE_INFINITY;
  return variants
    .filter((variant) => variant.role === 'method' && variant !== baseline)
    .reduce<ComparedVariant | undefined>((best, next) => (best && score(best) >= score(next) ? best : next), undefined);
}

/**
 * Interval of a difference of two rates. The difference is in [-1, 1], so limiting the interval to that range keeps its
 * coverage.
 */
function differenceInterval(treated: readonly number[], baseline: readonly number[]): Interval {
  const { mean: centre, low, high } = pairedDifference(treated, baseline);
  const areRates = [...treated, ...baseline].every((value) => value >= 0 && value <= 1);
  return areRates ? { mean: centre, low: Math.max(-1, low), high: Math.min(1, high) } : { mean: centre, low, high };
}

/**
 * Out-of-domain score of `treated` minus that of `baseline`, over the seeds that both have; `undefined` without a
 * shared seed.
 */
export function outOfDomainGain(treated: ComparedVariant, baseline: ComparedVariant): SeedMean | undefined {
  const pairs: [number, number][] = [];
  for (const { result } of treated.runs) {
    const twin = baseline.runs.find((run) => run.result.config.seed === result.config.seed)?.result;
    if (twin === undefined) continue;
    const [score, plain] = [result, twin].map((of) => scoresOf(of).outOfDomain);
    if (score !== null && plain !== null) pairs.push([score, plain]);
  }
  if (pairs.length === 0) return undefined;
  const values = pairs.map(([value, plain]) => value - plain);
  const difference = { mean: mean(values), seeds: pairs.length, values };
  if (pairs.length < MIN_INTERVAL_SEEDS) return difference;
  const interval = differenceInterval(
    pairs.map(([value]) => value),
    pairs.map(([, plain]) => plain),
  );
  return { ...difference, interval };
}

/**
 * `0.73`, with a minus sign (not a hyphen) and, if `sign`, a plus sign for values from zero on. A value that rounds to
 * zero has no minus.
 */
function formatValue(value: number, sign = false): string {
  const rounded = Math.round(value * 100) / 100 || 0;
  return `${sign && value >= 0 ? '+' : ''}${rounded.toFixed(2)}`.replace('-', '−');
}

/**
 * Mean and its uncertainty, each as text: `0.73` and `[0.65, 0.80]` or, below `MIN_INTERVAL_SEEDS` seeds, the value of
 * each run: `0.66 0.80 0.73`. The second text is empty for one run.
 */
export function seedMeanTexts({ mean: centre, values, interval }: SeedMean, sign = false): [string, string] {
  const show = (value: number): string => formatValue(value, sign);
  if (interval !== undefined) return [show(centre), `[${show(interval.low)}, ${show(interval.high)}]`];
  return [show(centre), values.length < 2 ? '' : values.map(show).join(' ')];
}

/** `0.73 [0.65, 0.80]`, `0.73 (0.66 0.80 0.73)`, `0.73` for one run, or `–` if no value was measured. */
export function formatSeedMean(value: SeedMean | undefined, sign = false): string {
  if (value === undefined) return '–';
  const [centre, spread] = seedMeanTexts(value, sign);
  if (spread === '') return centre;
  return value.interval === undefined ? `${centre} (${spread})` : `${centre} ${spread}`;
}
