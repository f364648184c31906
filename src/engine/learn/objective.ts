/** The losses of one update on a loaded batch. Kernels write the gradients of the heads. */

import { MOST_ACTIONS } from '../../env/limits.ts';
import { index64 } from '../kernels/address.ts';
import type { Arena } from '../kernels/arena.ts';
import { clearOtherHeads } from '../policy/heads.ts';
import { actionLogProbs, type Policy } from '../policy/policy.ts';
import { VALUE_SLOT, type ValueInputs, type ValueLoss } from './valueLoss.ts';

/** Sums over the states of an update. The weights of each loss already average it. */
export interface LossSums {
  policy: number;
  kl: number;
  entropy: number;
  approxKl: number;
  clipFraction: number;
  cloning: number;
  classifier: number;
  classifierCorrect: number;
  classifierLabelled: number;
  contrastive: number;
  value: number;
}

/** Largest number of samples that one state of a batch can represent. */
export const SAMPLES_PER_STATE = 32;

/**
 * Buffers for the inputs of the losses of a batch, besides those of the network. A state of the batch can represent
 * several samples with the same observation, actions and labels. The arrays from taken to valueWeight are by sample,
 * cloningWeight (a sum over samples) is by state, and labels and counts are by action row.
 */
export interface LossInputs extends ValueInputs {
  readonly taken: number;
  readonly oldLogProb: number;
  readonly refLogProb: number;
  readonly advantage: number;
  readonly weight: number;
  readonly cloningWeight: number;
  readonly labels: number;
  /** f32: the number of samples that a row represents. */
  readonly counts: number;
  /** null where no set has a value loss: the edge build does not contain it. */
  readonly valueLoss: ValueLoss | null;
}

export function createLossInputs(policy: Policy, valueLoss: ValueLoss | null): LossInputs {
  const { arena, network } = policy;
  const { states, actions } = network.batch.capacity;
  const samples = states * SAMPLES_PER_STATE;
  const rows = Math.max(actions, MOST_ACTIONS);
  const ofValues = (): number => (network.heads.value ? arena.floats(samples) : 0);
  return {
    sampleOffsets: arena.floats(states + 1),
    taken: arena.floats(samples),
    oldLogProb: arena.floats(samples),
    refLogProb: arena.floats(samples),
    advantage: arena.floats(samples),
    weight: arena.floats(samples),
    valueTarget: ofValues(),
    oldValue: ofValues(),
    valueWeight: ofValues(),
    cloningWeight: arena.floats(states),
    labels: arena.reserve(rows),
    counts: arena.floats(rows),
    sums: arena.reserve(128),
    valueLoss,
  };
}

/** Settings that are constant over the batches of one update. */
export interface LossSettings {
  readonly epsilon: number;
  readonly epsilonHigh: number;
  readonly beta: number;
  readonly entropyCoef: number;
  readonly temperature: number;
  readonly cloningCoef: number;
  /**
   * Weight of a row labelled good and of a row labelled bad; see `balancedWeights`. If both are 0, there is no
   * classifier loss.
   */
  readonly goodWeight: number;
  readonly badWeight: number;
  /** Weight of the value loss, default 0, and the clip range around the old value; see `valueLoss`. */
  readonly valueCoef?: number;
  readonly valueClip?: number | null;
}

/**
 * Weight of the policy loss of each state, by the loss types of TRL. The weighted sum over a minibatch is its loss:
 * - `grpo`: mean over episodes of the mean over the steps of each episode;
 * - `dr_grpo`: sum over steps / (episodes * maxSteps);
 * - `bnpo`: mean over the steps of the minibatch;
 * - `dapo`: sum over steps / steps of the whole batch.
 *
 * All types except `bnpo` are computed over the whole batch and multiplied by the number of minibatches, so that a
 * minibatch estimates the loss of the batch.
 *
 * @param episode episode of each state of the batch
 * @param lengths steps of each episode
 * @param minibatch the states of the minibatch
 * @param out f32[minibatch.length]
 */
