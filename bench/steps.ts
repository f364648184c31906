/**
 * The networks of the speed goals, built from public layers, with a training step, inference and a Gram matrix: an MLP
 * 64-128-128-16 (tanh) over vectors, and a pre-norm transformer encoder over tokens. Both choose one of 16 actions.
 *
 * A step is forward, policy-gradient loss -mean(advantage * log pi(action | state)), backward, AdamW (no decay). Its
 * inputs are in memory before the measurement, for the engine and for every peer.
 */
import type { Arena } from '../src/engine/kernels/arena.ts';
import { meanOverSlots, selfAttentionBlock } from '../src/engine/layers/attention.ts';
import type { InputShape } from '../src/engine/layers/batch.ts';
import { createNetwork } from '../src/engine/layers/createNetwork.ts';
import { slotTokens, tokenTable } from '../src/engine/layers/embedding.ts';
import { activation, linear } from '../src/engine/layers/linear.ts';
import type { Builder, Heads, Tensor } from '../src/engine/layers/network.ts';
import { attentionPolicy } from '../src/engine/policy/attention.ts';
import { actionLogProbs, batchCapacity, type Policy, policyOn } from '../src/engine/policy/policy.ts';
import { loadStates } from '../src/engine/states/loadBatch.ts';
import { clearStates, createStateList, pushState, type StateList } from '../src/engine/states/stateList.ts';
import { type RandomStream, randomStream } from '../src/random.ts';

export const ACTIONS = 16;
export const MLP = { inputs: 64, hidden: 128 } as const;
export const VOCABULARY = 100;
/** Small enough that a workload hardly changes over the many steps of a measurement. */
const TIMED_LEARNING_RATE = 1e-6;

/** Sizes of the attention workload; the goals use the defaults. */
export interface AttentionSizes {
  readonly tokens: number;
  readonly width: number;
  readonly heads: number;
  readonly blocks: number;
}
export const ATTENTION: AttentionSizes = { tokens: 32, width: 64, heads: 2, blocks: 2 };

export interface Workload {
  readonly policy: Policy;
  readonly list: StateList;
  readonly states: number;
  /** Index of the action taken in each state, and its advantage. */
  readonly taken: Int32Array;
  readonly advantage: Float32Array;
  /** Single-precision operations of one step. */
  readonly operations: number;
}

/** Logits [states, actions] share their memory with one logit per action row. */
function headsOn(b: Builder, embedding: Tensor, logits: Tensor): Heads {
  const logit: Tensor = { ...logits, rows: 'action', width: 1 };
  return { embedding, logit, classifier: b.tensor('action', 1) };
}

function composeMlp(b: Builder, width: number): Heads {
  const x: Tensor = { rows: 'state', width: MLP.inputs, value: b.batch.vectors, grad: 0, readers: 0, writers: 1 };
  const first = activation(b, 'tanh', linear(b, 'first', x, width));
  const second = activation(b, 'tanh', linear(b, 'second', first, width));
  return headsOn(b, second, linear(b, 'logits', second, b.batch.shape.vocabularySize));
}

function composeAttention(b: Builder, { width, heads, blocks }: AttentionSizes): Heads {
  let x = slotTokens(b, 'state', tokenTable(b, 'tokens', width), 'position');
  for (let block = 0; block < blocks; block++) x = selfAttentionBlock(b, `block${block}`, x, heads);
  const mean = meanOverSlots(b, x);
  return headsOn(b, mean, linear(b, 'logits', mean, ACTIONS));
}

/** Operations of y = x W + b on `rows` rows: forward, dW and db, and dx unless x is an input. */
function linearOperations(rows: number, inner: number, width: number, needsInputGradient = true): number {
  return (needsInputGradient ? 6 : 4) * rows * inner * width + 2 * rows * width;
}

/** AdamW: 16 operations per parameter. Log softmax with loss and gradient: about 28 per action. */
function endOperations(policy: Policy, states: number, actions: number): number {
  return 16 * policy.network.size + 28 * states * actions;
}

function mlpOperations(states: number, width: number, actions: number): number {
  // tanh: 22 forward, 3 backward.
  const activations = 2 * 25 * states * width;
  const layers = linearOperations(states, MLP.inputs, width, false) + linearOperations(states, width, width);
  return activations + layers + linearOperations(states, width, actions);
}

