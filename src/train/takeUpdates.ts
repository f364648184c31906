/** Takes the updates of an iteration. */

import type { Config } from '../config/config.ts';
import { type OpenDial, openDial } from '../engine/learn/stepScale.ts';
import { type AdamwSettings, type Learner, type UpdateStats, updateOn } from '../engine/learn/update.ts';
import type { Episodes, Spread } from '../parallel/spread.ts';
import type { Decoupler } from './decouple.ts';
import type { PreparedRollout, UpdateTask } from './minibatch.ts';
import { learningRateAt } from './schedule.ts';
import { cutByTask, operateOn, roundsOf, type Surgeon, tasksOf } from './surgery.ts';

export function adamwSettings(config: Config): AdamwSettings {
  return {
    learningRate: config.learningRate,
    beta1: config.adamBeta1,
    beta2: config.adamBeta2,
    epsilon: config.adamEpsilon,
    weightDecay: config.weightDecay,
    maxGradNorm: config.maxGradNorm,
  };
}

/** Settings of the AdamW step of a run that follows `updates` steps. */
export function stepAfter(config: Config, updates: number): AdamwSettings {
  const totalUpdates = config.iterations * config.numIterations * config.minibatches;
  return { ...adamwSettings(config), learningRate: learningRateAt(config, updates, totalUpdates) };
}

/** Scales the step of an update to a divergence; null where steps stay as the optimiser takes them. */
function dialOf({ policy }: Learner, { updateKl, temperature }: Config, { sets: [own] }: UpdateTask): OpenDial | null {
  return updateKl === null ? null : () => openDial(policy, { set: own, temperature, target: updateKl });
}

/** The parts of a run with which updates are taken. */
export interface UpdateContext {
  readonly config: Config;
  readonly spread: Spread;
  /** State of gradient surgery; null where the method has none. */
  readonly surgeon: Surgeon | null;
  /** null where the method has no decoupled advantages. */
  readonly decoupler: Decoupler | null;
}

/** Called while the updates are taken. */
export interface UpdateHooks {
  /** Before the gradient of each update. */
  beforeUpdate(): void;
  /** After each update. */
  afterUpdate(task: UpdateTask): void;
  /** Before the end of the last phase of updates, when other threads start to play the next episodes. */
  beforeEnd(): void;
}

/** Statistics of the updates of an iteration; `conflicts` of each update with gradient surgery. */
export interface TakenUpdates {
  readonly stats: readonly UpdateStats[];
  readonly conflicts: readonly number[];
}

/** Takes the updates in one phase. */
async function takeInOnePhase(
  tasks: readonly UpdateTask[],
  { rollout, advantage }: PreparedRollout,
  learner: Learner,
  { config, spread, surgeon }: UpdateContext,
  next: Episodes | null,
  hooks: UpdateHooks,
): Promise<TakenUpdates> {
  const stats: UpdateStats[] = [];
  const taskOfState = surgeon && tasksOf(surgeon, rollout, advantage);
  const operations = taskOfState && tasks.map((task) => cutByTask(task, taskOfState));
  const conflicts: number[] = [];
  const phase = spread.updates(operations?.flatMap(roundsOf) ?? tasks.map(({ sets }) => sets), next);
  try {
    for (const [i, task] of tasks.entries()) {
      const adamw = stepAfter(config, learner.updates);
      const dial = dialOf(learner, config, task);
      hooks.beforeUpdate();
      if (surgeon && operations) {
        const operated = await operateOn(phase, learner, surgeon, operations[i], adamw, dial);
        stats.push(operated);
        conflicts.push(operated.conflicts);
      } else stats.push(await updateOn(phase, learner, task.contrastive, adamw, dial));
      hooks.afterUpdate(task);
    }
    hooks.beforeEnd();
  } finally {
    phase.end();
  }
  return { stats, conflicts };
}

/**
 * Takes the updates with decoupled advantages. Those of an update depend on the weights before it, so each update is a
 * phase of its own.
 */
async function takeDecoupled(
  tasks: readonly UpdateTask[],
  prepared: PreparedRollout,
  learner: Learner,
  context: UpdateContext,
  decoupler: Decoupler,
  next: Episodes | null,
  hooks: UpdateHooks,
): Promise<TakenUpdates> {
  const stats: UpdateStats[] = [];
  for (const [i, task] of tasks.entries()) {
    const decoupled = await decoupler.decouple(task, prepared, learner.updates);
    const last = i === tasks.length - 1;
    const taken = await takeInOnePhase(
      [decoupled],
      prepared,
      learner,
      context,
      last ? next : null,
      last ? hooks : { ...hooks, beforeEnd: () => {} },
    );
    stats.push(...taken.stats);
  }
  return { stats, conflicts: [] };
}

/**
 * Takes the updates of an iteration in their order.
 *
 * @param next the episodes that are collected directly after the last update; null where an evaluation comes first
 */
export function takeUpdates(
  tasks: readonly UpdateTask[],
  prepared: PreparedRollout,
  learner: Learner,
  context: UpdateContext,
  next: Episodes | null,
  hooks: UpdateHooks,
): Promise<TakenUpdates> {
  const { decoupler } = context;
  if (!decoupler) return takeInOnePhase(tasks, prepared, learner, context, next, hooks);
  return takeDecoupled(tasks, prepared, learner, context, decoupler, next, hooks);
}

/** Metrics of steps that were scaled to a KL divergence. */
export function stepMetrics(stats: readonly UpdateStats[]): Record<string, number> {
  const steps = stats.flatMap(({ step }) => step ?? []);
  if (steps.length === 0) return {};
  const mean = (of: (step: (typeof steps)[number]) => number): number =>
    steps.reduce((sum, step) => sum + of(step), 0) / steps.length;
  return {
    'update_kl/mean': mean(({ kl }) => kl),
    'update_kl/scale': mean(({ scale }) => scale),
    'update_kl/missed': steps.filter(({ reached }) => !reached).length,
  };
}
