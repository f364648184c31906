/**
 * Loss sets and updates for a training loop of one's own: everything that the caller gives is checked before anything
 * moves.
 */
import { checkInteger, checkKeys, checkObject, checkPositive, isInteger, isList, refuse } from '../../check/values.ts';
import type { StateList } from '../states/stateList.ts';
import { balancedWeights } from './objective.ts';
import type { LossSet } from './shards.ts';
import { type AdamwSettings, type Learner, type UpdateStats, update } from './update.ts';

/**
 * States, the action taken in each, and how much better it was than expected. Arrays are by state of `list` and may be
 * longer.
 */
export interface SampledSteps {
  readonly list: StateList;
  /** i32[list.states]: index of the action among those of the state. */
  readonly taken: Int32Array;
  /** f32[list.states]: log π(taken | state) when the action was taken. */
  readonly oldLogProb: Float32Array;
  /** f32[list.states] */
  readonly advantage: Float32Array;
  /** i8[list.actions]: 1 good, 0 bad, -1 no label; for the classifier and for cloning. */
  readonly labels?: Int8Array;
  /** f32[list.states]: log π(taken | state) of a reference policy, for `beta`. */
  readonly refLogProb?: Float32Array;
}

/** Weights and bounds of the losses; the names are those of docs/configuration.md. */
export interface LossOptions {
  /** States of a minibatch, as numbers in the list; default all. */
  readonly order?: ArrayLike<number>;
  /** The probability ratio is clipped below 1 - epsilon; default 0.2. */
  readonly epsilon?: number;
  /** And above 1 + epsilonHigh; default epsilon. */
  readonly epsilonHigh?: number;
  /** Weight of the KL penalty against `refLogProb`; default 0. */
  readonly beta?: number;
  /** Weight of the entropy bonus; default 0. */
  readonly entropyCoef?: number;
  /** Divides the logits; default 1. */
  readonly temperature?: number;
  /** Weight of the class-balanced cross-entropy of the classifier on `labels`; default 0. */
  readonly classifierCoef?: number;
  /** Weight of cloning the actions that `labels` call good; default 0. */
  readonly cloningCoef?: number;
}

const optionKeys = {
  order: 1,
  epsilon: 1,
  epsilonHigh: 1,
  beta: 1,
  entropyCoef: 1,
  temperature: 1,
  classifierCoef: 1,
  cloningCoef: 1,
} satisfies Record<keyof LossOptions, 1>;

/** Good and labelled rows of the states in `order`. */
export function countLabels(list: StateList, labels: Int8Array, order: Int32Array): { good: number; labelled: number } {
  let good = 0;
  let labelled = 0;
  for (const s of order) {
    for (let row = list.rowOffsets[s]; row < list.rowOffsets[s + 1]; row++) {
      if (labels[row] >= 0) labelled++;
      if (labels[row] === 1) good++;
    }
  }
  return { good, labelled };
}

/** 1 / (number of states with a good action) on those states, 0 on the others. */
export function cloningWeights(list: StateList, labels: Int8Array, order: Int32Array): Float32Array {
  const weights = new Float32Array(order.length);
  let count = 0;
  order.forEach((s, i) => {
    for (let row = list.rowOffsets[s]; row < list.rowOffsets[s + 1]; row++) {
      if (labels[row] === 1) {
        weights[i] = 1;
        count++;
        break;
      }
    }
  });
  for (let i = 0; i < weights.length; i++) if (weights[i] > 0) weights[i] = 1 / count;
  return weights;
}

function checkedOrder({ list }: SampledSteps, order: ArrayLike<number> | undefined): Int32Array {
  if (order === undefined) return Int32Array.from({ length: list.states }, (_, s) => s);
  if (!isList(order) || order.length === 0) {
    refuse('lossSet', 'options.order', 'an array of one state or more', order, 'leave it out to take all');
  }
  for (let i = 0; i < order.length; i++) {
    checkInteger('lossSet', `options.order[${i}]`, order[i], 0, list.states - 1, 'give numbers of states in the list');
  }
  return Int32Array.from(order);
}

