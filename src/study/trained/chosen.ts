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
}

/** An environment with the arms that are compared in it, the baseline first. */
export interface Task {
  readonly id: string;
  readonly title: string;
  readonly config: TrainInput;
  /** Approximate duration of a run in seconds on one core, of the baseline and of other arms. */
  readonly seconds: readonly [number, number];
  readonly arms: readonly Arm[];
}

/** Distance of the first fresh seed from the first development seed. */
const FRESH = 100;

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

function trainingJob(task: Task, arm: Arm, setting: TrainInput, seed: number): Job {
  return jobOf(trainKind, taskInput(task, setting, seed), task.seconds[arm === task.arms[0] ? 0 : 1]);
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
  return tasks.flatMap((task) =>
    developmentSeedsOf(scale).flatMap((seed) =>
      task.arms.flatMap((arm) => arm.grid.map((setting) => trainingJob(task, arm, setting, seed))),
    ),
  );
}

/**
 * The setting of an arm with the highest mean in-domain success at the development seeds, of equal ones the first; null
 * before all of them are finished.
 */
export function chosenSetting(task: Task, arm: Arm, scale: StudyScale, results: JobResults): TrainInput | null {
  if (arm.grid.length === 1) return arm.grid[0];
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
