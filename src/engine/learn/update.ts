/**
 * One parameter update: the gradients of the shards of a minibatch are summed in a fixed tree, clipped, and applied by
 * AdamW.
 */

import type { Policy } from '../policy/policy.ts';
import { createLossInputs, type LossInputs, type LossSums, readSums } from './objective.ts';
import { addShard, computeShard, type LossSet, planShards, type ShardPlan, SUMS, shardsIn } from './shards.ts';
import type { UpdatePhase } from './updatePhase.ts';

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

/** A policy in training: optimiser state and the buffers of an update. */
export interface Learner {
  readonly policy: Policy;
  /** @internal */
  readonly inputs: LossInputs;
  /** The moments of Adam, f32[network.size]. */
  readonly firstMoment: number;
  readonly secondMoment: number;
  /**
   * Gradient vectors of the shards and f64[SUMS] of loss sums for each. The first vector finally holds the sum.
   *
   * @internal
   */
  readonly gradients: number[];
  /** @internal */
  readonly sums: number[];
  /**
   * i32[gradients.length]; see `ShardBuffers`.
   *
   * @internal
   */
  counters: number;
  /** Number of updates, and beta1^updates and beta2^updates by repeated multiplication. */
  updates: number;
  beta1Power: number;
  beta2Power: number;
  /** The state of GradVac: target cosines of pairs of tasks, f64[tasks, tasks]; empty without GradVac. */
  targets: Float64Array;
}

/** A learner of the policy with moments of zero. It places its buffers in the policy's arena. */
export function createLearner(policy: Policy): Learner {
  const { arena, network } = policy;
  return {
    policy,
    inputs: createLossInputs(policy),
    firstMoment: arena.floats(network.size),
    secondMoment: arena.floats(network.size),
    gradients: [],
    sums: [],
    counters: 0,
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

/** Allocates the gradients and sums of `count` shards and sets their counters to 0. */
function reserveShards(learner: Learner, count: number): void {
  const { policy, gradients, sums } = learner;
  const { arena, network } = policy;
  if (gradients.length < count) learner.counters = arena.floats(count);
  while (gradients.length < count) {
    // Allocate both before storing either: if the memory ends here, a smaller update must find equally many of both.
    const [gradient, sum] = [arena.floats(network.vectorSize), arena.reserve(SUMS * 8)];
    gradients.push(gradient);
    sums.push(sum);
  }
  arena.zero(learner.counters, count * 4);
}

/**
 * The square of a longer gradient can exceed the range of 32-bit floats in the second moment of AdamW. Its parameter
 * would then never change again.
 */
const LONGEST_GRADIENT = 1e19;

function refuseNonFinite(learner: Learner, g: number, sums: LossSums): never {
  const { arena, network } = learner.policy;
  const bad = network.parameters.find(
    ({ offset, size }) => !Number.isFinite(arena.kernels.sumOfSquares(g + offset, size)),
  );
  const loss = (['policy', 'kl', 'entropy', 'cloning', 'classifier', 'contrastive', 'value'] as const).find(
    (key) => !Number.isFinite(sums[key]),
  );
  const what = [loss && `the ${loss} loss`, bad && `the gradient of ${bad.name}`].filter(Boolean).join(' and ');
  throw new Error(
    `update ${learner.updates + 1}: ${what || 'the gradient norm'} ${loss && bad ? 'are' : 'is'} not finite; ` +
      'the step was not taken; lower learningRate or the weights of the losses, or check the environment for extreme observations',
  );
}

/** The norm of the gradient before clipping, and the sums of the losses. */
export interface UpdateStats extends LossSums {
  readonly gradNorm: number;
}

/** The shards of an update, with buffers allocated for all of them. */
interface Plan {
  /** Number of shards of the sets, and number of shards including those of the contrastive loss. */
  readonly ofSets: number;
  readonly shards: number;
  /** Work that the calling thread does before it computes shards. */
  readonly first: () => void;
  readonly compute: (n: number) => void;
}

/**
 * A loss that one thread computes for all of its rows at once. Returns its number of shards, and a function that
 * computes them into the vectors of the learner from number `first` on.
 */
export type WholeLoss = (learner: Learner) => {
  readonly shards: number;
  /** Computes the shards into the learner's vectors from number `first` on. */
  readonly compute: (first: number) => void;
};

function planUpdate(learner: Learner, plans: readonly ShardPlan[], contrastive: WholeLoss | null): Plan {
  const { policy, gradients, sums } = learner;
  const { network } = policy;
  const work = shardsIn(plans);
  const whole = contrastive?.(learner);
  const shards = work.length + (whole?.shards ?? 0);
  reserveShards(learner, shards);
  return {
    ofSets: work.length,
    shards,
    first() {
      whole?.compute(work.length);
      for (let n = work.length; n < shards; n++) addShard(network, learner, n, shards);
    },
    compute(n) {
      computeShard(learner, work[n].plan, work[n].shard, gradients[n], sums[n]);
      addShard(network, learner, n, shards);
    },
  };
}

/** Completes the gradient that the shards summed in the first vector, and adds their losses. */
function finishGradient({ policy, gradients, sums }: Learner, shards: number): LossSums {
  policy.network.finish(policy.weights, gradients[0]);
  return readSums(policy.arena, sums.slice(0, shards));
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
 * Takes one AdamW step with the gradient in the first vector.
 *
 * @throws as `update` does
 */
export function takeStep(learner: Learner, sums: LossSums, adamw: AdamwSettings): UpdateStats {
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
  learner.updates++;
  learner.beta1Power *= adamw.beta1;
  learner.beta2Power *= adamw.beta2;
  kernels.adamw(
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
    const bad = network.parameters.find(
      ({ offset, size }) => !Number.isFinite(kernels.sumOfSquares(weights + offset, size)),
    );
    throw new Error(
      `update ${learner.updates}: the weights of ${bad?.name} are not finite after the step; resume from the last checkpoint with a lower ` +
        'learningRate or weightDecay (in the cold start: coldStartLearningRate) or a higher adamEpsilon',
    );
  }
  network.prepare(weights);
  return { ...sums, gradNorm };
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
  const { ofSets, shards, first, compute } = planUpdate(learner, plans, contrastive);
  first();
  for (let n = 0; n < ofSets; n++) compute(n);
  return takeStep(learner, finishGradient(learner, shards), adamw);
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
  const { shards, first, compute } = planUpdate(learner, phase.plans(), contrastive);
  await phase.shards(learner, shards, { first, compute });
  return finishGradient(learner, shards);
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
): Promise<UpdateStats> {
  return takeStep(learner, await gradientOn(phase, learner, contrastive), adamw);
}