function checkSteps(samples: SampledSteps): void {
  checkObject('lossSet', 'samples', samples, 'give { list, taken, oldLogProb, advantage }');
  const { list, taken, labels } = samples;
  checkObject('lossSet', 'samples.list', list, 'make it with createStateList and pushState, or collect');
  if (list.states === 0) throw new RangeError('lossSet: samples.list must hold a state, got 0; push a state first');
  if (!(taken instanceof Int32Array)) refuse('lossSet', 'samples.taken', 'an Int32Array', taken, 'convert it');
  for (let s = 0; s < list.states; s++) {
    const actions = list.rowOffsets[s + 1] - list.rowOffsets[s];
    if (isInteger(taken[s], 0, actions - 1)) continue;
    const rule = `an integer in [0, ${actions})`;
    refuse('lossSet', `samples.taken[${s}]`, rule, taken[s], 'give the index of the action among those of the state');
  }
  for (const name of ['oldLogProb', 'advantage', 'refLogProb'] as const) {
    const values = samples[name];
    if (name === 'refLogProb' && values === undefined) continue;
    if (!(values instanceof Float32Array)) refuse('lossSet', `samples.${name}`, 'a Float32Array', values, 'convert it');
    for (let s = 0; s < list.states; s++) {
      if (!Number.isFinite(values[s])) {
        refuse('lossSet', `samples.${name}[${s}]`, 'a finite number', values[s], 'give one for each state');
      }
    }
  }
  if (labels === undefined) return;
  if (!(labels instanceof Int8Array)) refuse('lossSet', 'samples.labels', 'an Int8Array', labels, 'convert it');
  for (let row = 0; row < list.actions; row++) {
    if (isInteger(labels[row], -1, 1)) continue;
    refuse('lossSet', `samples.labels[${row}]`, '1, 0 or -1', labels[row], 'give one for each action of each state');
  }
}

/**
 * The losses of sampled steps, for `update`: GRPO's clipped policy loss, averaged over the steps, with entropy bonus,
 * KL penalty, classifier and cloning where the options ask for them.
 *
 * @throws Error or RangeError naming an argument that is wrong
 */
export function lossSet(samples: SampledSteps, options: LossOptions = {}): LossSet {
  checkSteps(samples);
  checkKeys('lossSet', 'options', options, optionKeys);
  const { epsilon = 0.2, beta = 0, entropyCoef = 0, temperature = 1, classifierCoef = 0, cloningCoef = 0 } = options;
  const { epsilonHigh = epsilon } = options;
  if (!(epsilon > 0 && epsilon < 1)) refuse('lossSet', 'epsilon', 'a number > 0 and < 1', epsilon, 'leave it out');
  const positive = { epsilonHigh, temperature };
  for (const [name, value] of Object.entries(positive)) checkPositive('lossSet', name, value, true, 'leave it out');
  const weights = { beta, entropyCoef, classifierCoef, cloningCoef };
  for (const [name, value] of Object.entries(weights)) checkPositive('lossSet', name, value, false, 'leave it out');
  const { list, taken, oldLogProb, advantage, labels = null, refLogProb = null } = samples;
  if (!labels && (classifierCoef > 0 || cloningCoef > 0)) {
    throw new Error(
      'lossSet: samples.labels must be given where classifierCoef or cloningCoef is above 0, got none; leave the coefficients out',
    );
  }
  if (!refLogProb && beta > 0) {
    throw new Error('lossSet: samples.refLogProb must be given where beta is above 0, got none; leave beta out');
  }
  const order = checkedOrder(samples, options.order);
  const { good, labelled } = labels ? countLabels(list, labels, order) : { good: 0, labelled: 0 };
  return {
    ...{ list, order, taken, oldLogProb, refLogProb, advantage, labels },
    weight: new Float32Array(order.length).fill(1 / order.length),
    cloningWeight: labels && cloningCoef > 0 ? cloningWeights(list, labels, order) : null,
    repeats: null,
    settings: {
      ...{ epsilon, epsilonHigh, beta, entropyCoef, temperature, cloningCoef },
      ...balancedWeights(good, labelled, classifierCoef),
    },
  };
}

const adamwDefaults: AdamwSettings = {
  learningRate: 0.003,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  maxGradNorm: 1,
};

/**
 * Takes one AdamW step along the summed gradient of the sets. The weights must be prepared, and are again afterwards.
 *
 * @param settings those of a run's config by default: learningRate 0.003, beta1 0.9, beta2 0.999, epsilon 1e-8,
 *   weightDecay 0, maxGradNorm 1
 * @returns the losses, and the norm of the gradient before clipping
 * @throws Error or RangeError naming an argument that is wrong, or a loss or gradient that is not finite: weights and
 *   moments are then as they were
 */
export function updateChecked(
  learner: Learner,
  sets: readonly LossSet[],
  settings: Partial<AdamwSettings> = {},
): UpdateStats {
  checkObject('update', 'learner', learner, 'give what createLearner returned');
  if (!Array.isArray(sets) || sets.length === 0) {
    refuse('update', 'sets', 'an array of one set or more', sets, 'give what lossSet returned, in an array');
  }
  checkKeys('update', 'settings', settings, adamwDefaults);
  const adamw = { ...adamwDefaults, ...settings };
  for (const name of ['learningRate', 'weightDecay'] as const) {
    checkPositive('update', name, adamw[name], false, 'leave it out');
  }
  for (const name of ['epsilon', 'maxGradNorm'] as const)
    checkPositive('update', name, adamw[name], true, 'leave it out');
  for (const name of ['beta1', 'beta2'] as const) {
    const value = adamw[name];
    if (!(value >= 0 && value < 1)) refuse('update', name, 'a number in [0, 1)', value, 'leave it out');
  }
  return update(learner, sets, null, adamw);
}
