/**
 * The test that decoupling does what it is meant to do: how far the updates move samples of games that they did not use,
 * with steps of equal KL divergence on the states that they did use.
 */
import { estimateText, type StudyTable } from '../../report/studyTables.ts';
import { mean } from '../../statistics/statistics.ts';
import { bySeed, estimateOf, pairedEstimate } from '../estimates.ts';
import { type Job, type JobResults, jobOf } from '../job.ts';
import type { StudyScale } from '../study.ts';
import { type Arm, developmentSeedsOf, type Task, taskInput } from '../trained/chosen.ts';
import { type TrainInput, type TrainResult, trainKind } from '../trained/trainJob.ts';
import { trainCommand } from '../trained/variants.ts';

/** Mean KL divergence per update, in nats, to which each step is scaled. */
const EQUAL_KL = 0.003;

const measured: TrainInput = { updateKl: EQUAL_KL, diagnostics: true, couplingEvery: 20 };

/** The arms without a choice: the baseline, and each kind of pairs at the fixed strength. */
const fixedArms = ({ arms }: Task): readonly Arm[] => arms.filter(({ grid }) => grid.length === 1);

const inputOf = (task: Task, arm: Arm, seed: number): TrainInput =>
  taskInput(task, { ...arm.grid[0], ...measured }, seed);

export function spilloverJobs(tasks: readonly Task[], scale: StudyScale): readonly Job[] {
  return tasks.flatMap((task) =>
    developmentSeedsOf(scale).flatMap((seed) =>
      // The measurements take about as long as the updates.
      fixedArms(task).map((arm) =>
        jobOf(trainKind, inputOf(task, arm, seed), 2 * task.seconds[arm === task.arms[0] ? 0 : 1]),
      ),
    ),
  );
}

/** Mean over the measurements during training of a spillover metric; null for a task without labelled samples. */
function meanOf(metric: string): (run: TrainResult) => number | null {
  return ({ checkpoints }) => {
    const values = checkpoints.flatMap((line) => line[metric] ?? []);
    return values.length === 0 ? null : mean(values);
  };
}

const moved = meanOf('spillover/rms_actual');

/** A row for each arm; null before a run is finished or where no task has labelled samples. */
export function spilloverTable(tasks: readonly Task[], scale: StudyScale, results: JobResults): StudyTable | null {
  const seeds = developmentSeedsOf(scale);
  const rows = tasks.flatMap((task) => {
    const valuesOf = (arm: Arm, pick: (run: TrainResult) => number | null) =>
      bySeed(seeds, (seed) => {
        const run = results.of(trainKind, inputOf(task, arm, seed));
        return run === null ? null : pick(run);
      });
    const plain = valuesOf(task.arms[0], moved);
    return fixedArms(task).flatMap((arm) => {
      const own = valuesOf(arm, moved);
      if (own.size === 0) return [];
      const ratio = new Map(
        [...own].flatMap(([seed, x]) => (plain.has(seed) ? [[seed, x / (plain.get(seed) as number)]] : [])),
      );
      const digits = { digits: 4 };
      const three = (found: ReturnType<typeof estimateOf>) => (found === null ? null : { ...found, ...digits });
      return [
        {
          name: `${task.title}: ${arm.name}`,
          cells: [
            three(estimateOf(own, 'mean')),
            arm === task.arms[0] ? null : estimateOf(ratio as ReadonlyMap<number, number>, 'mean'),
            three(estimateOf(valuesOf(arm, meanOf('spillover/bad_actual')), 'mean')),
            three(estimateOf(valuesOf(arm, meanOf('spillover/good_actual')), 'mean')),
            estimateOf(
              valuesOf(arm, ({ success }) => success.outOfDomain),
              'mean',
            ),
            arm === task.arms[0]
              ? null
              : pairedEstimate(
                  valuesOf(arm, ({ success }) => success.outOfDomain),
                  valuesOf(task.arms[0], ({ success }) => success.outOfDomain),
                  'mean',
                ),
          ],
          command: trainCommand({ ...task.config, ...arm.grid[0], ...measured }),
        },
      ];
    });
  });
  if (rows.length === 0) return null;
  return {
    id: 'spillover',
    title: `Movement of held-out samples by the updates, with steps of equal KL (${EQUAL_KL} nats per update)`,
    rowHead: 'task and arm',
    columns: [
      'root mean square change of log π of held-out samples, per measured iteration',
      'ratio to GRPO of the same seed',
      'mean change of bad samples',
      'mean change of good samples',
      'out-of-domain success',
      'gain over GRPO',
    ],
    rows,
  };
}

/** `household: all pairs, lambda 30 0.45 [0.40, 0.50]; ...`: movement relative to GRPO. */
export function spilloverText(table: StudyTable | null): string[] {
  const named = (table?.rows ?? []).flatMap(({ name, cells }) =>
    cells[1] === null ? [] : [`${name} ${estimateText(cells[1])}`],
  );
  if (named.length === 0) return [];
  return [`Movement of held-out samples relative to GRPO, with steps of equal KL: ${named.join('; ')}.`];
}
