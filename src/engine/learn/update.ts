/** One parameter update: gradients of the shards of a minibatch, summed in a fixed tree, clipped, and applied by AdamW. */

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

/** A policy that learns: optimiser state and the buffers of an update. */
export interface Learner {
  readonly policy: Policy;
  /** @internal */
  readonly inputs: LossInputs;
  /** Adam's moments, f32[network.size]. */
  readonly firstMoment: number;
  readonly secondMoment: number;
  /**
   * Gradient vectors of the shards, the first of which ends as the sum, and f64[SUMS] of loss sums for each.
   *
   * @internal
   */
  readonly gradients: number[];
  /** @internal */
  readonly sums: number[];
  /**
   * i32[gradients.length]; see `ShardRoom`.
   *
   * @internal
   */
  counters: number;
  /** Updates so far, and beta1^updates, beta2^updates by repeated multiplication. */
  updates: number;
  beta1Power: number;
  beta2Power: number;
  /** What GradVac remembers: target cosines of pairs of tasks, f64[tasks, tasks]; empty without it. */
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

/** Forgets the moments, as at the start of a new phase. */
export function resetOptimizer(learner: Learner): void {
  const { arena, network } = learner.policy;
  arena.zero(learner.firstMoment, network.size * 4);
  arena.zero(learner.secondMoment, network.size * 4);
  learner.updates = 0;
  learner.beta1Power = 1;
  learner.beta2Power = 1;
}

/** Makes room for the gradients and sums of `count` shards, none of which is in. */
function reserveShards(learner: Learner, count: number): void {
  const { policy, gradients, sums } = learner;
  const { arena, network } = policy;
  if (gradients.length < count) learner.counters = arena.floats(count);
  while (gradients.length < count) {
    // Both are placed before either is kept: where the memory ends here, a smaller update must find as many of one as of the other.
    const [gradient, sum] = [arena.floats(network.vectorSize), arena.reserve(SUMS * 8)];
    gradients.push(gradient);
    sums.push(sum);
  }
  arena.zero(learner.counters, count * 4);
}

/** The square of a longer gradient may leave the range of 32-bit floats in AdamW's second moment, and its parameter would never move again. */
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

/** The gradient's norm before clipping, and the sums of the losses. */
export interface UpdateStats extends LossSums {
  readonly gradNorm: number;
}

/** The work of an update on shards; room for all of them is reserved. */
interface Plan {
  /** Shards of the sets, and with those of the contrastive loss. */
  readonly ofSets: number;
  readonly shards: number;
  /** What this thread does itself before it takes shards. */
  readonly first: () => void;
  readonly compute: (n: number) => void;
}

/**
 * A loss that is computed for all of its rows at once, by one thread: gives how many shards it has, and what computes them into the
 * learner's vectors from number `first` on.
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

/** Completes the gradient that the shards have summed up in the first vector, and adds up their losses. */
function finishGradient({ policy, gradients, sums }: Learner, shards: number): LossSums {
  policy.network.finish(policy.weights, gradients[0]);
  return readSums(policy.arena, sums.slice(0, shards));
}

/**
 * The norm of the gradient in the first vector.
 *
 * @throws naming loss and tensor if it or a loss is not finite
 */
export function finiteNorm(learner: Learner, sums: LossSums): number {
  const { arena, network } = learner.policy;
  const [g] = learner.gradients;
  const gradNorm = Math.sqrt(arena.kernels.sumOfSquares(g, network.size));
  // A loss can be NaN where its gradient is cut off to zero.
  if (!(Number.isFinite(gradNorm) && Object.values(sums).every(Number.isFinite))) refuseNonFinite(learner, g, sums);
  return gradNorm;
}

/**
 * Takes one AdamW step along the gradient in the first vector.
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
      `update ${learner.updates}: the weights of ${bad?.name} are not finite after the step; go on from the last checkpoint with a lower ` +
        'learningRate or weightDecay (in the cold start: coldStartLearningRate) or a higher adamEpsilon',
    );
  }
  network.prepare(weights);
  return { ...sums, gradNorm };
}

/**
 * Computes the summed gradient of all sets and takes one AdamW step. The weights must be prepared, and are again afterwards.
 *
 * @throws if a loss or gradient is not finite or too large; the weights and moments are then as they were. Or if the step gave a weight that is
 * not finite: the learner is then lost
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

/** The gradient of the sets of a phase's next update, summed in the learner's first vector, with their shards spread over threads. */
export async function gradientOn(
  phase: UpdatePhase,
  learner: Learner,
  contrastive: WholeLoss | null,
): Promise<LossSums> {
  const { shards, first, compute } = planUpdate(learner, phase.plans(), contrastive);
  await phase.shards(learner, shards, { first, compute });
  return finishGradient(learner, shards);
}

/** `update` on the sets of a phase's next one, with its shards spread over threads: the same bits. */
export async function updateOn(
  phase: UpdatePhase,
  learner: Learner,
  contrastive: WholeLoss | null,
  adamw: AdamwSettings,
): Promise<UpdateStats> {
  return takeStep(learner, await gradientOn(phase, learner, contrastive), adamw);
}
