/** What reports show of the results of runs: success or, where it means nothing, returns. */
import type { RunResult } from '../../record/schemas.ts';

/** A number for each split; null where it was not measured. */
export type Scores = RunResult['success'];

type Results = Pick<RunResult, 'success' | 'return'>;

/** The quantity that is shown. */
export interface Measure {
  readonly name: 'success' | 'return';
  /** Name of an axis. */
  readonly axis: 'success rate' | 'mean return';
  /** Beginning of its metrics in metrics.jsonl. */
  readonly metric: 'eval' | 'eval_return';
}

const success: Measure = { name: 'success', axis: 'success rate', metric: 'eval' };
const returns: Measure = { name: 'return', axis: 'mean return', metric: 'eval_return' };

function isMeasured(scores: object): boolean {
  return Object.values(scores).some((value) => value !== null);
}

function returnsOf({ return: means }: Results): Scores {
  return {
    train: means?.train?.mean ?? null,
    inDomain: means?.inDomain?.mean ?? null,
    outOfDomain: means?.outOfDomain?.mean ?? null,
  };
}

/** Success by split, or the mean returns where success means nothing. */
export function scoresOf(result: Results): Scores {
  return isMeasured(result.success) ? result.success : returnsOf(result);
}

/** The baseline of random actions in a run, as the same quantity as its `scoresOf`; all null without a baseline. */
export function randomScores({ random, ...result }: RunResult): Scores {
  const means = isMeasured(result.success) ? random?.success : random?.return;
  return {
    train: means?.train?.mean ?? null,
    inDomain: means?.inDomain?.mean ?? null,
    outOfDomain: means?.outOfDomain?.mean ?? null,
  };
}

/** The quantity that `scoresOf` gives for the runs of a comparison. */
export function measureOf(variants: readonly { readonly runs: readonly { readonly result: Results }[] }[]): Measure {
  const results = variants.flatMap(({ runs }) => runs.map(({ result }) => result));
  const hasReturns = results.some((result) => isMeasured(returnsOf(result)));
  return hasReturns && results.every((result) => !isMeasured(result.success)) ? returns : success;
}
