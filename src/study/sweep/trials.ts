/** The trials of a sweep as far as they are finished: their runs, the promotions, and the chosen trial. */
import { canonicalJson } from '../../record/json.ts';
import { mean } from '../../statistics/statistics.ts';
import { type BySeed, bySeed } from '../estimates.ts';
import type { JobResults } from '../job.ts';
import { FRESH } from '../trained/chosen.ts';
import { type TrainInput, type TrainResult, trainKind } from '../trained/trainJob.ts';
import { type Rung, ranked } from './halving.ts';
import { inputOf, type Sweep } from './sweep.ts';

/** What a sweep can choose by, in words. */
export const measureNames = { inDomain: 'in-domain success', train: 'success on training games' } as const;

/** A trial at a rung. */
export interface Trial {
  readonly trial: number;
  readonly input: TrainInput;
  /** The measure at the development seeds that are finished. */
  readonly values: BySeed;
}

/** A rung with its trials, in the order of their numbers until all of their runs are finished, then the best first. */
export interface TriedRung {
  readonly rung: Rung;
  readonly trials: readonly Trial[];
  /** Number of trials that go on to the next rung, or 1 if it is the last; null until all runs are finished. */
  readonly promoted: number | null;
}

const consecutive = (first: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => first + i);

export const developmentSeedsOf = ({ seeds }: Sweep, first: number): readonly number[] =>
  consecutive(first, seeds.development);

export const freshSeedsOf = ({ seeds }: Sweep, first: number): readonly number[] =>
  consecutive(first + FRESH, seeds.fresh);

/** The runs of a config that are finished, by seed. */
export function runsAt(
  input: TrainInput,
  seeds: readonly number[],
  results: JobResults,
): ReadonlyMap<number, TrainResult> {
  return new Map(
    seeds.flatMap((seed) => {
      const result = results.of(trainKind, { ...input, seed });
      return result === null ? [] : [[seed, result] as const];
    }),
  );
}

/**
 * The rungs that are known so far. A rung is known once all runs of the one before it are finished. The order in which
 * runs end and the number of runs at a time therefore change no promotion.
 *
 * @param first development seed
 */
export function triedRungs(sweep: Sweep, first: number, results: JobResults): readonly TriedRung[] {
  const { rungs, settings, measure } = sweep;
  const seeds = developmentSeedsOf(sweep, first);
  const tried: TriedRung[] = [];
  let numbers = settings.map((_, i) => i + 1);
  for (const [i, rung] of rungs.entries()) {
    const trials = numbers.map((trial): Trial => {
      const input = inputOf(sweep, trial, rung);
      const runs = runsAt(input, seeds, results);
      return { trial, input, values: bySeed(seeds, (seed) => runs.get(seed)?.success[measure]) };
    });
    if (trials.some(({ values }) => values.size < seeds.length)) return [...tried, { rung, trials, promoted: null }];
    const order = ranked(trials.map(({ trial, values }) => ({ trial, mean: mean([...values.values()]) })));
    const promoted = rungs[i + 1]?.trials ?? 1;
    tried.push({ rung, trials: order.map((n) => trials[numbers.indexOf(n)]), promoted });
    numbers = order.slice(0, promoted).sort((a, b) => a - b);
  }
  return tried;
}

/** Number of the chosen trial; null until all rungs are finished. */
export function chosenTrial({ rungs }: Sweep, tried: readonly TriedRung[]): number | null {
  const last = tried[tried.length - 1];
  return tried.length === rungs.length && last.promoted !== null ? last.trials[0].trial : null;
}

/** The configs that are trained at fresh seeds: the chosen setting, and the base config if it is another one. */
export function freshInputs(
  sweep: Sweep,
  chosen: number,
): { readonly best: TrainInput; readonly base: TrainInput | null } {
  const best = inputOf(sweep, chosen, null);
  return { best, base: canonicalJson(best) === canonicalJson(sweep.base) ? null : sweep.base };
}
