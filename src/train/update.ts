/** One parameter update: gradients of the shards of a minibatch, summed in a fixed tree, clipped, and applied by AdamW. */
import { matmulScratchBytes } from '../kernels/arena.ts';
import {
  batchLosses,
  createLossInputs,
  type LossInputs,
  type LossSettings,
  type LossSums,
  SAMPLES_PER_STATE,
  takeSums,
} from '../objective/objective.ts';
import { cutBatches, cutRows, loadRows, loadStates } from '../policy/load.ts';
import type { Policy } from '../policy/policy.ts';
import type { StateList } from '../rollout/states.ts';

/** States per shard. Gradients are summed shard by shard in a fixed tree, so the bits do not depend on who computes a shard. */
const SHARD_STATES = 128;

/** States with what their losses need. Arrays by state are indexed by the state's number in the list, not by its place in `order`. */
export interface LossSet {
  readonly list: StateList;
  readonly order: Int32Array;
  readonly taken: Int32Array;
  readonly oldLogProb: Float32Array;
  readonly refLogProb: Float32Array | null;
  readonly advantage: Float32Array;
  /** f32[order.length], by place in `order`: weights of the policy loss and of the cloning loss. */
  readonly weight: Float32Array;
  readonly cloningWeight: Float32Array | null;
  /** i8[list.actions] or none */
  readonly labels: Int8Array | null;
  /** First state equal to each state of the list, labels included (see `findRepeats`): equal states are computed once. Or none. */
  readonly repeats: Int32Array | null;
  readonly settings: LossSettings;
}

/** Action rows whose embeddings the contrastive loss compares. */
export interface ContrastiveSet {
  readonly list: StateList;
  readonly rows: Int32Array;
  readonly labels: Int8Array;
  readonly temperature: number;
  readonly coef: number;
}

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
  readonly inputs: LossInputs;
  /** Adam's moments, f32[network.size]. */
  readonly firstMoment: number;
  readonly secondMoment: number;
  /** Gradient vectors of the shards; the first one ends as the sum. */
  readonly gradients: number[];
  /** Updates so far, and beta1^updates, beta2^updates by repeated multiplication. */
  updates: number;
  beta1Power: number;
  beta2Power: number;
}

