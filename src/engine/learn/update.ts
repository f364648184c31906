/**
 * One parameter update: the gradients of the shards of a minibatch are summed in a fixed tree, clipped, and applied by
 * AdamW.
 */

import { runAtOnce } from '../../eventLoop.ts';
import type { Kernels } from '../kernels/load.ts';
import { nonFiniteParameter } from '../layers/network.ts';
import type { Policy } from '../policy/policy.ts';
import { type GradientWork, sumShards } from './gradientWork.ts';
import { createLossInputs, type LossInputs, type LossSums, readSums } from './objective.ts';
import { type LossSet, planShards, type ShardPlan, SUMS, shardsIn } from './shards.ts';
import type { OpenDial, ScaledStep } from './stepScale.ts';
import { vectorsFor } from './treeSum.ts';
import type { UpdatePhase } from './updatePhase.ts';
import { type ValueLoss, valueLoss } from './valueLoss.ts';

/**
 * Settings of a step: AdamW (Loshchilov and Hutter, 2019, arXiv 1711.05101) on a gradient whose norm is clipped to
 * `maxGradNorm`.
 */
export interface AdamwSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly maxGradNorm: number;
}

/** Applies the clipped gradient to the weights; takes the arguments of the kernel `adamw`. */
export type Step = Kernels['adamw'];

/** A policy in training: optimiser state and the buffers of an update. */
export interface Learner {
  readonly policy: Policy;
  /**
   * Another step than AdamW on all parameters.
   *
   * @internal
   */
  readonly step?: Step;
  /** @internal */
  readonly inputs: LossInputs;
  /** The moments of Adam, f32[network.size]. With Muon, the first one also holds the momentum of the matrices. */
  readonly firstMoment: number;
  readonly secondMoment: number;
  /**
   * Gradient vectors in which shards are summed. The first vector finally holds the gradient of the update.
   *
   * @internal
   */
  readonly gradients: number[];
  /**
   * Gradient vectors of the contrastive loss.
   *
   * @internal
   */
  readonly wholeGradients: number[];
  /**
   * f64[SUMS] of loss sums of each shard.
   *
   * @internal
   */
  readonly sums: number[];
  /** Number of updates, and beta1^updates and beta2^updates by repeated multiplication. */
  updates: number;
  beta1Power: number;
  beta2Power: number;
  /** The state of GradVac: target cosines of pairs of tasks, f64[tasks, tasks]; empty without GradVac. */
  targets: Float64Array;
}

/** A learner of the policy with moments of zero. It places its buffers in the policy's arena. */
export function createLearner(policy: Policy): Learner {
  return learnerWith(policy, valueLoss);
}

/** `createLearner` with the value loss or without: then no set may have one. */
export function learnerWith(policy: Policy, ofValues: ValueLoss | null): Learner {
  const { arena, network } = policy;
  return {
    policy,
    inputs: createLossInputs(policy, ofValues),
    firstMoment: arena.floats(network.size),
    secondMoment: arena.floats(network.size),
    gradients: [],
    wholeGradients: [],
    sums: [],
    updates: 0,
    beta1Power: 1,
    beta2Power: 1,
    targets: new Float64Array(0),
  };
}

/** Resets the moments, as at the start of a new phase. */
export function resetOptimizer(learner: Learner): void {
  const { arena, network } = learner.policy;
  arena.zero(learner.firstMoment, network.size * 4);
  arena.zero(learner.secondMoment, network.size * 4);
  learner.updates = 0;
  learner.beta1Power = 1;
  learner.beta2Power = 1;
}

/** Allocates gradient vectors until the list has `count` of them. */
function reserveVectors({ policy: { arena, network } }: Learner, vectors: number[], count: number): void {
  while (vectors.length < count) vectors.push(arena.floats(network.vectorSize));
}

/**
 * The square of a longer gradient can exceed the range of 32-bit floats in the second moment of AdamW. Its parameter
 * would then never change again.
 */
const LONGEST_GRADIENT = 1e19;

function refuseNonFinite(learner: Learner, g: number, sums: LossSums): never {
  const bad = nonFiniteParameter(learner.policy.network, g);
  const loss = Object.entries(sums).find(([, sum]) => !Number.isFinite(sum))?.[0];
  const what = [loss && `the ${loss} loss`, bad && `the gradient of ${bad.name}`].filter(Boolean).join(' and ');
  throw new Error(
    `update ${learner.updates + 1}: ${what || 'the gradient norm'} ${loss && bad ? 'are' : 'is'} not finite; ` +
      'the step was not taken; lower learningRate or the weights of the losses, or check the environment for extreme observations',
  );
}

/** The norm of the gradient before clipping, and the sums of the losses. */
export interface UpdateStats extends LossSums {
  readonly gradNorm: number;
  /** Present if the step was scaled to a KL divergence. */
  readonly step?: ScaledStep;
}

/**
 * A loss that one thread computes for all of its rows at once. Returns its number of shards, and a function that
 * computes them.
 */
export type WholeLoss = (learner: Learner) => {
  readonly shards: number;
  /**
   * Computes the shards and sums their gradients in the tree.
   *
   * @param vectors `vectorsFor(shards)` gradient vectors; the first one finally holds the sum
   * @param sums address of f64[SUMS] of each shard
   */
  readonly compute: (vectors: readonly number[], sums: readonly number[]) => void;
};

