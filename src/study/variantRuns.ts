/** The finished training runs of a study's variants. */
import type { JobResults } from './job.ts';
import { type BySeed, bySeed } from './quantities.ts';
import { type TrainInput, type TrainResult, trainKind } from './trainJob.ts';
import type { StudyVariant } from './variants.ts';

export interface VariantRuns {
  readonly variant: StudyVariant;
  /** By seed. */
  readonly runs: ReadonlyMap<number, TrainResult>;
}

/** Those of the variants that have a finished run, with their runs. */
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

export function valuesOf({ runs }: VariantRuns, pick: (run: TrainResult) => number | null): BySeed {
  return bySeed([...runs.keys()], (seed) => pick(runs.get(seed) as TrainResult));
}

export const outOfDomain = ({ success }: TrainResult): number => success.outOfDomain;
