/**
 * A study whose tasks have arms with chosen settings: the grids at development seeds, then one choice for each arm at
 * fresh seeds, paired comparisons, and one correction for all of them.
 */
import type { JsonRecord } from '../../record/json.ts';
import { contrastOf } from '../../report/compare/contrast.ts';
import { roleName } from '../../report/compare/variantRole.ts';
import { estimateText, type StudyTable } from '../../report/studyTables.ts';
import { holmCorrection } from '../../statistics/statistics.ts';
import { estimateOf } from '../estimates.ts';
import { differencesText } from '../findings.ts';
import { type JobResults, jobResults } from '../job.ts';
import type { Study, StudyReport, StudyScale } from '../study.ts';
import { againstOf, overOf, type Task } from './chosen.ts';
import { type Comparison, comparisonsOf, type FreshArm, freshArms, outOfDomain } from './chosenRows.ts';
import { jobsSoFar, trainingSeconds } from './chosenStages.ts';
import {
  gridTable,
  keyNumbers,
  stepsCell,
  stepsHead,
  successCells,
  successHeads,
  testCells,
  testHeads,
} from './chosenTables.ts';
import { gainFigure } from './gainFigure.ts';
import { endSuccess, type Measure } from './measures.ts';
import type { TrainInput } from './trainJob.ts';
import { trainCommand } from './variants.ts';

export interface ComparedTask extends Task {
  /** What is compared beside out-of-domain success at the end. */
  readonly further: readonly Measure[];
}

interface ChosenStudy extends Pick<Study, 'name' | 'question'> {
  /** The subject, as the start of titles of figures. */
  readonly subject: string;
  /** Largest gain and loss of the axis of figures. */
  readonly span: 0.5 | 1;
  tasksOf(scale: StudyScale): readonly ComparedTask[];
  /** Assumptions and limitations of this study. */
  readonly notes: readonly string[];
}

/** A difference in one quantity, with its p value corrected for all comparisons of the study. */
interface Test {
  readonly measure: Measure;
  readonly comparison: Comparison | null;
  readonly corrected: number | null;
}

interface ArmRow {
  readonly fresh: FreshArm;
  /** Success first. */
  readonly tests: readonly Test[];
}

const measuresOf = ({ further }: ComparedTask): readonly Measure[] => [endSuccess, ...further];

/** The number of comparisons that the study plans. */
function plannedOf(tasks: readonly ComparedTask[]): number {
  return tasks.reduce((total, task) => {
    const compared = task.arms.filter((arm) => againstOf(task, arm) !== null);
    return total + compared.length * measuresOf(task).length;
  }, 0);
}

/** The arms with a finished run at a fresh seed, by task. */
function rowsByTask(
  tasks: readonly ComparedTask[],
  scale: StudyScale,
  results: JobResults,
): ReadonlyMap<ComparedTask, readonly ArmRow[]> {
  const found = tasks.map((task) => {
    const arms = freshArms([task], scale, results);
    const byMeasure = measuresOf(task).map((measure) => ({
      measure,
      comparisons: comparisonsOf(arms, measure.compare),
    }));
    return { task, arms, byMeasure };
  });
  const all = found.flatMap(({ byMeasure }) => byMeasure.flatMap(({ comparisons }) => comparisons));
  const holm = holmCorrection(
    all.map(({ p }) => p),
    plannedOf(tasks),
  );
  const testOf = (arm: FreshArm, measure: Measure, comparisons: readonly Comparison[]): Test => {
    const comparison = comparisons.find((each) => each.arm === arm.arm) ?? null;
    return { measure, comparison, corrected: comparison && holm[all.indexOf(comparison)] };
  };
  return new Map(
    found
      .filter(({ arms }) => arms.length > 0)
      .map(({ task, arms, byMeasure }) => [
        task,
        arms.map((fresh) => ({
          fresh,
          tests: byMeasure.map(({ measure, comparisons }) => testOf(fresh, measure, comparisons)),
        })),
      ]),
  );
}

/** The keys of a setting with their values, without method and labels, which the name of the arm has. */
function settingText({ method: _, labels: __, ...others }: TrainInput): string {
  const keys = Object.entries(others).map(([key, value]) => `${key} ${value}`);
  return keys.length === 0 ? 'defaults' : keys.join(', ');
}

