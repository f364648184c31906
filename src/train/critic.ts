/**
 * A critic: a second network of the policy's shape. Its classifier head learns the returns of the actions taken in all
 * episodes so far.
 */

import type { Config } from '../config/config.ts';
import { discountedReturns } from '../credit/advantages/anchorState.ts';
import type { Critic } from '../credit/labels/critic.ts';
import { requireSaved } from '../credit/labels/memory.ts';
import { index32 } from '../engine/kernels/address.ts';
import type { Arena } from '../engine/kernels/arena.ts';
import type { LossSet } from '../engine/learn/shards.ts';
import { createLearner, update } from '../engine/learn/update.ts';
import { type ComposeNetwork, policyFor } from '../engine/policy/custom.ts';
import { cutBatches, loadStates } from '../engine/states/loadBatch.ts';
import { appendStates, createStateList, type StateList } from '../engine/states/stateList.ts';
import type { EnvironmentSpec } from '../env/environment.ts';
import { type Pieces, runAtOnce } from '../eventLoop.ts';
import { randomStream } from '../random.ts';
import type { Rollout } from '../rollout/rollout.ts';
import { explainedVariance } from './advantages.ts';
import { adamwSettings } from './takeUpdates.ts';

/** A critic that can learn in pieces. */
export interface LearningCritic extends Critic {
  learn(rollout: Rollout): number;
  /** `learn` in pieces. The critic is consistent again after the last one. */
  learning(rollout: Rollout): Pieces<number>;
}

/** Steps to learn from: each a state with the one action taken, and its discounted return. */
interface Replay {
  readonly list: StateList;
  readonly returns: Float64Array;
}

/** The latest `most` steps of the replay followed by the rollout. */
function extended(replay: Replay, list: StateList, taken: Int32Array, returns: Float64Array, most: number): Replay {
  const dropped = Math.max(0, replay.list.states + list.states - most);
  const kept = createStateList(list.shape);
  const old = replay.list.states;
  for (let s = dropped; s < old; s++) appendStates(kept, replay.list, s, 1);
  for (let s = Math.max(0, dropped - old); s < list.states; s++) appendStates(kept, list, s, 1, taken[s]);
  const all = new Float64Array(old + list.states);
  all.set(replay.returns);
  all.set(returns, old);
  return { list: kept, returns: all.slice(dropped) };
}

const arrays = ['stateFeatures', 'stateOffsets', 'actionFeatures', 'actionOffsets', 'vectors'] as const;

/** The part of each array of a list of single-action states that is in use. */
function usedLengths({
  states,
  stateOffsets,
  actionOffsets,
  shape,
}: StateList): Record<(typeof arrays)[number], number> {
  return {
    stateFeatures: stateOffsets[states],
    stateOffsets: states + 1,
    actionFeatures: actionOffsets[states],
    actionOffsets: states + 1,
    vectors: states * shape.vectorWidth,
  };
}

function restoredList(saved: Record<string, Float64Array>, empty: StateList): StateList {
  const states = saved.returns.length;
  return {
    ...empty,
    states,
    actions: states,
    rowOffsets: Int32Array.from({ length: states + 1 }, (_, s) => s),
    stateFeatures: Int32Array.from(saved.stateFeatures),
    stateOffsets: Int32Array.from(saved.stateOffsets),
    actionFeatures: Int32Array.from(saved.actionFeatures),
    actionOffsets: Int32Array.from(saved.actionOffsets),
    vectors: Float32Array.from(saved.vectors),
  };
}

/**
 * Learns Q(s, a) = sigmoid(classifier logit of (s, a)) by binary cross-entropy against the discounted return of each
 * step, clipped to [0, 1]. Each time a step is used, its label is sampled: good with the return as probability. The
 * expected loss is then the cross-entropy against the return itself. Each rollout gives `criticUpdates` updates, each
 * on `criticBatch` of the latest `criticSteps` steps.
 *
 * @param compose the network, where the policy's is the user's own
 */
