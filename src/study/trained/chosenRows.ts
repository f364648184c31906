/** The comparisons of a study with chosen settings: differences to the baseline at fresh seeds. */
import type { Estimate } from '../../report/studyTables.ts';
import { pairedPValue } from '../../statistics/permutation.ts';
import { type BySeed, bySeed, pairedEstimate, resampling } from '../estimates.ts';
import type { JobResults } from '../job.ts';
import type { StudyScale } from '../study.ts';
import { type Arm, chosenSetting, freshSeedsOf, runsAt, type Task } from './chosen.ts';
import type { TrainInput, TrainResult } from './trainJob.ts';

/** An arm of a task at the fresh seeds. */
export interface FreshArm {
  readonly task: Task;
  readonly arm: Arm;
  readonly setting: TrainInput;
  readonly of: (pick: (run: TrainResult) => number | null) => BySeed;
}

/** A paired difference with its p value. */
export interface Difference {
  readonly gain: Estimate;
  /** Two-sided p value of a permutation test that swaps the runs of a seed. */
  readonly p: number;
}

/** Out-of-domain success of an arm minus that of the baseline. */
export interface Comparison extends FreshArm, Difference {}

/** The arms of all tasks that have a finished run at a fresh seed. */
export function freshArms(tasks: readonly Task[], scale: StudyScale, results: JobResults): readonly FreshArm[] {
  return tasks.flatMap((task) =>
    task.arms.flatMap((arm) => {
      const setting = chosenSetting(task, arm, scale, results);
      if (setting === null) return [];
      const runs = runsAt(task, setting, freshSeedsOf(scale), results);
      const of: FreshArm['of'] = (pick) => bySeed([...runs.keys()], (seed) => pick(runs.get(seed) as TrainResult));
      return runs.size === 0 ? [] : [{ task, arm, setting, of }];
    }),
  );
}

export const isBaseline = ({ task, arm }: FreshArm): boolean => arm === task.arms[0];

export const outOfDomain = ({ success }: TrainResult): number => success.outOfDomain;

/** Mean of the differences at the seeds that both have; null without such a seed. */
export function differenceOf(treated: BySeed, plain: BySeed): Difference | null {
  const gain = pairedEstimate(treated, plain, 'mean');
  if (gain === null) return null;
  const differences = gain.seeds.map((seed) => (treated.get(seed) as number) - (plain.get(seed) as number));
  return { gain, p: pairedPValue(differences, resampling.seed) };
}

/** All arms against the baseline of their task. */
export function comparisonsOf(arms: readonly FreshArm[]): readonly Comparison[] {
  return arms.flatMap((each) => {
    const baseline = arms.find((other) => other.task === each.task && isBaseline(other));
    if (baseline === undefined || baseline === each) return [];
    const difference = differenceOf(each.of(outOfDomain), baseline.of(outOfDomain));
    return difference === null ? [] : [{ ...each, ...difference }];
  });
}
