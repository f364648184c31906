/** The job of one start of the danger experiment at one seed: all experimental conditions from the same weights. */

import { type Job, type JobKind, jobOf } from '../job.ts';
import { dangerLearner, followConditions } from './danger.ts';
import { type DangerExperiment, plainTerms } from './experiment.ts';
import type { Condition, Followed } from './follow.ts';
import type { DangerPreset } from './presets.ts';
import { CLONED } from './softStart.ts';
import { createTwoStates } from './twoStates.ts';

/**
 * An experimental condition: terms as in the configuration, the labels that they use, and whether the samples of both
 * states are used.
 */
export type DangerCondition = Omit<Condition, 'terms'> & { readonly method: string };

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

export type DangerResult = {
  /** p(bad | s') by experimental condition, before training and after every 10 iterations. */
  readonly probabilities: readonly (readonly number[])[];
  /** Mean return after training, by experimental condition. */
  readonly returns: readonly number[];
};

/** The measurements of a result, by experimental condition. */
export function followedOf({ probabilities, returns }: DangerResult): Followed[] {
  return probabilities.map((each, a) => ({ probabilities: each, return: returns[a] }));
}

/** Approximate duration of a job in seconds: the soft start, then each experimental condition. */
export function secondsOf(conditions: number): number {
  return 0.3 + 0.2 * conditions;
}

/** The condition with its terms parsed. */
export function conditionOf({ method, ...rest }: DangerCondition): Condition {
  return { terms: plainTerms(method), ...rest };
}

export const dangerKind: JobKind<DangerInput, DangerResult> = {
  name: 'danger',
  async run({ rho, seed, start, iterations, arms, preset = 'default' }, { module }) {
    const twoStates = { ...createTwoStates(rho, seed, CLONED), preset };
    const learner = await dangerLearner(module);
    const followed = await followConditions(learner, twoStates, start, arms.map(conditionOf), iterations);
    return {
      probabilities: followed.map(({ probabilities }) => probabilities),
      returns: followed.map((run) => run.return),
    };
  },
};

/** The job of one start and seed of an experiment. */
export function dangerJobOf({ rho, iterations, arms, preset }: DangerExperiment, seed: number, start: number): Job {
  const described = arms.map(({ terms, ...rest }) => ({ method: terms.join('+'), ...rest }));
  const named = preset === 'default' ? {} : { preset };
  return jobOf(dangerKind, { rho, seed, start, iterations, arms: described, ...named }, secondsOf(arms.length));
}