export function createCritic(
  arena: Arena,
  spec: EnvironmentSpec,
  config: Config,
  compose: ComposeNetwork | null = null,
): LearningCritic {
  const { seed, criticSteps, criticUpdates, criticBatch, criticLearningRate, graphDiscount } = config;
  const policy = policyFor(arena, spec, { ...config, normalizeObservations: false, logitScale: 1 }, compose);
  const { network, weights } = policy;
  network.initialise(weights, seed);
  network.prepare(weights);
  const learner = createLearner(policy);
  const empty = createStateList(network.batch.shape);
  let replay: Replay = { list: empty, returns: new Float64Array(0) };
  const vectors = { weights, first: learner.firstMoment, second: learner.secondMoment };

  const batch = (step: number): LossSet => {
    const { list, returns } = replay;
    const random = randomStream(seed, 'labels/critic', step);
    const order = Int32Array.from({ length: criticBatch }, () => random.below(list.states));
    const labels = new Int8Array(list.states).fill(-1);
    for (const s of order) labels[s] = random.uniform() < returns[s] ? 1 : 0;
    const zeros = new Float32Array(list.states);
    return {
      list,
      order,
      taken: new Int32Array(list.states),
      oldLogProb: zeros,
      refLogProb: null,
      advantage: zeros,
      weight: new Float32Array(criticBatch),
      cloningWeight: null,
      labels,
      repeats: null,
      settings: {
        ...{ epsilon: 1, epsilonHigh: 1, beta: 0, entropyCoef: 0, temperature: 1, cloningCoef: 0 },
        goodWeight: 1 / criticBatch,
        badWeight: 1 / criticBatch,
      },
    };
  };

  const valuesOf = (list: StateList): Float64Array => {
    const { batch: loaded, heads } = network;
    const values = new Float64Array(list.actions);
    const order = Int32Array.from({ length: list.states }, (_, s) => s);
    let from = 0;
    for (const to of cutBatches(list, order, loaded.capacity)) {
      loadStates(arena, loaded, list, order, from, to);
      network.forward(weights);
      const first = list.rowOffsets[from];
      for (let row = first; row < list.rowOffsets[to]; row++)
        values[row] = arena.kernels.sigmoid1(arena.f32[index32(heads.classifier.value) + row - first]);
      from = to;
    }
    return values;
  };

  function* learning(rollout: Rollout): Pieces<number> {
    const returns = discountedReturns(rollout, graphDiscount);
    const { rowOffsets, states } = rollout.states;
    const values = valuesOf(rollout.states);
    const old = Float32Array.from({ length: states }, (_, s) => values[rowOffsets[s] + rollout.taken[s]]);
    const explained = explainedVariance({ old, target: Float32Array.from(returns) }) ?? 0;
    replay = extended(replay, rollout.states, rollout.taken, returns, criticSteps);
    const settings = { ...adamwSettings(config), learningRate: criticLearningRate };
    for (let i = 0; i < criticUpdates; i++) {
      update(learner, [batch(learner.updates)], null, settings);
      yield criticBatch;
    }
    return Math.max(0, explained);
  }

  return {
    learning,
    learn: (rollout) => runAtOnce(learning(rollout)),

    values: ({ states }) => valuesOf(states),

    save() {
      const { list, returns } = replay;
      const used = usedLengths(list);
      const saved: Record<string, Float64Array> = { returns: returns.slice() };
      for (const name of arrays) saved[name] = Float64Array.from(list[name].subarray(0, used[name]));
      for (const [name, pointer] of Object.entries(vectors))
        saved[name] = Float64Array.from(arena.read(pointer, network.size));
      saved.counters = Float64Array.of(learner.updates, learner.beta1Power, learner.beta2Power);
      return saved;
    },

    restore(saved) {
      requireSaved('critic', saved, ['returns', 'counters', ...arrays, ...Object.keys(vectors)]);
      replay = { list: restoredList(saved, empty), returns: saved.returns.slice() };
      for (const [name, pointer] of Object.entries(vectors)) arena.write(pointer, saved[name]);
      [learner.updates, learner.beta1Power, learner.beta2Power] = saved.counters;
      network.prepare(weights);
    },
  };
}
