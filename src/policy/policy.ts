/** A policy: a network with its weights, and the log-probabilities and samples it gives for batches of states. */
import type { EnvironmentSpec } from '../env/environment.ts';
import { MOST_ACTIONS } from '../env/limits.ts';
import type { Arena } from '../kernels/arena.ts';
import type { Capacity, InputShape } from '../layers/batch.ts';
import { createNetwork, type Network } from '../layers/network.ts';
import { streamKey } from '../random.ts';
import { inputShape, type StateList } from '../rollout/states.ts';
import { attentionPolicy } from './attention.ts';
import type { Blueprint } from './blueprint.ts';
import type { PolicyConfig } from './heads.ts';
import { cutBatches, loadStates } from './load.ts';
import { mlpPolicy } from './mlp.ts';

export interface Policy {
  readonly arena: Arena;
  readonly network: Network;
  /** null for a network of your own. */
  readonly blueprint: Blueprint | null;
  /** Address of the weight vector, network.vectorSize floats; call `network.prepare` after changing it. */
  readonly weights: number;
  /** f32, with room for any batch: log-probabilities after `actionLogProbs`. */
  readonly logProbs: number;
  /** i32 and f32[capacity.states]: the action drawn and its log-probability after `sample`. */
  readonly taken: number;
  readonly takenLogProb: number;
  readonly indices: number;
}

/**
 * The room a batch needs for up to `states` states; a state may have more than `actionsPerState` actions if others have fewer, and one that
 * has more than all of them together is a batch of its own.
 */
export function batchCapacity(shape: InputShape, states: number, actionsPerState = 16): Capacity {
  const actions = Math.max(states * actionsPerState, 256);
  // Bags hold several tokens per slot, sequences one.
  const tokens = shape.layout === 'slots' ? 3 : 1;
  return {
    states,
    actions,
    stateFeatures: Math.max(states * shape.stateSlots * tokens, 64),
    actionFeatures: Math.max(actions * shape.actionSlots * tokens, 256),
  };
}

/** Builds the network that `config` names for an environment. Weights are zero until initialised or loaded. */
export function createPolicy(arena: Arena, spec: EnvironmentSpec, config: PolicyConfig, states = 128): Policy {
  const shape = inputShape(spec);
  if ((config.policy === 'mlp') !== (shape.form === 'vector')) {
    throw new Error(
      `createPolicy: policy "${config.policy}" does not read the ${shape.form} form of ${spec.name}; set config.observation`,
    );
  }
  const environment = `${spec.name} ${spec.version}`;
  return buildPolicy(arena, { environment, shape, config }, batchCapacity(shape, states));
}

/** Builds the network of a blueprint. Weights are zero until initialised or loaded. */
export function buildPolicy(arena: Arena, blueprint: Blueprint, capacity: Capacity): Policy {
  const { shape, config } = blueprint;
  const compose = config.policy === 'mlp' ? mlpPolicy : attentionPolicy;
  const network = createNetwork(arena, shape, capacity, (b) => compose(b, config));
  return { ...policyOn(network), blueprint };
}

/** A policy on a network of your own; see `createNetwork`. */
export function policyOn(network: Network): Policy {
  const { arena } = network;
  const { capacity } = network.batch;
  return {
    arena,
    network,
    blueprint: null,
    weights: arena.floats(network.vectorSize),
    // A batch that grows leaves them where they are.
    logProbs: arena.floats(Math.max(capacity.actions, MOST_ACTIONS)),
    taken: arena.floats(capacity.states),
    takenLogProb: arena.floats(capacity.states),
    indices: arena.floats(capacity.states),
  };
}

/** Forward pass of the loaded batch and log softmax(logit / temperature) over each state's actions, into `policy.logProbs`. */
export function actionLogProbs(policy: Policy, weights = policy.weights, temperature = 1): void {
  const { network, arena } = policy;
  network.forward(weights);
  const { states, rowOffsets } = network.batch;
  arena.kernels.logSoftmax(states, rowOffsets, network.heads.logit.value, 0, 1 / temperature, policy.logProbs);
}

/**
 * The same, refusing log-probabilities that are not finite: sampling would draw some action all the same, and the bits of NaN differ between
 * processors.
 *
 * @throws if one is not finite
 */
export function finiteLogProbs(policy: Policy, weights = policy.weights, temperature = 1): void {
  const { arena, network, logProbs } = policy;
  const { kernels, f32 } = arena;
  actionLogProbs(policy, weights, temperature);
  if (Number.isFinite(kernels.sumOfSquares(logProbs, network.batch.actions))) return;
  const values = f32.subarray(logProbs >> 2, (logProbs >> 2) + network.batch.actions);
  const bad = network.parameters.find(
    ({ offset, size }) => !Number.isFinite(kernels.sumOfSquares(weights + offset, size)),
  );
  throw new Error(
    `policy: log-probabilities must be finite, got ${values.find((x) => !Number.isFinite(x))}; ` +
      (bad
        ? `the weights of ${bad.name} are not finite; go on from an earlier checkpoint with a lower learningRate`
        : 'the weights are finite but give logits beyond a 32-bit float; lower learningRate, raise temperature, or check the environment ' +
          'for extreme observations'),
  );
}

/**
 * Draws an action for states `order[from..to)` of the list into `policy.taken` and `policy.takenLogProb`.
 *
 * @param key of the stream; see `streamKey`
 * @param indices counter of each state's draw, as long as the list
 * @throws if a log-probability is not finite
 */
export function sample(
  policy: Policy,
  list: StateList,
  order: ArrayLike<number>,
  from: number,
  to: number,
  key: readonly [number, number],
  indices: ArrayLike<number>,
  temperature = 1,
): void {
  const { arena, network } = policy;
  loadStates(arena, network.batch, list, order, from, to);
  finiteLogProbs(policy, policy.weights, temperature);
  for (let i = from; i < to; i++) arena.i32[(policy.indices >> 2) + i - from] = indices[order[i]];
  drawActions(policy, network.batch.states, key);
}

/** Draws from `policy.logProbs`, whose rows are those of `batch.rowOffsets`, at the counters in `policy.indices`. */
export function drawActions(policy: Policy, states: number, key: readonly [number, number]): void {
  const { arena, network, taken, takenLogProb, logProbs, indices } = policy;
  arena.kernels.sampleActions(states, network.batch.rowOffsets, logProbs, key[0], key[1], indices, taken, takenLogProb);
}

/**
 * log pi(taken | state) of the states `order` of a list under `weights` (prepared).
 *
 * @param taken index of the action, by place in `order`
 * @returns f32[order.length]
 * @throws if a log-probability is not finite
 */
export function takenLogProbs(
  policy: Policy,
  weights: number,
  list: StateList,
  order: ArrayLike<number>,
  taken: ArrayLike<number>,
  temperature = 1,
): Float32Array {
  const { arena, network, logProbs } = policy;
  const { batch } = network;
  const out = new Float32Array(order.length);
  let from = 0;
  for (const to of cutBatches(list, order, batch.capacity)) {
    loadStates(arena, batch, list, order, from, to);
    finiteLogProbs(policy, weights, temperature);
    for (let i = from; i < to; i++) {
      const row = arena.i32[(batch.rowOffsets >> 2) + i - from] + taken[i];
      out[i] = arena.f32[(logProbs >> 2) + row];
    }
    from = to;
  }
  return out;
}

/** Key of the stream from which the actions of one iteration, or of one evaluation, are drawn. */
export function actionKey(seed: number, purpose: string, iteration: number): [number, number] {
  return streamKey(seed, `actions/${purpose}`, iteration);
}
