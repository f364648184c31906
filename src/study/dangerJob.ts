/** The job of one start of the danger experiment at one seed: every arm from the same weights. */
import { dangerLearner, followArms } from '../danger/danger.ts';
import type { Arm, DangerLabels } from '../danger/follow.ts';
import { CLONED } from '../danger/softStart.ts';
import { createTwoStates } from '../danger/twoStates.ts';
import { termsOf } from '../train/method.ts';
import type { JobKind } from './job.ts';

/** What is trained: terms as in the configuration, the labels they use, and whether the two states are coupled. */
export type DangerArm = { readonly method: string; readonly labels: DangerLabels; readonly coupling: boolean };

export type DangerInput = {
  readonly rho: number;
  readonly seed: number;
  /** p(bad | s') to start from. */
  readonly start: number;
  readonly iterations: number;
  readonly arms: readonly DangerArm[];
};

/** p(bad | s') by arm, before training and after every 10 iterations. */
export type DangerResult = { readonly probabilities: readonly (readonly number[])[] };

/** The experiment's own form of an arm. */
export function armOf({ method, labels, coupling }: DangerArm): Arm {
  return { terms: termsOf(method), labels, coupling };
}

export const dangerKind: JobKind<DangerInput, DangerResult> = {
  name: 'danger',
  async run({ rho, seed, start, iterations, arms }) {
    const states = createTwoStates(rho, seed, CLONED);
    return { probabilities: await followArms(await dangerLearner(), states, start, arms.map(armOf), iterations) };
  },
};