function attentionOperations(states: number, { tokens, width, heads, blocks }: AttentionSizes): number {
  const rows = states * tokens;
  const scores = states * heads * tokens * tokens;
  // Two products forward and four backward; softmax 22 forward and 4 backward.
  const attend = 12 * states * tokens * tokens * width + 26 * scores;
  const linears = 4 * linearOperations(rows, width, width) + 2 * linearOperations(rows, width, 4 * width);
  // Two layer norms (7 forward, 11 backward), two residual sums in both directions, gelu (30 forward, 39 backward) with
  // four times the width.
  const rest = (2 * 18 + 4 + 4 * 69) * rows * width;
  // Embedding, position and mean, each in both directions.
  return blocks * (attend + linears + rest) + 6 * rows * width + linearOperations(states, width, ACTIONS);
}

function draw(random: RandomStream, count: number): Float32Array {
  return Float32Array.from({ length: count }, () => 2 * random.uniform() - 1);
}

function workload(
  arena: Arena,
  shape: InputShape,
  states: number,
  actions: number,
  compose: (b: Builder) => Heads,
  push: (list: StateList) => void,
  operations: number,
): Workload {
  const policy = policyOn(createNetwork(arena, shape, batchCapacity(shape, states, actions), compose));
  policy.network.initialise(policy.weights, 1);
  policy.network.prepare(policy.weights);
  const random = randomStream(1, 'bench/samples', states);
  const list = createStateList(shape);
  for (let s = 0; s < states; s++) push(list);
  const taken = Int32Array.from({ length: states }, () => random.below(actions));
  const advantage = draw(random, states);
  return {
    policy,
    list,
    states,
    taken,
    advantage,
    operations: operations + endOperations(policy, states, actions),
  };
}

/** The MLP on `states` random vectors. */
export function mlpWorkload(arena: Arena, states: number, width: number = MLP.hidden, actions = ACTIONS): Workload {
  const shape: InputShape = {
    form: 'vector',
    layout: 'slots',
    vocabularySize: actions,
    stateSlots: 0,
    actionSlots: 1,
    vectorWidth: MLP.inputs,
  };
  const random = randomStream(1, 'bench/vectors', states);
  const ids = Array.from({ length: actions }, (_, i) => i);
  const push = (list: StateList): void => pushState(list, draw(random, MLP.inputs), ids);
  const compose = (b: Builder): Heads => composeMlp(b, width);
  return workload(arena, shape, states, actions, compose, push, mlpOperations(states, width, actions));
}

/** The encoder on `states` random sequences without padding. */
export function attentionWorkload(arena: Arena, states: number, sizes: AttentionSizes = ATTENTION): Workload {
  const shape: InputShape = {
    form: 'tokens',
    layout: 'sequence',
    vocabularySize: VOCABULARY,
    stateSlots: sizes.tokens,
    actionSlots: 1,
    vectorWidth: 0,
  };
  const random = randomStream(1, 'bench/tokens', states);
  const actions = Array.from({ length: ACTIONS }, () => []);
  const push = (list: StateList): void => {
    const features = Array.from({ length: sizes.tokens }, (_, slot) => slot * VOCABULARY + random.below(VOCABULARY));
    pushState(list, features, actions);
  };
  const compose = (b: Builder): Heads => composeAttention(b, sizes);
  return workload(arena, shape, states, ACTIONS, compose, push, attentionOperations(states, sizes));
}

/** Sizes of the default policy of a run on household. */
const CANDIDATES = { tokenWidth: 12, matchWidth: 16, hidden: 64, embedding: 32, blocks: 0, heads: 2 };
const SLOTS = { vocabularySize: 60, stateSlots: 20, actionSlots: 4 };

/**
 * The policy that scores listed actions, on `states` states with `actions` random candidates each. Operations are not
 * counted.
 */
