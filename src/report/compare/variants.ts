/** What a comparison says about each variant: runs joined by name, estimates over seeds. */

import type { CompareRecord, RunRecords, RunResult } from '../../record/schemas.ts';
import {
  type Interval,
  MIN_INTERVAL_SEEDS,
  mean,
  pairedDifference,
  returnInterval,
} from '../../statistics/statistics.ts';

/** A variant with the records of its runs, in the order of compare.json. */
export interface Variant {
  readonly name: string;
  readonly method: string;
  readonly labels: string;
  /** `upper bound` uses knowledge an agent cannot have; `control` tests another explanation. */
  readonly role: 'method' | 'control' | 'upper bound';
  readonly runs: readonly RunRecords[];
}

/** Mean over `seeds` runs, and the value of each in the order of the runs; the interval is missing below `MIN_INTERVAL_SEEDS` values. */
export interface Estimate {
  readonly mean: number;
  readonly seeds: number;
  readonly values: readonly number[];
  readonly interval?: Interval;
}

/** The variant's name, marked if it is a control or an upper bound. */
export function roleName(variant: Variant): string {
  return variant.role === 'method' ? variant.name : `${variant.name} (${variant.role})`;
}

/** Joins the variants of a comparison with their runs. Throws if a named run is missing. */
export function joinVariants(compare: CompareRecord, runs: readonly RunRecords[]): Variant[] {
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

/** Mean of the values that were measured, with an interval that for rates stays within [0, 1]; `undefined` if none was. */
export function estimate(values: readonly (number | null | undefined)[]): Estimate | undefined {
  const known = values.filter((value) => typeof value === 'number');
  if (known.length === 0) return undefined;
  const plain = { mean: mean(known), seeds: known.length, values: known };
  return known.length < MIN_INTERVAL_SEEDS ? plain : { ...plain, interval: returnInterval(known) };
}

/** Estimate over a variant's runs of a number in their results. */
export function resultEstimate(variant: Variant, pick: (result: RunResult) => number | null): Estimate | undefined {
  return estimate(variant.runs.map((run) => pick(run.result)));
}

/** The first variant that is neither control nor upper bound: what the others are compared with. */
export function baselineOf(variants: readonly Variant[]): Variant | undefined {
  return variants.find((variant) => variant.role === 'method');
}

/** Of the other variants that are neither control nor upper bound, the one with the highest mean out-of-domain success. */
export function leaderOf(variants: readonly Variant[]): Variant | undefined {
  const baseline = baselineOf(variants);
  const score = (variant: Variant): number => resultEstimate(variant, (r) => r.success.outOfDomain)?.mean ?? -1;
  return variants
    .filter((variant) => variant.role === 'method' && variant !== baseline)
    .reduce<Variant | undefined>((best, next) => (best && score(best) >= score(next) ? best : next), undefined);
}

/** A difference of two rates is in [-1, 1]: what lies beyond can be cut off an interval without loss of coverage. */
function differenceInterval(treated: readonly number[], baseline: readonly number[]): Interval {
  const { mean: centre, low, high } = pairedDifference(treated, baseline);
  const areRates = [...treated, ...baseline].every((value) => value >= 0 && value <= 1);
  return areRates ? { mean: centre, low: Math.max(-1, low), high: Math.min(1, high) } : { mean: centre, low, high };
}

/** Out-of-domain success of `treated` minus `baseline` over the seeds both ran; `undefined` if they share none. */
export function outOfDomainGain(treated: Variant, baseline: Variant): Estimate | undefined {
  const pairs: [number, number][] = [];
  for (const { result } of treated.runs) {
    const twin = baseline.runs.find((run) => run.result.config.seed === result.config.seed)?.result;
    if (twin !== undefined && result.success.outOfDomain !== null && twin.success.outOfDomain !== null) {
      pairs.push([result.success.outOfDomain, twin.success.outOfDomain]);
    }
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

/** `0.73`, with a true minus and, if `sign`, a plus from zero on. A value that rounds to zero has no minus. */
function formatValue(value: number, sign = false): string {
  const rounded = Math.round(value * 100) / 100 || 0;
  return `${sign && value >= 0 ? '+' : ''}${rounded.toFixed(2)}`.replace('-', '−');
}

/**
 * Mean and what says how sure it is, each as text: `0.73` and `[0.65, 0.80]`, or below `MIN_INTERVAL_SEEDS` seeds the value of each run,
 * `0.66 0.80 0.73`. One run has its value alone.
 */
export function estimateTexts({ mean: centre, values, interval }: Estimate, sign = false): [string, string] {
  const show = (value: number): string => formatValue(value, sign);
  if (interval !== undefined) return [show(centre), `[${show(interval.low)}, ${show(interval.high)}]`];
  return [show(centre), values.length < 2 ? '' : values.map(show).join(' ')];
}

/** `0.73 [0.65, 0.80]`, `0.73 (0.66 0.80 0.73)`, `0.73` of one run, or `–` if nothing was measured. */
export function formatEstimate(value: Estimate | undefined, sign = false): string {
  if (value === undefined) return '–';
  const [centre, spread] = estimateTexts(value, sign);
  if (spread === '') return centre;
  return value.interval === undefined ? `${centre} (${spread})` : `${centre} ${spread}`;
}
