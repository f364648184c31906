/** The finished training runs of a study's variants. */

import { type BySeed, bySeed } from '../estimates.ts';
import { type JobResults, jobOf } from '../job.ts';
import { type Study, type StudyReport, type StudyScale, seedsOf } from '../study.ts';
import { type TrainInput, type TrainResult, trainKind } from './trainJob.ts';
import { grpo, type StudyVariant } from './variants.ts';

export interface VariantRuns {
  readonly variant: StudyVariant;
  /** By seed. */
  readonly runs: ReadonlyMap<number, TrainResult>;
}

/** The variants that have a finished run, with their runs. */
export function runsOf(
  results: JobResults,
  variants: readonly StudyVariant[],
  seeds: readonly number[],
  inputOf: (variant: StudyVariant, seed: number) => TrainInput,
): readonly VariantRuns[] {
  return variants
    .map((variant) => {
      const runs = seeds.flatMap((seed) => {
        const result = results.of(trainKind, inputOf(variant, seed));
        return result === null ? [] : [[seed, result] as const];
      });
      return { variant, runs: new Map(runs) };
    })
    .filter(({ runs }) => runs.size > 0);
}

/** The baseline of the studies, GRPO, among the variants with a finished run. */
export function grpoOf<V extends { readonly variant: StudyVariant }>(found: readonly V[]): V | undefined {
  return found.find(({ variant }) => variant === grpo);
}

/** The properties in which studies of trained variants differ. */
interface VariantStudy extends Pick<Study, 'name' | 'question'> {
  /** The variants, and the default number of seeds of each. */
  extent(scale: StudyScale): { readonly variants: readonly StudyVariant[]; readonly seeds: number };
  inputOf(variant: StudyVariant, seed: number): TrainInput;
  /** Approximate duration of a run in seconds on one core. */
  readonly seconds: number;
  /** @param found the variants with a finished run */
  report(found: readonly VariantRuns[]): StudyReport;
}

/** A study that trains each variant at every seed. */
export function variantStudy({ name, question, extent, inputOf, seconds, report }: VariantStudy): Study {
  return {
    name,
    question,
    plan(scale) {
      const { variants, seeds } = extent(scale);
      return seedsOf(scale, seeds).flatMap((seed) =>
        variants.map((variant) => jobOf(trainKind, inputOf(variant, seed), seconds)),
      );
    },
    report(results, scale) {
      const { variants, seeds } = extent(scale);
      return report(runsOf(results, variants, seedsOf(scale, seeds), inputOf));
    },
  };
}

export function valuesOf({ runs }: VariantRuns, pick: (run: TrainResult) => number | null): BySeed {
  return bySeed([...runs.keys()], (seed) => pick(runs.get(seed) as TrainResult));
}

export const outOfDomain = ({ success }: TrainResult): number => success.outOfDomain;
