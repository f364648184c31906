/** The job of one start of the danger experiment at one seed: all experimental conditions from the same weights. */

import { termsOf } from '../../config/method.ts';
import { type Job, type JobKind, jobOf } from '../job.ts';
import { type DangerExperiment, dangerLearner, followConditions } from './danger.ts';
import type { Condition, DangerLabels } from './follow.ts';
import type { DangerPreset } from './presets.ts';
import { CLONED } from './softStart.ts';
import { createTwoStates } from './twoStates.ts';

/**
 * An experimental condition: terms as in the configuration, the labels that they use, and whether the two states are
 * coupled.
 */
export type DangerCondition = { readonly method: string; readonly labels: DangerLabels; readonly coupling: boolean };

export type DangerInput = {
  readonly rho: number;
  readonly seed: number;
  /** Start value of p(bad | s'). */
  readonly start: number;
  readonly iterations: number;
  /** The experimental conditions. The key is part of the hash of stored jobs. */
  readonly arms: readonly DangerCondition[];
  /** Initialisation of the networks; absent for the default. */
  readonly preset?: DangerPreset;
};

/** p(bad | s') by experimental condition, before training and after every 10 iterations. */
export type DangerResult = { readonly probabilities: readonly (readonly number[])[] };

/** Approximate duration of a job in seconds: the soft start, then each experimental condition. */
export function secondsOf(conditions: number): number {
  return 0.4 + 0.35 * conditions;
}

/** The condition with its terms parsed. */
export function conditionOf({ method, labels, coupling }: DangerCondition): Condition {
  return { terms: termsOf(method), labels, coupling };
}

export const dangerKind: JobKind<DangerInput, DangerResult> = {
  name: 'danger',
  async run({ rho, seed, start, iterations, arms, preset = 'default' }, { module }) {
    const twoStates = { ...createTwoStates(rho, seed, CLONED), preset };
    const learner = await dangerLearner(module);
    return { probabilities: await followConditions(learner, twoStates, start, arms.map(conditionOf), iterations) };
  },
};

/** The job of one start and seed of an experiment. */
export function dangerJobOf({ rho, iterations, arms, preset }: DangerExperiment, seed: number, start: number): Job {
  const described = arms.map(({ terms, labels, coupling }) => ({ method: terms.join('+'), labels, coupling }));
  const named = preset === 'default' ? {} : { preset };
  return jobOf(dangerKind, { rho, seed, start, iterations, arms: described, ...named }, secondsOf(arms.length));
}
