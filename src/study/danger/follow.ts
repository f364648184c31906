/** Trains a policy in the two states and measures the probability of the bad action over training. */

import { labelTermsOf, type MethodTerm, surgeryOf } from '../../config/method.ts';
import type { PairFeatures, PairKind } from '../../coupling/remedies/decouplePairs.ts';
import { groupRelative } from '../../credit/advantages/groupRelative.ts';
import { advantageLabels } from '../../credit/labels/advantage.ts';
import { oracleLabels } from '../../credit/labels/oracle.ts';
import { shuffleLabels } from '../../credit/labels/shuffled.ts';
import { contrastiveLoss } from '../../engine/learn/contrastive.ts';
import type { LossSet } from '../../engine/learn/shards.ts';
import { type Learner, resetOptimizer, update, type WholeLoss } from '../../engine/learn/update.ts';
import { updatesHere } from '../../engine/learn/updatePhase.ts';
import { actionKey } from '../../engine/policy/policy.ts';
import { pauses } from '../../eventLoop.ts';
import { randomStream, sampleToFront } from '../../random.ts';
import { collect } from '../../rollout/collect.ts';
import type { Rollout } from '../../rollout/rollout.ts';
import { cutByTask, operateOn, roundsOf, type Surgeon } from '../../train/surgery.ts';
import { decoupledSet } from './decoupledSet.ts';
import { badProbability, GROUP_SIZE, gamesOf, meanReturn, type TwoStates } from './twoStates.ts';

export const labelSources = ['oracle', 'advantage', 'shuffled'] as const;

export type DangerLabels = (typeof labelSources)[number];

/** An experimental condition: what is trained, and on which samples. One line of the figure. */
export interface Condition {
  /** The terms of the method without `decouple`. */
  readonly terms: readonly MethodTerm[];
  readonly labels: DangerLabels;
  /** False: other state's data removed. Only samples of s' contribute to the gradient. */
  readonly coupling: boolean;
  /** `decoupleLambda` of the term `decouple`; absent without it. */
  readonly decoupleLambda?: number;
  /** `decouplePairs` of the term `decouple`; absent for all pairs. */
  readonly decouplePairs?: PairKind;
}

/** A learner of the two states. */
export interface StatesLearner extends Learner {
  /** f32[2, network.size]: the gradients of s and s', for surgery. */
  readonly stateGradients: number;
}

/** What is measured of one training run. */
export type Followed = {
  /** p(bad | s') before training and after every 10 iterations. */
  readonly probabilities: readonly number[];
  /** Mean return after training: see `meanReturn`. */
  readonly return: number;
};

/** Number of iterations between two measurements of p(bad | s'). */
export const MEASURE_EVERY = 10;

const PASSES = 2;
const CLIP = 0.2;
const ENTROPY_COEF = 0.003;

/** Weight of each loss that uses labels. */
const LABEL_COEF = 0.3;

/** Weight of the latest cosine in the targets of GradVac: the default of training runs. */
const GRADVAC_BETA = 0.01;

const CONTRASTIVE_SAMPLES = 96;
const CONTRASTIVE_TEMPERATURE = 0.2;

const adamw = { learningRate: 3e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: Infinity };

/** Whether state n of the rollout is s'. Its good action is 1. */
function isOther(rollout: Rollout, n: number): boolean {
  return rollout.expert[rollout.states.rowOffsets[n] + 1] === 1;
}

/** Labels of the actions taken in the states `learnt`; the other rows have no label. */
function takenLabels(
  rollout: Rollout,
  advantages: Float32Array,
  learnt: Int32Array,
  source: DangerLabels,
  shuffle: { readonly seed: number; readonly iteration: number },
): Int8Array {
  const all = source === 'advantage' ? advantageLabels(rollout, advantages) : oracleLabels(rollout);
  const labels = new Int8Array(all.length).fill(-1);
  for (const n of learnt) {
    const row = rollout.states.rowOffsets[n] + rollout.taken[n];
    labels[row] = all[row];
  }
  return source === 'shuffled' ? shuffleLabels(labels, shuffle.seed, shuffle.iteration) : labels;
}

/** The contrastive loss of up to `CONTRASTIVE_SAMPLES` of the labelled rows, sampled without replacement. */
function drawnContrastive(
  rollout: Rollout,
  labels: Int8Array,
  labelled: readonly number[],
  seed: number,
  step: number,
): WholeLoss | null {
  if (labelled.length < 2) return null;
  const rows = Int32Array.from(labelled);
  const random = randomStream(seed, 'danger/contrastive', step);
  const count = Math.min(rows.length, CONTRASTIVE_SAMPLES);
  sampleToFront(random, rows, count);
  return contrastiveLoss({
    list: rollout.states,
    rows: rows.subarray(0, count),
    labels,
    temperature: CONTRASTIVE_TEMPERATURE,
    coef: LABEL_COEF,
  });
}

/** What selects pairs of samples: the state s or s', the action taken, and whether it is good. */
function pairFeatures(rollout: Rollout): Omit<PairFeatures, 'advantage'> {
  const { states, taken, expert } = rollout;
  return {
    state: Int32Array.from({ length: states.states }, (_, n) => (isOther(rollout, n) ? 1 : 0)),
    words: taken,
    label: Int32Array.from(taken, (action, n) => expert[states.rowOffsets[n] + action]),
  };
}

