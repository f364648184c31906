/** What a comparison says about each variant: runs joined by name, estimates over seeds. */

import { type Interval, mean, meanInterval, pairedDifference } from '../evaluate/statistics.ts';
import type { CompareRecord, RunRecords, RunResult } from './records.ts';

/** A variant with the records of its runs, in the order of compare.json. */
export interface Variant {
  readonly name: string;
  readonly method: string;
  readonly labels: string;
  /** `upper bound` uses knowledge an agent cannot have; `control` tests another explanation. */
  readonly role: 'method' | 'control' | 'upper bound';
  readonly runs: readonly RunRecords[];
}

/** Mean over `seeds` runs; the interval is missing where fewer than two runs measured the value. */
export interface Estimate {
  readonly mean: number;
  readonly seeds: number;
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

/** Mean and t interval of the values that were measured; `undefined` if none was. */
export function estimate(values: readonly (number | null | undefined)[]): Estimate | undefined {
  const known = values.filter((value) => typeof value === 'number');
  if (known.length === 0) return undefined;
  if (known.length === 1) return { mean: known[0], seeds: 1 };
  return { mean: mean(known), seeds: known.length, interval: meanInterval(known) };
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
  if (pairs.length === 1) return { mean: pairs[0][0] - pairs[0][1], seeds: 1 };
  const interval = pairedDifference(
    pairs.map(([value]) => value),
    pairs.map(([, value]) => value),
  );
  return { mean: interval.mean, seeds: pairs.length, interval };
}

/** `0.73 ± 0.08`, or `0.73` without an interval, or `–` if nothing was measured. */
export function formatEstimate(value: Estimate | undefined, sign = false): string {
  if (value === undefined) return '–';
  const plus = sign && value.mean >= 0 ? '+' : '';
  const half = value.interval === undefined ? '' : ` ± ${(value.interval.high - value.interval.mean).toFixed(2)}`;
  // A mean that rounds to zero has no sign.
  const rounded = Math.round(value.mean * 100) / 100 || 0;
  return `${plus}${rounded.toFixed(2)}${half}`.replaceAll('-', '−');
}
