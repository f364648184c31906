/**
 * The networks of the speed goals, built from public layers: an MLP 64-128-128-16 (tanh) over vectors, and a pre-norm
 * transformer encoder over tokens. Both choose one of 16 actions. trainingStep.ts has their training step.
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
import { batchCapacity, type Policy, policyOn } from '../src/engine/policy/policy.ts';
import { createStateList, pushState, type StateList } from '../src/engine/states/stateList.ts';
import { type RandomStream, randomStream } from '../src/random.ts';

export const ACTIONS = 16;
export const MLP = { inputs: 64, hidden: 128 } as const;
export const VOCABULARY = 100;

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
