/** Does a whole task become better or worse when coupling is taken away, at equal information? */
import { roleName } from '../../report/compare/variantRole.ts';
import { estimateText, type StudyTable } from '../../report/studyTables.ts';
import { bySeed, estimateOf } from '../estimates.ts';
import { differencesText } from '../findings.ts';
import type { Job, JobResults } from '../job.ts';
import type { Study, StudyReport, StudyScale } from '../study.ts';
import { developmentJobs, developmentSeedsOf, freshJobs, runsAt, type Task } from '../trained/chosen.ts';
import { type Comparison, comparisonsOf, type FreshArm, freshArms, isBaseline } from '../trained/chosenRows.ts';
import type { TrainResult } from '../trained/trainJob.ts';
import { trainCommand } from '../trained/variants.ts';
import { gainFigure } from './decouplingFigures.ts';
import { spilloverJobs, spilloverTable, spilloverText } from './spillover.ts';
import { tasksOf, thirdParty } from './tasks.ts';

function plan(scale: StudyScale): readonly Job[] {
  const tasks = tasksOf(scale);
  return [...developmentJobs(tasks, scale), ...spilloverJobs(tasks, scale)];
}

function comparisonTable(task: Task, arms: readonly FreshArm[], comparisons: readonly Comparison[]): StudyTable {
  return {
    id: task.id,
    title: `Success at fresh seeds, ${task.title}`,
    rowHead: 'arm',
    columns: [
      'lambda',
      'train success',
      'in-domain success',
      'out-of-domain success',
      'out-of-domain gain over GRPO',
      'p of the gain, by permutation',
      "p with Holm's correction for the comparisons of all tables",
      'environment steps (thousands)',
    ],
    rows: arms.map((each) => {
      const { arm, setting, of } = each;
      const compared = comparisons.find((other) => other.task === task && other.arm === arm);
      return {
        name: roleName(arm),
        cells: [
          isBaseline(each) ? null : String(setting.decoupleLambda),
          estimateOf(
            of(({ success }) => success.train),
            'mean',
          ),
          estimateOf(
            of(({ success }) => success.inDomain),
            'mean',
          ),
          estimateOf(
            of(({ success }) => success.outOfDomain),
            'mean',
          ),
          compared?.gain ?? null,
          compared === undefined ? null : compared.p.toFixed(4),
          compared === undefined ? null : compared.corrected.toFixed(4),
          estimateOf(
            of(({ envSteps }) => envSteps / 1000),
            'mean',
          ),
        ],
        command: trainCommand({ ...task.config, ...setting }),
      };
    }),
  };
}

/** Every setting of the grids at the development seeds. */
function gridTable(tasks: readonly Task[], scale: StudyScale, results: JobResults): StudyTable {
  const seeds = developmentSeedsOf(scale);
  const rows = tasks.flatMap((task) => {
    const settings = [
      ...new Map(task.arms.flatMap(({ grid }) => grid.map((setting) => [JSON.stringify(setting), setting]))).values(),
    ];
    return settings.flatMap((setting) => {
      const runs = runsAt(task, setting, seeds, results);
      if (runs.size === 0) return [];
      const of = (pick: (run: TrainResult) => number) =>
        estimateOf(
          bySeed(seeds, (seed) => (runs.has(seed) ? pick(runs.get(seed) as TrainResult) : null)),
          'mean',
        );
      const { decouplePairs, decoupleLambda } = setting;
      return [
        {
          name: `${task.title}: ${decouplePairs === undefined ? 'GRPO' : `${decouplePairs}, lambda ${decoupleLambda}`}`,
          cells: [of(({ success }) => success.inDomain), of(({ success }) => success.outOfDomain)],
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

const words = { above: 'Gain', below: 'Lose' } as const;

function summaryOf(task: Task, arms: readonly FreshArm[], comparisons: readonly Comparison[]): string[] {
  const baseline = arms.find((each) => each.task === task && isBaseline(each));
  if (baseline === undefined) return [];
  const plain = estimateText(
    estimateOf(
      baseline.of(({ success }) => success.outOfDomain),
      'mean',
    ),
  );
  const of = (role: 'method' | 'control'): string =>
    differencesText(
      words,
      comparisons
        .filter((each) => each.task === task && each.arm.role === role)
        .map(({ arm, gain }) => ({ name: arm.name, difference: gain })),
    );
  const title = `${task.title[0].toUpperCase()}${task.title.slice(1)}`;
  const head = `${title}: GRPO succeeds in ${plain} of the out-of-domain games. ${of('method')}`.trimEnd();
  const controls = of('control');
  return controls === '' ? [head] : [head, `${title}, controls: ${controls}`];
}

function report(results: JobResults, scale: StudyScale): StudyReport {
  const tasks = tasksOf(scale);
  const arms = freshArms(tasks, scale, results);
  const comparisons = comparisonsOf(arms);
  const present = tasks.filter((task) => arms.some((each) => each.task === task));
  const armsOf = (task: Task): readonly FreshArm[] => arms.filter((each) => each.task === task);
  const spillover = spilloverTable(tasks, scale, results);
  const noThirdParty = scale.size === 'full' ? scale.noGames(thirdParty) : null;
  return {
    summary: [...present.flatMap((task) => summaryOf(task, arms, comparisons)), ...spilloverText(spillover)],
    tables: [
      ...present.map((task) => comparisonTable(task, armsOf(task), comparisons)),
      ...(spillover === null ? [] : [spillover]),
      gridTable(tasks, scale, results),
    ],
    figures: present.map((task) => gainFigure(task, armsOf(task), comparisons)),
    notes: [
      'Arms with a fixed lambda were named before the runs. Each other arm has the lambda of highest mean in-domain success at the development seeds. The fresh seeds were not used for any choice.',
      'Gains are means of differences between runs of the same seed, with 95% bootstrap intervals of one comparison each. The last column of p values is corrected for all comparisons of the study (Holm).',
      'Decoupling changes the weights of the samples, not only their coupling. The permuted control has the same change of the weights without their relation to the policy.',
      ...(scale.size === 'quick'
        ? ['A quick study has too few seeds for a conclusion. It only tests that the study runs.']
        : []),
      ...(noThirdParty === null ? [] : [`${thirdParty} was left out: ${noThirdParty}`]),
    ],
    key: {
      tasks: Object.fromEntries(
        present.map((task) => [
          task.id,
          Object.fromEntries(
            armsOf(task).map(({ arm, setting, of }) => {
              const found = estimateOf(
                of(({ success }) => success.outOfDomain),
                'mean',
              );
              const compared = comparisons.find((each) => each.task === task && each.arm === arm);
              const { value = null, low = null, high = null } = compared?.gain ?? {};
              return [
                arm.name,
                {
                  ...{ seeds: found?.seeds.length ?? 0, lambda: setting.decoupleLambda ?? null },
                  ...{ outOfDomain: found?.value ?? null, gain: value, gainLow: low, gainHigh: high },
                  p: compared?.corrected ?? null,
                },
              ];
            }),
          ),
        ]),
      ),
    },
  };
}

export const decoupling: Study = {
  name: 'decoupling',
  question: 'does a whole task become better or worse when coupling is taken away, at equal information?',
  plan,
  next: (results, scale) => freshJobs(tasksOf(scale), scale, results),
  report,
};