function tableOf(task: ComparedTask, rows: readonly ArmRow[]): StudyTable {
  const fine = (fresh: FreshArm, pick: Parameters<FreshArm['of']>[0]) => estimateOf(fresh.of(pick), 'mean');
  return {
    id: task.id,
    title: `Success at fresh seeds, ${task.title}`,
    rowHead: 'arm',
    columns: [
      ...successHeads,
      ...measuresOf(task).flatMap(({ head, of }) => testHeads(`${head} ${overOf(task)}`, of)),
      'good-bad cosine at the end',
      'contrast at the end',
      stepsHead,
      'compared with',
      'setting',
    ],
    rows: rows.map(({ fresh, tests }) => ({
      name: roleName(fresh.arm),
      cells: [
        ...successCells(fresh),
        ...tests.flatMap(({ comparison, corrected }) => testCells(comparison, corrected)),
        fine(fresh, ({ coupling }) => coupling.end.goodBadCosine),
        fine(fresh, ({ coupling }) => contrastOf(coupling.end)),
        stepsCell(fresh),
        againstOf(task, fresh.arm)?.name ?? null,
        settingText(fresh.setting),
      ],
      command: trainCommand({ ...task.config, ...fresh.setting }),
    })),
  };
}

/** @param rows of the task, the baseline first */
function summaryOf(task: ComparedTask, rows: readonly ArmRow[]): string[] {
  const title = `${task.title[0].toUpperCase()}${task.title.slice(1)}`;
  const [{ fresh: first }] = rows;
  if (first.arm !== task.arms[0]) return [];
  const success = estimateText(estimateOf(first.of(outOfDomain), 'mean'));
  const found = measuresOf(task).flatMap(({ words }, m) =>
    (['method', 'control', 'upper bound'] as const).flatMap((role) => {
      const named = rows.flatMap(({ fresh, tests }) => {
        const { comparison } = tests[m];
        const counts = comparison !== null && fresh.arm.role === role;
        return counts ? [{ name: fresh.arm.name, difference: comparison.gain }] : [];
      });
      const text = differencesText(words, named);
      return text === '' ? [] : [role === 'method' ? text : `${role[0].toUpperCase()}${role.slice(1)}s: ${text}`];
    }),
  );
  return [
    `${title}: ${first.arm.name} succeeds in ${success} of the out-of-domain games.`,
    ...found.map((text) => `${title}, against ${overOf(task)}. ${text}`),
  ];
}

function keyOf({ fresh, tests }: ArmRow): readonly [string, JsonRecord] {
  const [success, ...others] = tests;
  return [
    fresh.arm.name,
    {
      ...{ seeds: fresh.runs.size, setting: fresh.setting },
      ...keyNumbers(fresh, success.comparison, success.corrected),
      ...Object.fromEntries(
        others.flatMap(({ measure, comparison, corrected }) => {
          if (comparison === null) return [];
          const { value, low, high } = comparison.gain;
          return [[measure.key, { value, low, high, p: corrected }] as const];
        }),
      ),
    },
  ];
}

function reportOf(study: ChosenStudy, results: JobResults, scale: StudyScale): StudyReport {
  const tasks = study.tasksOf(scale);
  const rows = rowsByTask(tasks, scale, results);
  const planned = plannedOf(tasks);
  const nameOf = (setting: TrainInput, { arms }: Task): string => {
    const own = arms.find(({ grid }) => grid.includes(setting)) ?? arms[0];
    return own.grid.length === 1 ? own.name : `${own.name}, ${settingText(setting)}`;
  };
  return {
    summary: [...rows].flatMap(([task, found]) => summaryOf(task, found)),
    tables: [
      ...[...rows].map(([task, found]) => tableOf(task, found)),
      gridTable(tasks, scale, results, 'one of each arm is chosen', nameOf),
    ],
    figures: [...rows].map(([task, found]) =>
      gainFigure(
        task,
        found.map(({ fresh, tests: [{ comparison }] }) => ({ fresh, comparison })),
        study.subject,
        study.span,
      ),
    ),
    notes: [
      'Each arm with several settings has the one of highest mean in-domain success at the development seeds. The fresh seeds were not used for any choice.',
      `Gains are means of differences between runs of the same seed, with 95% bootstrap intervals of one comparison each. The last p values are corrected for all ${planned} comparisons of the study (Holm); comparisons that are not finished count as not significant.`,
      ...study.notes,
      ...(scale.size === 'quick'
        ? ['A quick study has too few seeds for a conclusion. It only tests that the study runs.']
        : []),
    ],
    key: {
      comparisons: planned,
      tasks: Object.fromEntries(
        [...rows].map(([task, found]) => [task.id, Object.fromEntries(found.map(keyOf))] as const),
      ),
    },
  };
}

export function chosenStudy(study: ChosenStudy): Study {
  const { name, question, tasksOf } = study;
  return {
    ...{ name, question },
    plan: (scale) => jobsSoFar(tasksOf(scale), scale, jobResults(new Map())),
    stages: {
      next: (results, scale) => jobsSoFar(tasksOf(scale), scale, results),
      seconds: (scale) => trainingSeconds(tasksOf(scale), scale),
    },
    report: (results, scale) => reportOf(study, results, scale),
  };
}
