/**
 * The test that decoupling does what it is meant to do: how far the updates of each arm move samples of games that they
 * did not use. It is measured twice: with the steps that are compared, and with steps of equal KL divergence on the
 * states that were used. Shorter steps alone make the first one fall, and not the second one.
 */
import { resolveConfig } from '../../config/config.ts';
import type { Estimate, StudyRow, StudyTable } from '../../report/studyTables.ts';
import { mean } from '../../statistics/statistics.ts';
import { type BySeed, bySeed, estimateOf, pairedEstimate } from '../estimates.ts';
import { type Job, type JobResults, jobOf } from '../job.ts';
import type { StudyScale } from '../study.ts';
import { chosenSetting, developmentSeedsOf, type Task, taskInput } from '../trained/chosen.ts';
import { outOfDomain } from '../trained/chosenRows.ts';
import { type TrainInput, type TrainResult, trainKind } from '../trained/trainJob.ts';
import { trainCommand } from '../trained/variants.ts';
import type { DecouplingTask } from './tasks.ts';

/** Mean KL divergence per update, in nats, to which each step is scaled. */
const EQUAL_KL = 0.003;

/** Number of iterations of a run whose updates are measured. */
const MEASURED = 8;

/** Steps as in the runs that are compared, or scaled to an equal KL divergence. */
type Steps = 'own' | 'equal KL';

const everySteps: readonly Steps[] = ['own', 'equal KL'];

const measuredSetting = ({ config }: Task, setting: TrainInput, steps: Steps): TrainInput => ({
  ...setting,
  ...(steps === 'equal KL' && { updateKl: EQUAL_KL }),
  diagnostics: true,
  couplingEvery: Math.ceil(resolveConfig(config).iterations / MEASURED),
});

const inputOf = (task: Task, setting: TrainInput, steps: Steps, seed: number): TrainInput =>
  taskInput(task, measuredSetting(task, setting, steps), seed);

const secondsOf = ({ seconds, measuring }: DecouplingTask, arm: number): number =>
  seconds[arm === 0 ? 0 : 1] + measuring;

/** Approximate duration of the runs of an arm at one seed. */
export const spilloverSeconds = (task: DecouplingTask, arm: number): number => everySteps.length * secondsOf(task, arm);

/** Runs of each arm with the setting that it is compared with, as soon as that is known. */
export function spilloverJobs(task: DecouplingTask, scale: StudyScale, results: JobResults): readonly Job[] {
  return developmentSeedsOf(scale).flatMap((seed) =>
    task.arms.flatMap((arm, i) => {
      const setting = chosenSetting(task, arm, scale, results);
      if (setting === null) return [];
      return everySteps.map((steps) => jobOf(trainKind, inputOf(task, setting, steps, seed), secondsOf(task, i)));
    }),
  );
}

type Pick = (run: TrainResult) => number | null;

/** Mean over the measurements during training of a spillover metric; null for a task without labelled samples. */
function meanOf(metric: string): Pick {
  return ({ checkpoints }) => {
    const values = checkpoints.flatMap((line) => line[metric] ?? []);
    return values.length === 0 ? null : mean(values);
  };
}

const moved = meanOf('spillover/rms_actual');

function valuesOf(
  task: Task,
  setting: TrainInput,
  steps: Steps,
  scale: StudyScale,
  results: JobResults,
  pick: Pick,
): BySeed {
  return bySeed(developmentSeedsOf(scale), (seed) => {
    const run = results.of(trainKind, inputOf(task, setting, steps, seed));
    return run === null ? null : pick(run);
  });
}

/** Movement of held-out samples relative to GRPO of the same seed; null if it was not measured. */
export function movementRatio(
  task: Task,
  setting: TrainInput,
  steps: Steps,
  scale: StudyScale,
  results: JobResults,
): Estimate | null {
  const own = valuesOf(task, setting, steps, scale, results, moved);
  const plain = valuesOf(task, task.arms[0].grid[0], steps, scale, results, moved);
  return estimateOf(
    bySeed([...own.keys()], (seed) => (plain.has(seed) ? (own.get(seed) ?? 0) / (plain.get(seed) ?? 0) : null)),
    'mean',
  );
}

/**
 * Whether held-out samples moved less than with GRPO: `no` also if that is not certain. Where it is `no`, a difference
 * of success says nothing about coupling.
 */
export function movesLess(ratio: Estimate | null): 'yes' | 'no' | 'too few seeds' | 'not measured' {
  if (ratio === null) return 'not measured';
  if (ratio.high === null) return 'too few seeds';
  return ratio.high < 1 ? 'yes' : 'no';
}

/** A row for each arm whose setting is known; null before a run is finished. */
export function spilloverTable(
  tasks: readonly Task[],
  steps: Steps,
  scale: StudyScale,
  results: JobResults,
): StudyTable | null {
  const fine = (found: Estimate | null): Estimate | null => found && { ...found, digits: 4 };
  const rows = tasks.flatMap((task) =>
    task.arms.flatMap((arm, i): StudyRow[] => {
      const setting = chosenSetting(task, arm, scale, results);
      if (setting === null) return [];
      const of = (pick: Pick): BySeed => valuesOf(task, setting, steps, scale, results, pick);
      const success = of(outOfDomain);
      if (success.size === 0) return [];
      const plain = valuesOf(task, task.arms[0].grid[0], steps, scale, results, outOfDomain);
      return [
        {
          name: `${task.title}: ${arm.name}`,
          cells: [
            fine(estimateOf(of(moved), 'mean')),
            i === 0 ? null : movementRatio(task, setting, steps, scale, results),
            fine(estimateOf(of(meanOf('spillover/bad_actual')), 'mean')),
            fine(estimateOf(of(meanOf('spillover/good_actual')), 'mean')),
            estimateOf(success, 'mean'),
            i === 0 ? null : pairedEstimate(success, plain, 'mean'),
          ],
          command: trainCommand({ ...task.config, ...measuredSetting(task, setting, steps) }),
        },
      ];
    }),
  );
  if (rows.length === 0) return null;
  return {
    id: steps === 'own' ? 'spillover' : 'spillover-equal-kl',
    title: `Movement of held-out samples by the updates, ${steps === 'own' ? 'with the steps that are compared' : `with steps of equal KL (${EQUAL_KL} nats per update)`}`,
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
