/**
 * Arms whose settings are chosen: each setting of a grid is trained at development seeds, the one with the highest mean
 * in-domain success is trained at fresh seeds, and only the fresh seeds are compared. Out-of-domain games choose
 * nothing.
 */
import type { VariantRole } from '../../report/compare/variantRole.ts';
import { type Job, type JobResults, jobOf } from '../job.ts';
import { type StudyScale, seedsOf } from '../study.ts';
import { type TrainInput, type TrainResult, trainKind } from './trainJob.ts';

/** A way to train, with the settings among which it is chosen; one setting is no choice. */
export interface Arm {
  readonly name: string;
  readonly role: VariantRole;
  readonly grid: readonly TrainInput[];
  /**
   * Name of the arm whose choice this one takes, by position in the grid: a control then has equal weights. By default
   * it chooses for itself.
   */
  readonly as?: string;
  /** Name of the arm that it is compared with; null: with none. By default with the baseline. */
  readonly against?: string | null;
  /** Approximate duration of a run in seconds, if it is not that of the task. */
  readonly seconds?: number;
}

/** An environment with the arms that are compared in it, the baseline first. */
export interface Task {
  readonly id: string;
  readonly title: string;
  readonly config: TrainInput;
  /** Approximate duration of a run in seconds on one core, of the baseline and of other arms. */
  readonly seconds: readonly [number, number];
  readonly arms: readonly Arm[];
  /** With what the arms are compared, in headings; by default the name of the baseline. */
  readonly over?: string;
}

/** Distance of the first fresh seed from the first development seed, so that the two never overlap. */
export const FRESH = 100;

const developmentSeeds = { quick: 1, full: 5 } as const;
const freshSeeds = { quick: 2, full: 20 } as const;

export function developmentSeedsOf(scale: StudyScale): readonly number[] {
  return seedsOf({ ...scale, seeds: null }, developmentSeeds[scale.size]);
}

/** `--seeds` sets the number of fresh seeds. */
export function freshSeedsOf(scale: StudyScale): readonly number[] {
  return seedsOf({ ...scale, firstSeed: scale.firstSeed + FRESH }, freshSeeds[scale.size]);
}

export function taskInput({ config }: Task, setting: TrainInput, seed: number): TrainInput {
  return { ...config, ...setting, seed };
}

/** Approximate duration of a run of the arm, in seconds on one core. */
export function armSeconds({ seconds, arms }: Task, arm: Arm): number {
  return arm.seconds ?? seconds[arm === arms[0] ? 0 : 1];
}

/** @throws Error if the task has no arm of that name */
function armNamed({ id, arms }: Task, name: string): Arm {
  const found = arms.find((arm) => arm.name === name);
  if (found !== undefined) return found;
  throw new Error(`armNamed: the name must be one of an arm of task ${id}, got "${name}"; use the name of an arm`);
}

/** The arm that an arm is compared with; null for the baseline and for arms without a comparison. */
export function againstOf(task: Task, { name, against = task.arms[0].name }: Arm): Arm | null {
  return against === null || against === name ? null : armNamed(task, against);
}

/** With what the arms of a task are compared, in headings. */
export const overOf = ({ over, arms }: Task): string => over ?? arms[0].name;

function trainingJob(task: Task, arm: Arm, setting: TrainInput, seed: number): Job {
  return jobOf(trainKind, taskInput(task, setting, seed), armSeconds(task, arm));
}

/** The runs of a setting at those seeds that are finished, by seed. */
export function runsAt(
  task: Task,
  setting: TrainInput,
  seeds: readonly number[],
  results: JobResults,
): ReadonlyMap<number, TrainResult> {
  const runs = new Map<number, TrainResult>();
  for (const seed of seeds) {
    const result = results.of(trainKind, taskInput(task, setting, seed));
    if (result !== null) runs.set(seed, result);
  }
  return runs;
}

/** Jobs of the grids, and of the baseline, at the development seeds: seed by seed. */
export function developmentJobs(tasks: readonly Task[], scale: StudyScale): readonly Job[] {
  return tasks.flatMap((task) => {
    const choosing = task.arms.filter((arm) => arm.as === undefined);
    return developmentSeedsOf(scale).flatMap((seed) =>
      choosing.flatMap((arm) => arm.grid.map((setting) => trainingJob(task, arm, setting, seed))),
    );
  });
}

/**
 * The setting of an arm with the highest mean in-domain success at the development seeds, of equal ones the first; null
 * before all of them are finished.
 */
export function chosenSetting(task: Task, arm: Arm, scale: StudyScale, results: JobResults): TrainInput | null {
  if (arm.grid.length === 1) return arm.grid[0];
  if (arm.as !== undefined) {
    const followed = armNamed(task, arm.as);
    const setting = chosenSetting(task, followed, scale, results);
    return setting === null ? null : arm.grid[followed.grid.indexOf(setting)];
  }
  const seeds = developmentSeedsOf(scale);
  let chosen: TrainInput | null = null;
  let highest = Number.NEGATIVE_INFINITY;
  for (const setting of arm.grid) {
    const runs = runsAt(task, setting, seeds, results);
    if (runs.size < seeds.length) return null;
    const sum = [...runs.values()].reduce((total, { success }) => total + success.inDomain, 0);
    if (sum > highest) [chosen, highest] = [setting, sum];
  }
  return chosen;
}

/** Jobs of the chosen settings at the fresh seeds: seed by seed. */
export function freshJobs(tasks: readonly Task[], scale: StudyScale, results: JobResults): readonly Job[] {
  return tasks.flatMap((task) => {
    const chosen = task.arms.flatMap((arm) => {
      const setting = chosenSetting(task, arm, scale, results);
      return setting === null ? [] : [{ arm, setting }];
    });
    return freshSeedsOf(scale).flatMap((seed) =>
      chosen.map(({ arm, setting }) => trainingJob(task, arm, setting, seed)),
    );
  });
}