export function candidatesWorkload(arena: Arena, states: number, actions: number): Workload {
  const shape: InputShape = { form: 'tokens', layout: 'slots', ...SLOTS, vectorWidth: 0 };
  const random = randomStream(1, 'bench/candidates', actions);
  const features = (slots: number): number[] =>
    Array.from({ length: slots }, (_, slot) => slot * SLOTS.vocabularySize + random.below(SLOTS.vocabularySize));
  const push = (list: StateList): void => {
    pushState(
      list,
      features(SLOTS.stateSlots),
      Array.from({ length: actions }, () => features(SLOTS.actionSlots)),
    );
  };
  const config = { ...CANDIDATES, policy: 'attention', logitScale: 1 } as const;
  return workload(arena, shape, states, actions, (b) => attentionPolicy(b, config), push, Number.NaN);
}

export interface TrainingStep {
  /** One step. */
  step(learningRate?: number): void;
  /** Forward and backward only. Returns the loss and the address of the gradient vector. */
  gradient(): { loss: number; pointer: number };
}

/** Allocates the buffers of a training step and loads the states. */
export function trainingStep({ policy, list, states, taken, advantage }: Workload): TrainingStep {
  const { arena, network, weights, logProbs } = policy;
  const { kernels } = arena;
  const { batch, heads } = network;
  const takenPtr = arena.floats(states);
  const oldLogProbPtr = arena.floats(states);
  const advantagePtr = arena.floats(states);
  const weightPtr = arena.floats(states);
  const sumsPtr = arena.reserve(64);
  const gradientPtr = arena.floats(network.vectorSize);
  const firstMoment = arena.floats(network.size);
  const secondMoment = arena.floats(network.size);
  const { rowOffsets } = list;
  const beta1 = 0.9;
  const beta2 = 0.999;
  let beta1Power = 1;
  let beta2Power = 1;
  const order = Int32Array.from({ length: states }, (_, s) => s);
  loadStates(arena, batch, list, order, 0, states);
  arena.i32.set(taken, takenPtr >> 2);
  arena.write(advantagePtr, advantage);
  kernels.fill(weightPtr, states, 1 / states);
  kernels.fill(heads.classifier.grad, batch.actions, 0);
  /** Forward and backward of the clipped surrogate at ratio 1, which is the plain policy gradient. */
  const backward = (): void => {
    actionLogProbs(policy);
    const { f32 } = arena;
    for (let s = 0; s < states; s++) f32[(oldLogProbPtr >> 2) + s] = f32[(logProbs >> 2) + rowOffsets[s] + taken[s]];
    kernels.policyLoss(
      states,
      batch.rowOffsets,
      logProbs,
      takenPtr,
      oldLogProbPtr,
      0,
      advantagePtr,
      weightPtr,
      0.2,
      0.2,
      0,
      0,
      heads.logit.grad,
      sumsPtr,
      0,
    );
    arena.zero(gradientPtr, network.vectorSize * 4);
    network.backward(weights, gradientPtr);
    network.finish(weights, gradientPtr);
  };
  return {
    step(learningRate = TIMED_LEARNING_RATE) {
      backward();
      beta1Power *= beta1;
      beta2Power *= beta2;
      kernels.adamw(
        network.size,
        weights,
        gradientPtr,
        firstMoment,
        secondMoment,
        learningRate,
        beta1,
        beta2,
        1e-8,
        0,
        1 / (1 - beta1Power),
        1 / (1 - beta2Power),
      );
      network.prepare(weights);
    },
    gradient() {
      backward();
      let loss = 0;
      for (let s = 0; s < states; s++) loss -= (advantage[s] * arena.f32[(oldLogProbPtr >> 2) + s]) / states;
      return { loss, pointer: gradientPtr };
    },
  };
}

/** Log-probabilities of the actions for one state given as a JavaScript array, as in a program that selects actions. */
export function inference({ policy, list }: Workload): (vector: Float32Array) => Float32Array {
  const { arena, network } = policy;
  const one = createStateList(list.shape);
  const ids = Array.from({ length: list.shape.vocabularySize }, (_, i) => i);
  const order = [0];
  return (vector) => {
    clearStates(one);
    pushState(one, vector, ids);
    loadStates(arena, network.batch, one, order, 0, 1);
    actionLogProbs(policy);
    return arena.read(policy.logProbs, ids.length);
  };
}