export function createLearner(policy: Policy): Learner {
  const { arena, network } = policy;
  return {
    policy,
    inputs: createLossInputs(policy),
    firstMoment: arena.floats(network.size),
    secondMoment: arena.floats(network.size),
    gradients: [],
    updates: 0,
    beta1Power: 1,
    beta2Power: 1,
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

/** The zeroed gradient vector of a shard. */
function shardGradient(learner: Learner, shard: number): number {
  const { arena, network } = learner.policy;
  while (shard >= learner.gradients.length) learner.gradients.push(arena.floats(network.vectorSize));
  const g = learner.gradients[shard];
  arena.zero(g, network.vectorSize * 4);
  return g;
}

/** Entries of a batch: distinct states, each with the samples (places in `order`) it stands for, in their order. */
interface Entries {
  readonly states: Int32Array;
  /** i32[states.length + 1] into `samples`. */
  readonly offsets: Int32Array;
  readonly samples: Int32Array;
}

function mergeRepeats({ order, repeats }: LossSet): Entries {
  const entryOf = new Int32Array(order.length);
  const states: number[] = [];
  const counts: number[] = [];
  const open = new Map<number, number>();
  for (let i = 0; i < order.length; i++) {
    const state = repeats ? repeats[order[i]] : order[i];
    const known = repeats ? open.get(state) : undefined;
    const entry = known !== undefined && counts[known] < SAMPLES_PER_STATE ? known : states.length;
    if (entry === states.length) {
      states.push(state);
      counts.push(0);
      open.set(state, entry);
    }
    entryOf[i] = entry;
    counts[entry]++;
  }
  const offsets = new Int32Array(states.length + 1);
  for (let e = 0; e < states.length; e++) offsets[e + 1] = offsets[e] + counts[e];
  const next = offsets.slice();
  const samples = new Int32Array(order.length);
  for (let i = 0; i < order.length; i++) samples[next[entryOf[i]]++] = i;
  return { states: Int32Array.from(states), offsets, samples };
}

/** Copies the loss inputs of entries [from, to) next to the loaded batch. */
function loadLossInputs(learner: Learner, set: LossSet, entries: Entries, from: number, to: number): void {
  const { inputs, policy } = learner;
  const { f32, i32, i8 } = policy.arena;
  const { list, order } = set;
  const first = entries.offsets[from];
  let row = 0;
  i32[inputs.sampleOffsets >> 2] = 0;
  for (let e = from; e < to; e++) {
    const state = entries.states[e];
    let cloningWeight = 0;
    for (let at = entries.offsets[e]; at < entries.offsets[e + 1]; at++) {
      const i = entries.samples[at];
      const s = order[i];
      const m = at - first;
      i32[(inputs.taken >> 2) + m] = set.taken[s];
      f32[(inputs.oldLogProb >> 2) + m] = set.oldLogProb[s];
      if (set.refLogProb) f32[(inputs.refLogProb >> 2) + m] = set.refLogProb[s];
      f32[(inputs.advantage >> 2) + m] = set.advantage[s];
      f32[(inputs.weight >> 2) + m] = set.weight[i];
      if (set.cloningWeight) cloningWeight += set.cloningWeight[i];
    }
    const n = e - from;
    i32[(inputs.sampleOffsets >> 2) + n + 1] = entries.offsets[e + 1] - first;
    f32[(inputs.cloningWeight >> 2) + n] = cloningWeight;
    const count = entries.offsets[e + 1] - entries.offsets[e];
    for (let r = list.rowOffsets[state]; r < list.rowOffsets[state + 1]; r++) {
      f32[(inputs.counts >> 2) + row] = count;
      if (set.labels) i8[inputs.labels + row] = set.labels[r];
      row++;
    }
  }
}

function accumulateSet(learner: Learner, set: LossSet, firstShard: number): number {
  const { policy, inputs } = learner;
  const { arena, network, weights } = policy;
  const entries = mergeRepeats(set);
  let shard = firstShard;
  let from = 0;
  for (const to of cutBatches(set.list, entries.states, network.batch.capacity, SHARD_STATES)) {
    const g = shardGradient(learner, shard++);
    loadStates(arena, network.batch, set.list, entries.states, from, to);
    loadLossInputs(learner, set, entries, from, to);
    batchLosses(policy, inputs, set.settings);
    network.backward(weights, g);
    from = to;
  }
  return shard;
}

/** The contrastive loss compares all its embeddings at once: a first pass gathers them, a second carries their gradients back. */
function accumulateContrastive(learner: Learner, set: ContrastiveSet, firstShard: number): number {
  const { policy, inputs } = learner;
  const { arena, network, weights } = policy;
  const { batch, heads } = network;
  const { kernels } = arena;
  const { width, value } = heads.embedding;
  const n = set.rows.length;
  const ends = cutRows(set.list, set.rows, batch.capacity);
  // Gradient vectors outlive this call: they are placed before what is given back at its end.
  shardGradient(learner, firstShard + ends.length - 1);
  const mark = arena.mark();
  const gathered = arena.floats(n * width);
  const gradient = arena.floats(n * width);
  const labels = arena.reserve(n);
  const work = arena.floats(n * (2 * width + n + 2));
  for (let i = 0; i < n; i++) arena.i8[labels + i] = set.labels[set.rows[i]];
  let from = 0;
  for (const to of ends) {
    loadRows(arena, batch, set.list, set.rows, from, to);
    network.forward(weights);
    arena.u8.copyWithin(gathered + from * width * 4, value, value + (to - from) * width * 4);
    from = to;
  }
  const scratch = arena.reserve(matmulScratchBytes(n, Math.max(n, width)));
  const sum = inputs.sums + 80;
  kernels.contrastiveLoss(n, width, gathered, labels, set.temperature, set.coef, gradient, sum, work, scratch);
  let shard = firstShard;
  from = 0;
  for (const to of ends) {
    loadRows(arena, batch, set.list, set.rows, from, to);
    network.forward(weights);
    kernels.fill(heads.logit.grad, to - from, 0);
    kernels.fill(heads.classifier.grad, to - from, 0);
    const g = shardGradient(learner, shard++);
    network.backward(weights, g, gradient + from * width * 4);
    from = to;
  }
  arena.release(mark);
  return shard;
}

/** g[0] = the sum of all shards, pairwise: (0 + 1) + (2 + 3) + ..., whatever thread computed which. */
function reduceShards(learner: Learner, shards: number): number {
  const { arena, network } = learner.policy;
  const { gradients } = learner;
  for (let stride = 1; stride < shards; stride *= 2) {
    for (let i = 0; i + stride < shards; i += 2 * stride) {
      arena.kernels.addInto(gradients[i], gradients[i + stride], network.vectorSize);
    }
  }
  return gradients[0];
}

function refuseNonFinite(learner: Learner, g: number, sums: LossSums): never {
  const { arena, network } = learner.policy;
  const bad = network.parameters.find(
    ({ offset, size }) => !Number.isFinite(arena.kernels.sumOfSquares(g + offset, size)),
  );
  const loss = (['policy', 'kl', 'entropy', 'cloning', 'classifier', 'contrastive'] as const).find(
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

/**
 * Computes the summed gradient of all sets and takes one AdamW step. The weights must be prepared, and are again afterwards.
 *
 * @throws if a gradient is not finite; the weights and moments are then as they were
 */
export function update(
  learner: Learner,
  sets: readonly LossSet[],
  contrastive: ContrastiveSet | null,
  adamw: AdamwSettings,
): UpdateStats {
  const { policy } = learner;
  const { arena, network, weights } = policy;
  const { kernels } = arena;
  let shards = 0;
  for (const set of sets) shards = accumulateSet(learner, set, shards);
  if (contrastive) shards = accumulateContrastive(learner, contrastive, shards);
  const sums = takeSums(policy, learner.inputs);
  const g = reduceShards(learner, shards);
  network.finish(weights, g);
  const gradNorm = Math.sqrt(kernels.sumOfSquares(g, network.size));
  // A loss can be NaN where its gradient is cut off to zero.
  if (!(Number.isFinite(gradNorm) && Object.values(sums).every(Number.isFinite))) refuseNonFinite(learner, g, sums);
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
  network.prepare(weights);
  return { ...sums, gradNorm };
}
