/** Soft behaviour cloning: trains a policy that takes the bad action with a given probability. */

import type { LossSet } from '../../engine/learn/shards.ts';
import { type Learner, resetOptimizer, update } from '../../engine/learn/update.ts';
import { permutation } from '../../train/minibatch.ts';
import { initialiseFor } from './presets.ts';
import type { TwoStates } from './twoStates.ts';

/** p(good | s) at the start. */
const GOOD_START = 0.35;

const UPDATES = 250;

/** Observations of each state per update, all of them new; with the preset `prototype`, on average. */
const SHOWN = 32;

/** Number of observations of each state that `softStart` needs. */
export const CLONED = SHOWN * UPDATES;

const adamw = { learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: Infinity };

const settings = {
  epsilon: 1,
  epsilonHigh: 1,
  beta: 0,
  entropyCoef: 0,
  temperature: 1,
  cloningCoef: 1,
  goodWeight: 0,
  badWeight: 0,
};

/**
 * The observations in the order of training, `2 * SHOWN` per update: equal numbers of s and s' or, with the preset
 * `prototype`, either one at random.
 */
function shownOrder({ preset, seed }: TwoStates): Int32Array {
  if (preset === 'prototype') return permutation(2 * CLONED, seed, 'danger/shown', 0);
  return Int32Array.from({ length: 2 * CLONED }, (_, i) => {
    const [update, place] = [Math.floor(i / (2 * SHOWN)), i % (2 * SHOWN)];
    return update * SHOWN + place + (place < SHOWN ? 0 : CLONED - SHOWN);
  });
}

/**
 * Trains new weights until p(action 0 | s') is about `start` and p(action 0 | s) about 0.35. The other actions share
 * the rest equally.
 *
 * The loss is the cross-entropy sum_a t(a) * -log pi(a | x) for those targets t, averaged over observations x of s and
 * s'. Each observation is in the list once per action, with the action as label and t(a) as weight.
 */
export function softStart(learner: Learner, twoStates: TwoStates, start: number): void {
  const { policy } = learner;
  const { cloning: list } = twoStates;
  const { vocabularySize: actions } = list.shape;
  initialiseFor(twoStates.preset ?? 'default', policy, twoStates.seed);
  resetOptimizer(learner);
  const labels = new Int8Array(list.actions);
  for (let s = 0; s < list.states; s++) labels[list.rowOffsets[s] + (s % actions)] = 1;
  const shown = shownOrder(twoStates);
  const rows = 2 * SHOWN * actions;
  const unused = {
    taken: new Int32Array(list.states),
    oldLogProb: new Float32Array(list.states),
    refLogProb: null,
    // Copies of one observation have different labels.
    repeats: null,
    advantage: new Float32Array(list.states),
    weight: new Float32Array(rows),
  };
  for (let step = 0; step < UPDATES; step++) {
    const order = Int32Array.from(
      { length: rows },
      (_, i) => shown[step * 2 * SHOWN + Math.floor(i / actions)] * actions + (i % actions),
    );
    const cloningWeight = Float32Array.from(order, (row) => {
      const first = row < CLONED * actions ? GOOD_START : start;
      return (row % actions === 0 ? first : (1 - first) / (actions - 1)) / (2 * SHOWN);
    });
    const set: LossSet = { ...unused, list, order, cloningWeight, labels, settings };
    update(learner, [set], null, adamw);
  }
}
