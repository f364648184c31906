/** Does a whole task become better or worse when coupling is taken away, at equal information? */
import type { JsonRecord } from '../../record/json.ts';
import { estimateText } from '../../report/studyTables.ts';
import { holmCorrection } from '../../statistics/statistics.ts';
import { estimateOf } from '../estimates.ts';
import { differencesText } from '../findings.ts';
import { type Job, type JobResults, jobResults } from '../job.ts';
import type { Study, StudyReport, StudyScale } from '../study.ts';
import { developmentSeedsOf, type Task } from '../trained/chosen.ts';
import { comparisonsOf, freshArms, outOfDomain } from '../trained/chosenRows.ts';
import { jobsSoFar, trainingSeconds } from '../trained/chosenStages.ts';
import { gridTable, keyNumbers } from '../trained/chosenTables.ts';
import { gainFigure } from '../trained/gainFigure.ts';
import { dangerComparisons, dangerJobs, dangerRows, dangerTable, dangerText } from './dangerArms.ts';
import { type ArmRow, comparisonTable, settingName } from './decouplingTables.ts';
import { movementRatio, movesLess, spilloverJobs, spilloverSeconds, spilloverTable } from './spillover.ts';
import { type DecouplingTask, tasksOf, thirdParty } from './tasks.ts';

function jobsFor(results: JobResults, scale: StudyScale): readonly Job[] {
  const spillover = (task: DecouplingTask): readonly Job[] => spilloverJobs(task, scale, results);
  return [...dangerJobs(scale), ...jobsSoFar(tasksOf(scale), scale, results, spillover)];
}

/** An upper bound: chosen settings that another arm has as well are counted twice. */
function seconds(scale: StudyScale): number {
  const danger = dangerJobs(scale).reduce((total, job) => total + job.seconds, 0);
  const spillover = tasksOf(scale).flatMap((task) =>
    task.arms.map((_, i) => developmentSeedsOf(scale).length * spilloverSeconds(task, i)),
  );
  return danger + trainingSeconds(tasksOf(scale), scale) + spillover.reduce((total, each) => total + each, 0);
}

const titleOf = ({ title }: Task): string => `${title[0].toUpperCase()}${title.slice(1)}`;

/** @param rows of the task, the baseline first */
function summaryOf(task: Task, rows: readonly ArmRow[]): string[] {
  const [first] = rows;
  if (first.comparison !== null) return [];
  const compared = rows.flatMap(({ comparison, ratio }) =>
    comparison === null ? [] : [{ ...comparison, moves: movesLess(ratio) }],
  );
  const text = (some: typeof compared): string =>
    differencesText(
      { above: 'Gain', below: 'Lose' },
      some.map(({ arm, gain }) => ({ name: arm.name, difference: gain })),
    );
  const methods = compared.filter(({ arm }) => arm.role === 'method');
  const controls = text(compared.filter(({ arm }) => arm.role === 'control'));
  const untested = methods.filter(({ moves }) => moves === 'no' || moves === 'not measured');
  const tested = text(methods.filter((each) => !untested.includes(each)));
  const plain = estimateText(estimateOf(first.fresh.of(outOfDomain), 'mean'));
  return [
    `${titleOf(task)}: GRPO succeeds in ${plain} of the out-of-domain games. ${tested}`.trimEnd(),
    ...(untested.length === 0
      ? []
      : [
          `${titleOf(task)}, no test of coupling, because held-out samples do not certainly move less than with GRPO: ${untested.map(({ arm }) => arm.name).join('; ')}.`,
        ]),
    ...(controls === '' ? [] : [`${titleOf(task)}, controls: ${controls}`]),
  ];
}

function keyOf({ fresh, comparison, corrected, ratio, equalKlRatio }: ArmRow): readonly [string, JsonRecord] {
  const { arm, setting, runs } = fresh;
  return [
    arm.name,
    {
      ...{ seeds: runs.size, lambda: setting.decoupleLambda ?? null },
      ...keyNumbers(fresh, comparison, corrected),
      ...(comparison !== null && { moved: ratio?.value ?? null, movedEqualKl: equalKlRatio?.value ?? null }),
    },
  ];
}

function report(results: JobResults, scale: StudyScale, command: string): StudyReport {
  const tasks = tasksOf(scale);
  const arms = freshArms(tasks, scale, results);
  const comparisons = comparisonsOf(arms);
  const danger = dangerRows(scale, results);
  const differences = [...danger.flatMap(({ gain }) => gain ?? []), ...comparisons];
  const planned = tasks.reduce((total, task) => total + task.arms.length - 1, dangerComparisons);
  const holm = holmCorrection(
    differences.map(({ p }) => p),
    planned,
  );
  const rowsOf = (task: Task): readonly ArmRow[] =>
    arms
      .filter((each) => each.task === task)
      .map((fresh) => {
        const comparison = comparisons.find((each) => each.task === task && each.arm === fresh.arm) ?? null;
        return {
          ...{ fresh, comparison, corrected: comparison && holm[differences.indexOf(comparison)] },
          ratio: movementRatio(task, fresh.setting, 'own', scale, results),
          equalKlRatio: movementRatio(task, fresh.setting, 'equal KL', scale, results),
        };
      });
  const present = tasks.flatMap((task) => {
    const rows = rowsOf(task);
    return rows.length === 0 ? [] : [{ task, rows }];
  });
  const spillover = (['own', 'equal KL'] as const).flatMap(
    (steps) => spilloverTable(tasks, steps, scale, results) ?? [],
  );
  const noThirdParty = scale.size === 'full' ? scale.noGames(thirdParty) : null;
  return {
    summary: [...present.flatMap(({ task, rows }) => summaryOf(task, rows)), ...dangerText(danger)],
    tables: [
      ...present.map(({ task, rows }) => comparisonTable(task, rows)),
      ...(danger.length === 0
        ? []
        : [dangerTable(danger, ({ gain }) => (gain === null ? 1 : holm[differences.indexOf(gain)]), command)]),
      ...spillover,
      gridTable(tasks, scale, results, 'each lambda is chosen', settingName),
    ],
    figures: present.map(({ task, rows }) => gainFigure(task, rows, 'Decoupled advantages', 0.5)),
    notes: [
      'Arms with a fixed lambda were named before the runs. Each other arm has the lambda of highest mean in-domain success at the development seeds. The fresh seeds were not used for any choice.',
      `Gains are means of differences between runs of the same seed, with 95% bootstrap intervals of one comparison each. The last p values are corrected for all ${planned} comparisons of the study (Holm); comparisons that are not finished count as not significant.`,
      'A row tests coupling only if held-out samples certainly move less than with GRPO, measured at the development seeds with the steps that are compared. Steps of equal KL show whether shorter steps are the reason. In the danger zone the rise of the bad action is that measure.',
      'Decoupling changes the weights of the samples, not only their coupling. The permuted control has the same change of the weights without their relation to the policy.',
      ...(scale.size === 'quick'
        ? ['A quick study has too few seeds for a conclusion. It only tests that the study runs.']
        : []),
      ...(noThirdParty === null ? [] : [`${thirdParty} was left out: ${noThirdParty}`]),
    ],
    key: {
      comparisons: planned,
      tasks: Object.fromEntries(present.map(({ task, rows }) => [task.id, Object.fromEntries(rows.map(keyOf))])),
    },
  };
}

export const decoupling: Study = {
  name: 'decoupling',
  question: 'does a whole task become better or worse when coupling is taken away, at equal information?',
  plan: (scale) => jobsFor(jobResults(new Map()), scale),
  stages: { next: jobsFor, seconds },
  report,
};
