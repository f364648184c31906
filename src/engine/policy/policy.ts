/** A policy: a network with its weights. Computes log-probabilities and sampled actions for batches of states. */

import { checkInteger, checkObject, checkPositive } from '../../check/values.ts';
import type { EnvironmentSpec } from '../../env/environment.ts';
import { MOST_ACTIONS } from '../../env/limits.ts';
import { streamKey } from '../../random.ts';
import { index32 } from '../kernels/address.ts';
import type { Arena } from '../kernels/arena.ts';
import { CountingArena } from '../kernels/countingArena.ts';
import { type Capacity, checkShape, type InputShape } from '../layers/batch.ts';
import { createNetwork } from '../layers/createNetwork.ts';
import { type Network, nonFiniteParameter, type Parameter, savedOf } from '../layers/network.ts';
import { cutBatches, loadStates } from '../states/loadBatch.ts';
import { inputShape, type StateList } from '../states/stateList.ts';
import { attentionPolicy } from './attention.ts';
import { type Blueprint, checkBlueprint } from './blueprint.ts';
import type { PolicyConfig } from './heads.ts';
import { mlpPolicy } from './mlp.ts';

/** A network with its weights and the buffers of its outputs. Numbers are byte addresses in the arena. */
export interface Policy {
  readonly arena: Arena;
  readonly network: Network;
  /** null for a network that the caller composed. */
  readonly blueprint: Blueprint | null;
  /** Address of the weight vector, network.vectorSize floats. Call `network.prepare` after a change. */
  readonly weights: number;
  /** f32, large enough for any batch: the log-probabilities that `actionLogProbs` computes. */
  readonly logProbs: number;
  /** i32 and f32[capacity.states]: the actions that `sample` chooses, and their log-probabilities. */
  readonly taken: number;
  readonly takenLogProb: number;
  readonly indices: number;
}

/** Largest number of states in a batch, and largest number of actions per state. */
const MOST_STATES = 65_536;

/**
 * Returns the capacity of a batch of up to `states` states. A state can have more than `actionsPerState` actions if
 * other states have fewer. A state that alone has more actions than the capacity is loaded as a batch of its own.
 */
export function batchCapacity(shape: InputShape, states: number, actionsPerState = 16): Capacity {
  checkShape('batchCapacity', shape);
  checkInteger('batchCapacity', 'states', states, 1, MOST_STATES, 'use a smaller batch');
  checkInteger('batchCapacity', 'actionsPerState', actionsPerState, 1, MOST_STATES, 'use a smaller batch');
  const actions = Math.max(states * actionsPerState, 256);
  // With slots, a slot can hold several tokens; in a sequence, it holds one.
  const tokens = shape.layout === 'slots' ? 3 : 1;
  return {
    states,
    actions,
    stateFeatures: Math.max(states * shape.stateSlots * tokens, 64),
    actionFeatures: Math.max(actions * shape.actionSlots * tokens, 256),
  };
}

/**
 * Builds the network that `config` names for an environment. The weights are zero until they are initialised or loaded.
 *
 * @throws RangeError or Error that names the wrong value of the spec or the config
 */
export function createPolicy(arena: Arena, spec: EnvironmentSpec, config: PolicyConfig, states = 128): Policy {
  const shape = inputShape(spec);
  checkObject('createPolicy', 'config', config, 'pass the config of a run');
  if (config.policy === 'custom') {
    throw new Error(
      'createPolicy: policy must be "attention" or "mlp", got "custom"; build your own network with customPolicy',
    );
  }
  if ((config.policy === 'mlp') !== (shape.form === 'vector')) {
    throw new Error(
      `createPolicy: policy "${config.policy}" does not read the ${shape.form} form of ${spec.name}; set config.observation`,
    );
  }
  const environment = `${spec.name} ${spec.version}`;
  checkBlueprint('createPolicy', 'change the config or the environment', { environment, shape, config });
  const complete = spec.hint ? { ...config, hinted: true } : config;
  return buildPolicy(arena, { environment, shape, config: complete }, batchCapacity(shape, states));
}

function composeNetwork(arena: Arena, { shape, config }: Blueprint, capacity: Capacity): Network {
  const compose = config.policy === 'mlp' ? mlpPolicy : attentionPolicy;
  return createNetwork(arena, shape, capacity, (b) => compose(b, config));
}

/** Builds the network of a blueprint. The weights are zero until they are initialised or loaded. */
export function buildPolicy(arena: Arena, blueprint: Blueprint, capacity: Capacity): Policy {
  return { ...policyOn(composeNetwork(arena, blueprint, capacity)), blueprint };
}

