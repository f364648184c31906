/** Minibatches: the states of an update, with the weights and labels of its losses. */

import type { Config } from '../config/config.ts';
import { labelTermsOf, termsOf } from '../config/method.ts';
import { index32 } from '../engine/kernels/address.ts';
import type { Arena } from '../engine/kernels/arena.ts';
import { contrastiveLoss } from '../engine/learn/contrastive.ts';
import { cloningWeights, countLabels } from '../engine/learn/lossSet.ts';
import { balancedWeights, stateWeights } from '../engine/learn/objective.ts';
import type { LossSet } from '../engine/learn/shards.ts';
import type { WholeLoss } from '../engine/learn/update.ts';
import { randomStream, shuffle, streamKey } from '../random.ts';
import type { Rollout } from '../rollout/rollout.ts';
import type { StateValues } from './advantages.ts';
import { type Demonstrations, demonstrationSet, withClassifier } from './coldStart.ts';
import { type RelabelledStates, withRelabelled } from './hindsight.ts';

/** A rollout with its advantages, values and labels. */
export interface PreparedRollout {
  readonly rollout: Rollout;
  /** f32[states] */
  readonly advantage: Float32Array;
  /** f32[states] of log pi(taken | state) under the reference policy; null without one. */
  readonly refLogProb: Float32Array | null;
  /** f32[states] each: values when the episodes were played, and their targets; null without `ppo`. */
  readonly values: StateValues | null;
  /** i8[action rows]: 1 good, 0 bad, -1 no label. */
  readonly labels: Int8Array;
  /** First equal state of each state; see `findRepeats`. */
  readonly repeats: Int32Array;
  /** Steps after which an episode of this environment is truncated. */
  readonly maxSteps: number;
}

/** The sets of one update, and the losses that one thread computes: the contrastive loss and the churn penalty. */
export interface UpdateTask {
  readonly sets: readonly LossSet[];
  readonly contrastive: WholeLoss | null;
}

/** A permutation of 0 .. n - 1 (Fisher-Yates). */
export function permutation(n: number, seed: number, purpose: string, step: number): Int32Array {
  const order = new Int32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  shuffle(randomStream(seed, purpose, step), order);
  return order;
}

/** The same permutation, computed by a kernel. */
export function permutationIn(arena: Arena, n: number, seed: number, purpose: string, step: number): Int32Array {
  const [k0, k1] = streamKey(seed, purpose, step);
  const mark = arena.mark();
  const order = arena.floats(n);
  arena.kernels.permute(k0, k1, n, order);
  const copy = arena.i32.slice(index32(order), index32(order) + n);
  arena.release(mark);
  return copy;
}

/**
 * The contrastive loss of up to `contrastiveSamples` labelled rows of the states in `order`, sampled without
 * replacement.
 */
function drawnContrastive(
  list: Rollout['states'],
  labels: Int8Array,
  order: Int32Array,
  config: Config,
  step: number,
): WholeLoss | null {
  const rows: number[] = [];
  for (const s of order) {
    for (let row = list.rowOffsets[s]; row < list.rowOffsets[s + 1]; row++) if (labels[row] >= 0) rows.push(row);
  }
  if (rows.length < 2) return null;
  const chosen = permutation(rows.length, config.seed, 'contrastive', step).subarray(0, config.contrastiveSamples);
  return contrastiveLoss({
    list,
    rows: Int32Array.from(chosen, (i) => rows[i]),
    labels,
    temperature: config.contrastiveTemperature,
    coef: config.contrastiveCoef,
  });
}

function rolloutSet(prepared: PreparedRollout, order: Int32Array, config: Config): LossSet {
  const { rollout, labels } = prepared;
  const { states } = rollout;
  const terms = termsOf(config.method);
  const cloningCoef = terms.includes('cloning') ? config.cloningCoef : 0;
  const classifierCoef = terms.includes('classifier') ? config.classifierCoef : 0;
  const { good, labelled } = classifierCoef > 0 ? countLabels(states, labels, order) : { good: 0, labelled: 0 };
  const weight = new Float32Array(order.length);
  const { lossType, minibatches } = config;
  stateWeights(lossType, rollout.episode, rollout.lengths, prepared.maxSteps, minibatches, order, weight);
  return {
    list: states,
    order,
    taken: rollout.taken,
    oldLogProb: rollout.logProb,
    refLogProb: prepared.refLogProb,
    advantage: prepared.advantage,
    weight,
    cloningWeight: cloningCoef > 0 ? cloningWeights(states, labels, order) : null,
    valueTarget: prepared.values?.target,
    oldValue: prepared.values?.old,
    valueWeight: prepared.values ? weight : undefined,
    labels,
    repeats: prepared.repeats,
    settings: {
      epsilon: config.epsilon,
      epsilonHigh: config.epsilonHigh ?? config.epsilon,
      beta: config.beta,
      entropyCoef: config.entropyCoef,
      temperature: config.temperature,
      cloningCoef,
      valueCoef: prepared.values ? config.valueCoef : 0,
      valueClip: config.valueClip,
      ...balancedWeights(good, labelled, classifierCoef),
    },
  };
}

/** A sample of demonstrations on which the label losses act, and the contrastive loss of rows among them. */
function demonstrationTask(demonstrations: Demonstrations, config: Config, step: number): UpdateTask {
  const { states, labels } = demonstrations;
  const terms = termsOf(config.method);
  const cloningCoef = terms.includes('cloning') ? config.cloningCoef : 0;
  const coefs = { cloningCoef, goodWeight: 0, badWeight: 0 };
  const set = demonstrationSet(demonstrations, config.coldStartBatch, config, 'demonstration labels', step, coefs);
  return {
    sets: [withClassifier(set, terms.includes('classifier') ? config.classifierCoef : 0)],
    contrastive: terms.includes('contrastive') ? drawnContrastive(states, labels, set.order, config, step) : null,
  };
}

/**
 * The task of update number `step` on the states `order` of a rollout. With `labels: 'demonstrations'` the label losses
 * act on a sample of the demonstrations instead of the rollout.
 *
 * @param relabelled with `hindsight`: relabelled states, and the part of them that joins the label losses; else null
 */
export function minibatchTask(
  prepared: PreparedRollout,
  order: Int32Array,
  config: Config,
  demonstrations: Demonstrations | null,
  step: number,
  relabelled: { readonly states: RelabelledStates; readonly order: Int32Array } | null = null,
): UpdateTask {
  const own = rolloutSet(prepared, order, config);
  const terms = termsOf(config.method);
  if (config.labels !== 'demonstrations' || labelTermsOf(config.method).length === 0) {
    const { states } = prepared.rollout;
    const contrastive = terms.includes('contrastive')
      ? drawnContrastive(states, prepared.labels, order, config, step)
      : null;
    if (!relabelled || relabelled.order.length === 0) return { sets: [own], contrastive };
    const coefs = {
      cloningCoef: own.settings.cloningCoef,
      classifierCoef: terms.includes('classifier') ? config.classifierCoef : 0,
    };
    return { sets: withRelabelled(own, relabelled.states, relabelled.order, coefs), contrastive };
  }
  if (!demonstrations) {
    throw new Error(
      'minibatchTask: labels "demonstrations" need demonstrations, got none; set coldStart above 0, in an environment with an expert',
    );
  }
  const shown = demonstrationTask(demonstrations, config, step);
  return { sets: [own, ...shown.sets], contrastive: shown.contrastive };
}