/** The losses of a complete rollout: each update of an iteration uses all of it. */
function rolloutSet(
  condition: Condition,
  rollout: Rollout,
  order: Int32Array,
  advantages: Float32Array,
  labels: Int8Array,
  labelled: readonly number[],
): LossSet {
  const { states, episode, taken } = rollout;
  const all = states.states;
  const good = Float32Array.from(order, (n) => (labels[states.rowOffsets[n] + taken[n]] === 1 ? 1 : 0));
  const goodCount = good.reduce((sum, x) => sum + x, 0);
  const classifierWeight =
    condition.terms.includes('classifier') && labelled.length > 0 ? LABEL_COEF / labelled.length : 0;
  return {
    list: states,
    order,
    taken,
    oldLogProb: rollout.logProb,
    refLogProb: null,
    repeats: null,
    advantage: Float32Array.from({ length: all }, (_, n) =>
      condition.coupling || isOther(rollout, n) ? advantages[episode[n]] : 0,
    ),
    // With the other state's data removed, each sample keeps its weight: the removed samples are not replaced.
    weight: new Float32Array(order.length).fill(1 / all),
    cloningWeight: goodCount > 0 ? good.map((x) => x / goodCount) : good,
    labels,
    settings: {
      epsilon: CLIP,
      epsilonHigh: CLIP,
      beta: 0,
      entropyCoef: ENTROPY_COEF,
      temperature: 1,
      cloningCoef: condition.terms.includes('cloning') ? LABEL_COEF : 0,
      goodWeight: classifierWeight,
      badWeight: classifierWeight,
    },
  };
}

/** The gradient-surgery state for the two states, or null if the condition has no surgery. */
function surgeonOf({ terms }: Condition, learner: StatesLearner, seed: number): Surgeon | null {
  const surgery = surgeryOf(terms.join('+'));
  if (surgery === null) return null;
  learner.targets = new Float64Array(4);
  return { surgery, seed, beta: GRADVAC_BETA, tasks: 2, taskOfGame: null, vectors: learner.stateGradients };
}

async function iterate(
  learner: Learner,
  surgeon: Surgeon | null,
  twoStates: TwoStates,
  condition: Condition,
  iteration: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { seed, environments } = twoStates;
  const key = actionKey(seed, 'danger', iteration);
  const rollout = await collect(learner.policy, environments, gamesOf(seed, iteration), {
    key,
    temperature: 1,
    signal,
  });
  const { advantages } = groupRelative(rollout.returns, GROUP_SIZE, 'group');
  const all = Int32Array.from({ length: rollout.states.states }, (_, n) => n);
  const learnt = condition.coupling ? all : all.filter((n) => isOther(rollout, n));
  // In the prototype, the entropy bonus of s stays even where its samples are removed from the other losses.
  const order = twoStates.preset === 'prototype' ? all : learnt;
  if (order.length === 0) return;
  const labels =
    labelTermsOf(condition.terms.join('+')).length > 0
      ? takenLabels(rollout, advantages, learnt, condition.labels, { seed, iteration })
      : new Int8Array(rollout.states.actions).fill(-1);
  const labelled: number[] = [];
  for (let row = 0; row < labels.length; row++) if (labels[row] >= 0) labelled.push(row);
  const whole = rolloutSet(condition, rollout, order, advantages, labels, labelled);
  const { decoupleLambda: lambda, decouplePairs: pairs = 'all' } = condition;
  for (let pass = 0; pass < PASSES; pass++) {
    const random = randomStream(seed, 'danger/permuted', iteration * PASSES + pass);
    const set =
      lambda === undefined
        ? whole
        : decoupledSet(learner.policy, whole, { lambda, pairs }, pairFeatures(rollout), random);
    const contrastive = condition.terms.includes('contrastive')
      ? drawnContrastive(rollout, labels, labelled, seed, iteration * PASSES + pass)
      : null;
    if (surgeon === null) {
      update(learner, [set], contrastive, adamw);
      continue;
    }
    const stateOf = Int32Array.from(all, (n) => (isOther(rollout, n) ? 1 : 0));
    const operation = cutByTask({ sets: [set], contrastive }, stateOf);
    await operateOn(updatesHere(roundsOf(operation), learner.policy), learner, surgeon, operation, adamw);
  }
}

/**
 * Trains from the current weights of the learner for `iterations` iterations.
 *
 * @returns p(bad | s') over training, and the mean return after it
 * @throws the signal's reason on abort
 */
export async function follow(
  learner: StatesLearner,
  twoStates: TwoStates,
  condition: Condition,
  iterations: number,
  signal: AbortSignal | undefined,
): Promise<Followed> {
  resetOptimizer(learner);
  const surgeon = surgeonOf(condition, learner, twoStates.seed);
  const { policy } = learner;
  const pause = pauses(signal);
  const probabilities = [badProbability(policy, twoStates)];
  for (let iteration = 1; iteration <= iterations; iteration++) {
    await iterate(learner, surgeon, twoStates, condition, iteration, signal);
    // Episodes and updates here are short and do not yield to the event loop by themselves.
    await pause(GROUP_SIZE);
    if (iteration % MEASURE_EVERY === 0) probabilities.push(badProbability(policy, twoStates));
  }
  return { probabilities, return: await meanReturn(policy, twoStates) };
}