/** The size of a policy, computed without an allocation. */
export interface PolicySize {
  /** Parameters and buffers. */
  readonly parameters: readonly Pick<Parameter, 'name' | 'shape'>[];
  /** Bytes of memory, including one weight vector. */
  readonly bytes: number;
}

/** Builds the policy of a blueprint on an arena that counts bytes and allocates nothing. */
export function policySize(blueprint: Blueprint, capacity: Capacity): PolicySize {
  const arena = new CountingArena();
  const before = arena.mark();
  const { network } = buildPolicy(arena, blueprint, capacity);
  return { parameters: savedOf(network), bytes: arena.mark() - before };
}

/** Returns a policy on a network that the caller composed; see `createNetwork`. */
export function policyOn(network: Network): Policy {
  checkObject('policyOn', 'network', network, 'pass the network that createNetwork returned');
  const { arena } = network;
  const { capacity } = network.batch;
  return {
    arena,
    network,
    blueprint: null,
    weights: arena.floats(network.vectorSize),
    // Large enough for a batch of one state of any size, because a batch that grows does not reallocate these buffers.
    logProbs: arena.floats(Math.max(capacity.actions, MOST_ACTIONS)),
    taken: arena.floats(capacity.states),
    takenLogProb: arena.floats(capacity.states),
    indices: arena.floats(capacity.states),
  };
}

/**
 * Runs the forward pass on the loaded batch. Writes log softmax(logit / temperature) over the actions of each state to
 * `policy.logProbs`.
 */
export function actionLogProbs(policy: Policy, weights = policy.weights, temperature = 1): void {
  checkPositive('actionLogProbs', 'temperature', temperature, true, '1 leaves the scores as they are');
  const { network, arena } = policy;
  network.forward(weights);
  const { states, rowOffsets } = network.batch;
  arena.kernels.logSoftmax(states, rowOffsets, network.heads.logit.value, 0, 1 / temperature, policy.logProbs);
}

/**
 * Like `actionLogProbs`, but rejects log-probabilities that are not finite. From NaN, sampling would still choose an
 * action, and the bits of NaN differ between processors.
 *
 * @throws if a log-probability is not finite
 */
export function finiteLogProbs(policy: Policy, weights = policy.weights, temperature = 1): void {
  const { arena, network, logProbs } = policy;
  const { kernels, f32 } = arena;
  actionLogProbs(policy, weights, temperature);
  if (Number.isFinite(kernels.sumOfSquares(logProbs, network.batch.actions))) return;
  const values = f32.subarray(index32(logProbs), index32(logProbs) + network.batch.actions);
  const bad = nonFiniteParameter(network, weights);
  throw new Error(
    `policy: log-probabilities must be finite, got ${values.find((x) => !Number.isFinite(x))}; ` +
      (bad
        ? `the weights of ${bad.name} are not finite; resume from an earlier checkpoint with a lower learningRate`
        : 'the weights are finite but the logits exceed the range of 32-bit floats; lower learningRate, raise temperature, or check the environment ' +
          'for extreme observations'),
  );
}

/**
 * Samples an action for the states `order[from..to)` of the list into `policy.taken` and `policy.takenLogProb`.
 *
 * @param key of the random number stream; see `streamKey`
 * @param indices random counter of each state of the list
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
  for (let i = from; i < to; i++) arena.i32[index32(policy.indices) + i - from] = indices[order[i]];
  drawActions(policy, network.batch.states, key);
}

/**
 * Samples from `policy.logProbs`, whose rows are those of `batch.rowOffsets`, with the counters in `policy.indices`.
 */
export function drawActions(policy: Policy, states: number, key: readonly [number, number]): void {
  const { arena, network, taken, takenLogProb, logProbs, indices } = policy;
  arena.kernels.sampleActions(states, network.batch.rowOffsets, logProbs, key[0], key[1], indices, taken, takenLogProb);
}

/**
 * Returns log pi(taken | state) of the states `order` of a list under `weights` (prepared).
 *
 * @param taken index of the action, by position in `order`
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
      const row = arena.i32[index32(batch.rowOffsets) + i - from] + taken[i];
      out[i] = arena.f32[index32(logProbs) + row];
    }
    from = to;
  }
  return out;
}

/** The key of the stream from which the actions of one iteration or one evaluation are sampled. */
export function actionKey(seed: number, purpose: string, iteration: number): [number, number] {
  return streamKey(seed, `actions/${purpose}`, iteration);
}