export function stateWeights(
  lossType: 'grpo' | 'dr_grpo' | 'bnpo' | 'dapo',
  episode: ArrayLike<number>,
  lengths: ArrayLike<number>,
  maxSteps: number,
  minibatches: number,
  minibatch: ArrayLike<number>,
  out: Float32Array,
): void {
  let steps = 0;
  for (let e = 0; e < lengths.length; e++) steps += lengths[e];
  for (let i = 0; i < minibatch.length; i++) {
    out[i] =
      lossType === 'bnpo'
        ? 1 / minibatch.length
        : lossType === 'dapo'
          ? minibatches / steps
          : minibatches / (lengths.length * (lossType === 'grpo' ? lengths[episode[minibatch[i]]] : maxSteps));
  }
}

/**
 * Class-balanced weights of the classifier loss: coef * (0.5 / p, 0.5 / (1 - p)) / labelled, with the share p of good
 * labels clamped to [0.02, 0.98].
 */
export function balancedWeights(
  good: number,
  labelled: number,
  coef: number,
): { goodWeight: number; badWeight: number } {
  if (labelled === 0) return { goodWeight: 0, badWeight: 0 };
  const p = Math.min(Math.max(good / labelled, 0.02), 0.98);
  return { goodWeight: (coef * 0.5) / p / labelled, badWeight: (coef * 0.5) / (1 - p) / labelled };
}

/**
 * Forward pass and losses of the loaded batch. Leaves the gradients in the heads, ready for `network.backward`.
 * `inputs.sums` (f64) += [policy, kl, entropy, approxKl, clipFraction, (gradient size), cloning, classifier, correct,
 * labelled, (contrastive), value].
 */
export function batchLosses(policy: Policy, inputs: LossInputs, settings: LossSettings): void {
  const { arena, network, logProbs } = policy;
  const { kernels } = arena;
  const { heads, batch } = network;
  const { states, actions, rowOffsets } = batch;
  const { temperature, beta, cloningCoef, goodWeight, badWeight, valueCoef = 0 } = settings;
  actionLogProbs(policy, policy.weights, temperature);
  clearOtherHeads(network);
  kernels.policyLoss(
    states,
    rowOffsets,
    logProbs,
    inputs.taken,
    inputs.oldLogProb,
    beta > 0 ? inputs.refLogProb : 0,
    inputs.advantage,
    inputs.weight,
    settings.epsilon,
    settings.epsilonHigh,
    beta,
    settings.entropyCoef,
    heads.logit.grad,
    inputs.sums,
    inputs.sampleOffsets,
  );
  if (cloningCoef > 0) {
    const at = inputs.sums + 48;
    kernels.cloningLoss(
      states,
      rowOffsets,
      logProbs,
      inputs.labels,
      inputs.cloningWeight,
      cloningCoef,
      heads.logit.grad,
      at,
    );
  }
  if (temperature !== 1) kernels.scaleBy(heads.logit.grad, actions, 1 / temperature);
  if (goodWeight > 0 || badWeight > 0) {
    kernels.binaryCrossEntropy(
      actions,
      heads.classifier.value,
      inputs.labels,
      goodWeight,
      badWeight,
      heads.classifier.grad,
      inputs.sums + 56,
      inputs.counts,
    );
  }
  if (valueCoef > 0) (inputs.valueLoss as ValueLoss)(policy, inputs, valueCoef, settings.valueClip ?? null);
}

/** Adds the loss sums of the shards in shard order. Slot 10 of each is the contrastive loss. */
export function readSums({ f64 }: Arena, shards: readonly number[]): LossSums {
  const at = (slot: number): number => {
    let sum = 0;
    for (const address of shards) sum += f64[index64(address) + slot];
    return sum;
  };
  return {
    policy: at(0),
    kl: at(1),
    entropy: at(2),
    approxKl: at(3),
    clipFraction: at(4),
    cloning: at(6),
    classifier: at(7),
    classifierCorrect: at(8),
    classifierLabelled: at(9),
    contrastive: at(10),
    value: at(VALUE_SLOT),
  };
}
