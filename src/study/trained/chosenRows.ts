/** The comparisons of a study with chosen settings: differences to the baseline at fresh seeds. */
import type { Estimate } from '../../report/studyTables.ts';
import { pairedPValue } from '../../statistics/permutation.ts';
import { type BySeed, bySeed, pairedEstimate, resampling } from '../estimates.ts';
import type { JobResults } from '../job.ts';
import type { StudyScale } from '../study.ts';
import { type Arm, againstOf, chosenSetting, freshSeedsOf, runsAt, type Task } from './chosen.ts';
import type { TrainInput, TrainResult } from './trainJob.ts';

/** An arm of a task at the fresh seeds. */
export interface FreshArm {
  readonly task: Task;
  readonly arm: Arm;
  readonly setting: TrainInput;
  /** By seed. */
  readonly runs: ReadonlyMap<number, TrainResult>;
  readonly of: (pick: (run: TrainResult) => number | null) => BySeed;
}

/** A paired difference with its p value. */
export interface Difference {
  readonly gain: Estimate;
  /** Two-sided p value of a permutation test that swaps the runs of a seed. */
  readonly p: number;
}

/** A number of an arm minus that of the arm that it is compared with; by default out-of-domain success. */
export interface Comparison extends FreshArm, Difference {}

/** The difference of two arms; null without a seed that both have. */
type Compare = (treated: FreshArm, plain: FreshArm) => Difference | null;

/** The arms of all tasks that have a finished run at a fresh seed. */
export function freshArms(tasks: readonly Task[], scale: StudyScale, results: JobResults): readonly FreshArm[] {
  return tasks.flatMap((task) =>
    task.arms.flatMap((arm) => {
      const setting = chosenSetting(task, arm, scale, results);
      if (setting === null) return [];
      const runs = runsAt(task, setting, freshSeedsOf(scale), results);
      const of: FreshArm['of'] = (pick) => bySeed([...runs.keys()], (seed) => pick(runs.get(seed) as TrainResult));
      return runs.size === 0 ? [] : [{ task, arm, setting, runs, of }];
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

export const atTheEnd: Compare = (treated, plain) => differenceOf(treated.of(outOfDomain), plain.of(outOfDomain));

/** Each arm against the arm that it is compared with, by default the baseline of its task. */
export function comparisonsOf(arms: readonly FreshArm[], compare: Compare = atTheEnd): readonly Comparison[] {
  return arms.flatMap((each) => {
    const against = againstOf(each.task, each.arm);
    const plain = arms.find(({ task, arm }) => task === each.task && arm === against);
    const difference = plain === undefined ? null : compare(each, plain);
    return difference === null ? [] : [{ ...each, ...difference }];
  });
}