function planGradient(learner: Learner, plans: readonly ShardPlan[], contrastive: WholeLoss | null): GradientWork {
  const { policy, gradients, wholeGradients, sums } = learner;
  const { arena, network } = policy;
  const shards = shardsIn(plans);
  const whole = contrastive?.(learner) ?? null;
  const count = shards.length + (whole?.shards ?? 0);
  while (sums.length < count) sums.push(arena.reserve(SUMS * 8));
  if (whole) reserveVectors(learner, wholeGradients, vectorsFor(whole.shards));
  reserveVectors(learner, gradients, 1);
  return {
    engine: learner,
    shards,
    sums: sums.slice(0, count),
    whole: whole ? wholeGradients[0] : 0,
    reserve(vectors) {
      reserveVectors(learner, gradients, vectors);
      return gradients;
    },
    first() {
      if (shards.length === 0) network.clearGradient(gradients[0]);
      whole?.compute(wholeGradients, sums.slice(shards.length, count));
    },
  };
}

/** Completes the gradient that is summed in the first vector, and adds the losses of the shards. */
function finishGradient({ policy, gradients }: Learner, { sums }: GradientWork): LossSums {
  policy.network.finish(policy.weights, gradients[0]);
  return readSums(policy.arena, sums);
}

/**
 * Returns the norm of the gradient in the first vector.
 *
 * @throws an error that names the loss and the tensor if the norm or a loss is not finite
 */
export function finiteNorm(learner: Learner, sums: LossSums): number {
  const { arena, network } = learner.policy;
  const [g] = learner.gradients;
  const gradNorm = Math.sqrt(arena.kernels.sumOfSquares(g, network.size));
  // A loss can be NaN while its clipped gradient is zero.
  if (!(Number.isFinite(gradNorm) && Object.values(sums).every(Number.isFinite))) refuseNonFinite(learner, g, sums);
  return gradNorm;
}

/**
 * Takes one step, of AdamW or of the optimiser of the learner, with the gradient in the first vector.
 *
 * @param dial scales the step to a KL divergence; null: the step stays as the optimiser takes it
 * @throws as `update` does
 */
export function takeStep(
  learner: Learner,
  sums: LossSums,
  adamw: AdamwSettings,
  dial: OpenDial | null = null,
): UpdateStats {
  const { policy } = learner;
  const { arena, network, weights } = policy;
  const { kernels } = arena;
  const [g] = learner.gradients;
  const gradNorm = finiteNorm(learner, sums);
  const clippedNorm = Math.min(gradNorm, adamw.maxGradNorm);
  if (clippedNorm > LONGEST_GRADIENT) {
    throw new Error(
      `update ${learner.updates + 1}: the gradient norm after clipping must be <= ${LONGEST_GRADIENT.toExponential()}, got ${clippedNorm}; ` +
        'the step was not taken; lower maxGradNorm or the weights of the losses',
    );
  }
  if (gradNorm > adamw.maxGradNorm) kernels.scaleBy(g, network.size, adamw.maxGradNorm / (gradNorm + 1e-6));
  const scaleStep = dial?.();
  learner.updates++;
  learner.beta1Power *= adamw.beta1;
  learner.beta2Power *= adamw.beta2;
  (learner.step ?? kernels.adamw)(
    network.size,
    weights,
    g,
    learner.firstMoment,
    learner.secondMoment,
    adamw.learningRate,
    adamw.beta1,
    adamw.beta2,
    adamw.epsilon,
    adamw.weightDecay,
    1 / (1 - learner.beta1Power),
    1 / (1 - learner.beta2Power),
  );
  if (!Number.isFinite(kernels.sumOfSquares(weights, network.size))) {
    throw new Error(
      `update ${learner.updates}: the weights of ${nonFiniteParameter(network, weights)?.name} are not finite after the step; resume from the last checkpoint with a lower ` +
        'learning rate or weightDecay, or a higher adamEpsilon',
    );
  }
  network.prepare(weights);
  return { ...sums, gradNorm, ...(scaleStep && { step: scaleStep() }) };
}

/**
 * Computes the summed gradient of all sets and takes one AdamW step. The weights must be prepared, and are prepared
 * again afterwards.
 *
 * @throws if a loss or gradient is not finite or too large; weights and moments are then unchanged. Also throws if a
 *   weight is not finite after the step; the learner must then be discarded
 */
export function update(
  learner: Learner,
  sets: readonly LossSet[],
  contrastive: WholeLoss | null,
  adamw: AdamwSettings,
): UpdateStats {
  const plans = sets.map((set) => planShards(set, learner.policy));
  const work = planGradient(learner, plans, contrastive);
  runAtOnce(sumShards(work));
  return takeStep(learner, finishGradient(learner, work), adamw);
}

/**
 * Computes the gradient of the sets of the next update of a phase, with its shards distributed over threads. The first
 * vector of the learner holds the sum.
 */
export async function gradientOn(
  phase: UpdatePhase,
  learner: Learner,
  contrastive: WholeLoss | null,
): Promise<LossSums> {
  const work = planGradient(learner, phase.plans(), contrastive);
  await phase.gradient(work);
  return finishGradient(learner, work);
}

/**
 * Like `update`, on the sets of the next update of a phase, with its shards distributed over threads. Bitwise identical
 * to `update`.
 */
export async function updateOn(
  phase: UpdatePhase,
  learner: Learner,
  contrastive: WholeLoss | null,
  adamw: AdamwSettings,
  dial: OpenDial | null = null,
): Promise<UpdateStats> {
  return takeStep(learner, await gradientOn(phase, learner, contrastive), adamw, dial);
}
