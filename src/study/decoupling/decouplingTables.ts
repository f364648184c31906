/** Tables of the study of decoupled advantages. */
import { roleName } from '../../report/compare/variantRole.ts';
import type { Estimate, StudyTable } from '../../report/studyTables.ts';
import type { Task } from '../trained/chosen.ts';
import { type Comparison, type FreshArm, isBaseline } from '../trained/chosenRows.ts';
import { stepsCell, stepsHead, successCells, successHeads, testCells, testHeads } from '../trained/chosenTables.ts';
import type { TrainInput } from '../trained/trainJob.ts';
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
      ...successHeads,
      ...testHeads('out-of-domain gain over GRPO', 'gain'),
      'movement of held-out samples, ratio to GRPO',
      'held-out samples certainly move less than with GRPO',
      'movement with steps of equal KL, ratio to GRPO',
      'lambda',
      stepsHead,
    ],
    rows: rows.map(({ fresh, comparison, corrected, ratio, equalKlRatio }) => {
      const { arm, setting } = fresh;
      const own = [ratio, movesLess(ratio), equalKlRatio, String(setting.decoupleLambda)];
      return {
        name: roleName(arm),
        cells: [
          ...successCells(fresh),
          ...testCells(comparison, corrected),
          ...(isBaseline(fresh) ? own.map(() => null) : own),
          stepsCell(fresh),
        ],
        command: trainCommand({ ...task.config, ...setting }),
      };
    }),
  };
}

/** The name of a setting in the table of the grids. */
export const settingName = ({ decouplePairs, decoupleLambda }: TrainInput): string =>
  decouplePairs === undefined ? 'GRPO' : `${decouplePairs}, lambda ${decoupleLambda}`;
