/** Tables of the study of decoupled advantages: fresh seeds, and the settings at the development seeds. */
import { roleName } from '../../report/compare/variantRole.ts';
import type { Estimate, StudyTable } from '../../report/studyTables.ts';
import { bySeed, estimateOf } from '../estimates.ts';
import type { JobResults } from '../job.ts';
import type { StudyScale } from '../study.ts';
import { developmentSeedsOf, runsAt, type Task } from '../trained/chosen.ts';
import { type Comparison, type FreshArm, isBaseline, outOfDomain } from '../trained/chosenRows.ts';
import type { TrainResult } from '../trained/trainJob.ts';
import { trainCommand } from '../trained/variants.ts';
import { movesLess } from './spillover.ts';

/** An arm with everything that its row says. */
export interface ArmRow {
  readonly fresh: FreshArm;
  /** null for the baseline. */
  readonly comparison: Comparison | null;
  /** p value of the comparison, corrected for all comparisons of the study. */
  readonly corrected: number | null;
  /** Movement of held-out samples relative to the baseline, with the steps that are compared. */
  readonly ratio: Estimate | null;
  /** The same with steps of equal KL. */
  readonly equalKlRatio: Estimate | null;
}

export function comparisonTable(task: Task, rows: readonly ArmRow[]): StudyTable {
  return {
    id: task.id,
    title: `Success at fresh seeds, ${task.title}`,
    rowHead: 'arm',
    columns: [
      'train success',
      'in-domain success',
      'out-of-domain success',
      'out-of-domain gain over GRPO',
      'p of the gain, by permutation',
      "p with Holm's correction for the comparisons of all tables",
      'movement of held-out samples, ratio to GRPO',
      'held-out samples certainly move less than with GRPO',
      'movement with steps of equal KL, ratio to GRPO',
      'lambda',
      'environment steps (thousands)',
    ],
    rows: rows.map(({ fresh, comparison, corrected, ratio, equalKlRatio }) => {
      const { arm, setting, of } = fresh;
      const baseline = isBaseline(fresh);
      const mean = (pick: (run: TrainResult) => number): Estimate | null => estimateOf(of(pick), 'mean');
      return {
        name: roleName(arm),
        cells: [
          mean(({ success }) => success.train),
          mean(({ success }) => success.inDomain),
          mean(outOfDomain),
          comparison?.gain ?? null,
          comparison?.p.toFixed(4) ?? null,
          corrected?.toFixed(4) ?? null,
          baseline ? null : ratio,
          baseline ? null : movesLess(ratio),
          baseline ? null : equalKlRatio,
          baseline ? null : String(setting.decoupleLambda),
          mean(({ envSteps }) => envSteps / 1000),
        ],
        command: trainCommand({ ...task.config, ...setting }),
      };
    }),
  };
}

/** Every setting of the grids at the development seeds. */
export function gridTable(tasks: readonly Task[], scale: StudyScale, results: JobResults): StudyTable {
  const seeds = developmentSeedsOf(scale);
  const rows = tasks.flatMap((task) => {
    const settings = task.arms.flatMap(({ grid }) => grid);
    const distinct = [...new Map(settings.map((setting) => [JSON.stringify(setting), setting])).values()];
    return distinct.flatMap((setting) => {
      const runs = runsAt(task, setting, seeds, results);
      if (runs.size === 0) return [];
      const of = (pick: (run: TrainResult) => number): Estimate | null =>
        estimateOf(
          bySeed([...runs.keys()], (seed) => pick(runs.get(seed) as TrainResult)),
          'mean',
        );
      const { decouplePairs, decoupleLambda } = setting;
      return [
        {
          name: `${task.title}: ${decouplePairs === undefined ? 'GRPO' : `${decouplePairs}, lambda ${decoupleLambda}`}`,
          cells: [of(({ success }) => success.inDomain), of(outOfDomain)],
          command: trainCommand({ ...task.config, ...setting }),
        },
      ];
    });
  });
  return {
    id: 'grid',
    title: 'Settings at the development seeds, from which each lambda is chosen by in-domain success',
    rowHead: 'task and setting',
    columns: ['in-domain success', 'out-of-domain success'],
    rows,
  };
}
