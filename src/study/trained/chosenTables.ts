/** What the tables and `--json` of all studies with chosen settings have: success, gains, and the grids. */
import type { JsonRecord } from '../../record/json.ts';
import type { Estimate, StudyRow, StudyTable } from '../../report/studyTables.ts';
import { bySeed, estimateOf } from '../estimates.ts';
import type { JobResults } from '../job.ts';
import type { StudyScale } from '../study.ts';
import { developmentSeedsOf, runsAt, type Task } from './chosen.ts';
import { type Difference, type FreshArm, outOfDomain } from './chosenRows.ts';
import type { TrainInput, TrainResult } from './trainJob.ts';
import { trainCommand } from './variants.ts';

type Cell = StudyRow['cells'][number];

export const successHeads = ['train success', 'in-domain success', 'out-of-domain success'] as const;

export function successCells({ of }: FreshArm): Cell[] {
  return [
    estimateOf(
      of(({ success }) => success.train),
      'mean',
    ),
    estimateOf(
      of(({ success }) => success.inDomain),
      'mean',
    ),
    estimateOf(of(outOfDomain), 'mean'),
  ];
}

/**
 * Headings of a difference and its p values.
 *
 * @param head the difference, such as `out-of-domain gain over GRPO`
 * @param of what the p values belong to, such as `gain`
 */
export const testHeads = (head: string, of: string): readonly [string, string, string] => [
  head,
  `p of the ${of}, by permutation`,
  of === 'gain'
    ? "p with Holm's correction for the comparisons of all tables"
    : `p of the ${of} with Holm's correction for the comparisons of all tables`,
];

/** @param corrected p value, corrected for all comparisons of the study */
export function testCells(difference: Difference | null, corrected: number | null): Cell[] {
  return [difference?.gain ?? null, difference?.p.toFixed(4) ?? null, corrected?.toFixed(4) ?? null];
}

export const stepsHead = 'environment steps (thousands)';

export const stepsCell = ({ of }: FreshArm): Cell =>
  estimateOf(
    of(({ envSteps }) => envSteps / 1000),
    'mean',
  );

/** Out-of-domain success and gain of an arm, as `--json` prints them. */
export function keyNumbers({ of }: FreshArm, difference: Difference | null, corrected: number | null): JsonRecord {
  const { value = null, low = null, high = null } = difference?.gain ?? {};
  const found = estimateOf(of(outOfDomain), 'mean');
  return { outOfDomain: found?.value ?? null, gain: value, gainLow: low, gainHigh: high, p: corrected };
}

/**
 * Every setting of the grids at the development seeds, once if several tasks have it.
 *
 * @param what the settings, as the end of the title: what is chosen by in-domain success
 * @param nameOf the name of a setting
 */
export function gridTable(
  tasks: readonly Task[],
  scale: StudyScale,
  results: JobResults,
  what: string,
  nameOf: (setting: TrainInput, task: Task) => string,
): StudyTable {
  const seeds = developmentSeedsOf(scale);
  const all = tasks.flatMap((task) => task.arms.flatMap(({ grid }) => grid.map((setting) => ({ task, setting }))));
  const distinct = new Map<string, (typeof all)[number]>();
  for (const each of all) {
    const key = JSON.stringify({ ...each.task.config, ...each.setting });
    if (!distinct.has(key)) distinct.set(key, each);
  }
  const rows = [...distinct.values()].flatMap(({ task, setting }) => {
    const runs = runsAt(task, setting, seeds, results);
    if (runs.size === 0) return [];
    const of = (pick: (run: TrainResult) => number): Estimate | null =>
      estimateOf(
        bySeed([...runs.keys()], (seed) => pick(runs.get(seed) as TrainResult)),
        'mean',
      );
    return [
      {
        name: `${task.title}: ${nameOf(setting, task)}`,
        cells: [of(({ success }) => success.inDomain), of(outOfDomain)],
        command: trainCommand({ ...task.config, ...setting }),
      },
    ];
  });
  return {
    id: 'grid',
    title: `Settings at the development seeds, from which ${what} by in-domain success`,
    rowHead: 'task and setting',
    columns: ['in-domain success', 'out-of-domain success'],
    rows,
  };
}
