import { describe, expect, test } from 'vitest';
import { type Config, resolveConfig } from '../../src/config/config.ts';
import { gramTotal } from '../../src/coupling/gram.ts';
import type { Samples } from '../../src/coupling/samples.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import type { LossSet } from '../../src/engine/learn/shards.ts';
import { createLearner, type Learner, update } from '../../src/engine/learn/update.ts';
import { createPolicy, takenLogProbs } from '../../src/engine/policy/policy.ts';
import { appendStates, createStateList, inputShape } from '../../src/engine/states/stateList.ts';
import { createLookAlike } from '../../src/env/lookAlike.ts';
import { randomStream } from '../../src/random.ts';
import { createDecoupler, cutChunks } from '../../src/train/decouple.ts';
import type { PreparedRollout } from '../../src/train/minibatch.ts';
import { train } from '../../src/train/trainer.ts';
import { randomStates } from '../engine/layers/randomNetwork.ts';
import { still } from '../engine/policy/goldenLosses.ts';
import { small } from './recordedRun.ts';

const { spec } = createLookAlike();
const STATES = 24;
const list = createStateList(inputShape(spec));
const different = randomStates(list.shape, randomStream(2, 'test/decouple/states'), STATES / 2, 4);
// Each state twice: 0 and 1 are equal, 2 and 3, and so on.
for (let s = 0; s < STATES; s++) appendStates(list, different, Math.floor(s / 2), 1);
const first = Int32Array.from({ length: STATES }, (_, s) => s - (s % 2));
const order = Int32Array.from({ length: STATES }, (_, i) => (i * 7) % STATES);

async function openLearner(): Promise<Learner> {
  const sizes = { tokenWidth: 6, matchWidth: 4, hidden: 24, embedding: 12, blocks: 0, heads: 2, logitScale: 1 };
  const policy = createPolicy(await createArena(), spec, { policy: 'mlp', ...sizes });
  policy.network.initialise(policy.weights, 9);
  policy.network.prepare(policy.weights);
  return createLearner(policy);
}

/** A set of all states with an advantage of 0 in every fifth state. */
function setOf(learner: Learner, weight: (i: number) => number): LossSet {
  const random = randomStream(3, 'test/decouple/advantages');
  const taken = Int32Array.from({ length: STATES }, (_, s) =>
    Math.min(s % 3, list.rowOffsets[s + 1] - list.rowOffsets[s] - 1),
  );
  const all = Int32Array.from({ length: STATES }, (_, s) => s);
  return {
    list,
    order,
    taken,
    oldLogProb: takenLogProbs(learner.policy, learner.policy.weights, list, all, taken),
    refLogProb: null,
    advantage: Float32Array.from(all, (s) => (s % 5 === 0 ? 0 : 2 * random.uniform() - 1)),
    weight: Float32Array.from(order, (_, i) => weight(i)),
    cloningWeight: null,
    labels: null,
    repeats: null,
    settings: {
      ...{ epsilon: 0.9, epsilonHigh: 9, beta: 0, entropyCoef: 0, temperature: 1 },
      ...{ cloningCoef: 0, goodWeight: 0, badWeight: 0 },
    },
  };
}

/** The advantages of the set after decoupling, with the Gram matrices of one thread. */
async function decoupled(learner: Learner, set: LossSet, changes: Partial<Config> = {}) {
  const { policy } = learner;
  const totals = async (samples: readonly Samples[]) => samples.map((s) => gramTotal(policy, policy.weights, s));
  const config = resolveConfig({ method: 'decouple', ...changes });
  const decoupler = createDecoupler(config, policy.arena, totals);
  if (!decoupler) throw new Error('the method has no decoupler');
  const prepared = { rollout: { first, taken: set.taken }, labels: new Int8Array(list.actions).fill(-1) };
  const task = await decoupler.decouple({ sets: [set], contrastive: null }, prepared as unknown as PreparedRollout, 0);
  return { advantage: task.sets[0].advantage, metrics: decoupler.metrics() };
}

describe('chunks', () => {
  const set = {
    order: Int32Array.of(4, 0, 2, 1, 3, 5),
    taken: Int32Array.of(1, 1, 0, 1, 0, 1),
    advantage: Float32Array.of(1, 2, 3, 0, 4, 5),
  } as unknown as LossSet;
  // States 0, 1 and 5 are equal, and 0, 1 and 5 take one action; state 3 has advantage 0.
  const equal = Int32Array.of(0, 0, 2, 3, 4, 0);

  test('leave out advantages of 0, collect equal samples at the first one, and list each distinct sample once', () => {
    expect(cutChunks(set, equal, 10)).toEqual([
      {
        positions: Int32Array.of(0, 1, 3, 5, 2),
        distinct: Int32Array.of(0, 1, 1, 1, 2),
        states: Int32Array.of(4, 0, 2),
        taken: Int32Array.of(0, 1, 0),
      },
    ]);
  });

  test('have at most the given number of samples; a group of equal samples can be in two', () => {
    const chunks = cutChunks(set, equal, 3);
    expect(chunks.map(({ positions }) => [...positions])).toEqual([
      [0, 1, 3],
      [5, 2],
    ]);
    expect(chunks.map(({ distinct }) => [...distinct])).toEqual([
      [0, 1, 1],
      [0, 1],
    ]);
    expect(chunks[1].states).toEqual(Int32Array.of(0, 2));
  });

  test('are none where all advantages are 0', () => {
    expect(cutChunks({ ...set, advantage: new Float32Array(6) }, equal, 3)).toEqual([]);
  });
});

describe('a step along the gradient of the policy', () => {
  test.each([
    ['equal weights in the loss', () => 1 / STATES],
    ['unequal weights', (i: number) => (1 + (i % 4)) / STATES],
  ])(
    '%s: changes log pi by the advantage asked for and a ridge term, to 1%% of the largest change',
    async (_, weight) => {
      const lambda = 0.3;
      const learner = await openLearner();
      const { policy } = learner;
      const { arena, network, weights } = policy;
      const set = setOf(learner, weight);
      const { advantage } = await decoupled(learner, set, { decoupleLambda: lambda });
      const before = takenLogProbs(
        policy,
        weights,
        list,
        order,
        Int32Array.from(order, (s) => set.taken[s]),
      );
      update(learner, [{ ...set, advantage }], null, still);
      const size = 1e-3;
      const gradient = arena.read(learner.gradients[0], network.size);
      arena.write(
        weights,
        arena.read(weights, network.size).map((x, k) => x - size * gradient[k]),
      );
      network.prepare(weights);
      const after = takenLogProbs(
        policy,
        weights,
        list,
        order,
        Int32Array.from(order, (s) => set.taken[s]),
      );
      const live = [...order.keys()].filter((i) => set.advantage[order[i]] !== 0);
      const fresh = await openLearner();
      const taken = live.map((i) => set.taken[order[i]]);
      const gram = gramTotal(fresh.policy, fresh.policy.weights, { list, states: live.map((i) => order[i]), taken });
      const diagonal = live.map((_, k) => gram[k * (live.length + 1)]);
      const ridge = (lambda * diagonal.reduce((sum, x) => sum + x, 0)) / live.length;
      // Sums of losses are means over states: the step has size w_i for each sample.
      const found = live.map((i) => (after[i] - before[i]) / size + ridge * set.weight[i] * advantage[order[i]]);
      const asked = live.map((i, k) => (diagonal[k] + ridge) * set.weight[i] * set.advantage[order[i]]);
      const ratio = found.reduce((sum, x, k) => sum + x * asked[k], 0) / asked.reduce((sum, x) => sum + x * x, 0);
      const largest = Math.max(...found.map(Math.abs));
      expect(ratio).toBeGreaterThan(0.1);
      for (const [k, x] of found.entries()) expect(Math.abs(x - ratio * asked[k])).toBeLessThan(0.01 * largest);
      // The advantages themselves do not do that.
      const plain = live.map((_, i) =>
        live.reduce((sum, at, j) => sum + gram[i * live.length + j] * set.weight[at] * set.advantage[order[at]], 0),
      );
      const own = live.map((i, k) => diagonal[k] * set.weight[i] * set.advantage[order[i]]);
      const error = Math.max(...plain.map((x, k) => Math.abs(x - own[k])));
      expect(error).toBeGreaterThan(0.5 * Math.max(...own.map(Math.abs)));
    },
  );
});

describe('an update', () => {
  test('keeps advantages of 0, changes all others, and states what it solved', async () => {
    const learner = await openLearner();
    const set = setOf(learner, () => 1);
    const { advantage, metrics } = await decoupled(learner, set, { decoupleChunk: 8 });
    for (let s = 0; s < STATES; s++) {
      if (set.advantage[s] === 0) expect(advantage[s]).toBe(0);
      else expect(advantage[s]).not.toBe(set.advantage[s]);
    }
    const live = [...set.advantage].filter((a) => a !== 0).length;
    expect(live).toBe(19);
    expect(metrics).toMatchObject({
      'decouple/cholesky': Math.ceil(live / 8),
      'decouple/damped': 0,
      'decouple/zero': 0,
      'decouple/lambda': 1,
      'decouple/pairs': 1,
    });
    expect(metrics['decouple/cosine']).toBeGreaterThan(0.1);
    expect(metrics['decouple/cosine']).toBeLessThan(0.999);
    expect(metrics['decouple/opposed'] * live).toBeCloseTo(
      [...advantage].filter((x, s) => x * set.advantage[s] < 0).length,
      9,
    );
  });

  test('the root mean square of each chunk stays', async () => {
    const learner = await openLearner();
    const set = setOf(learner, () => 1);
    const { advantage } = await decoupled(learner, set);
    const square = (x: Float32Array): number => x.reduce((sum, v) => sum + v * v, 0);
    expect(Math.abs(square(advantage) / square(set.advantage) - 1)).toBeLessThan(1e-6);
  });

  test('samples of equal state and action have one gradient: the same as with a row for each', async () => {
    const learner = await openLearner();
    const set = setOf(learner, () => 1);
    const { advantage } = await decoupled(learner, set);
    const alone = first.map((_, s) => s);
    const { policy } = learner;
    const decoupler = createDecoupler(resolveConfig({ method: 'decouple' }), policy.arena, async (samples) =>
      samples.map((s) => gramTotal(policy, policy.weights, s)),
    );
    const prepared = { rollout: { first: alone, taken: set.taken }, labels: new Int8Array(list.actions) };
    const task = await decoupler?.decouple(
      { sets: [set], contrastive: null },
      prepared as unknown as PreparedRollout,
      0,
    );
    for (let s = 0; s < STATES; s++)
      expect(Math.abs((task?.sets[0].advantage[s] as number) - advantage[s])).toBeLessThan(1e-5);
  });
});

/** Success in the first iteration, so that advantages are not 0. */
const winning: Partial<Config> = {
  ...small,
  ...{ env: 'crafting', coldStart: 60, coldStartUpdates: 100, coldStartBatch: 256, iterations: 1 },
  ...{ numGenerations: 8, groupsPerIteration: 4, evalEpisodes: 2, numIterations: 1, minibatches: 1 },
};

interface Trained {
  readonly parameters: number[];
  readonly metrics: Record<string, number>;
}

async function trained(changes: Partial<Config>): Promise<Trained> {
  let parameters: number[] = [];
  let metrics: Record<string, number> = {};
  await train(
    { ...winning, ...changes },
    {
      onCheckpoint: (checkpoint) => {
        parameters = checkpoint.parameters.flatMap(({ values }) => [...values]);
      },
      onMetrics: (_, line) => {
        metrics = line;
      },
    },
  );
  return { parameters, metrics };
}

const difference = (a: Trained, b: Trained): number =>
  Math.max(...a.parameters.map((x, i) => Math.abs(x - b.parameters[i])));

describe('a run of one update', () => {
  test('decoupleLambda 1e9 has the parameters of GRPO to 1e-6, and decoupleLambda 1 has not', async () => {
    const grpo = await trained({});
    const large = await trained({ method: 'decouple', decoupleLambda: 1e9 });
    expect(grpo.parameters.length).toBeGreaterThan(1000);
    expect(difference(large, grpo)).toBeLessThan(1e-6);
    expect(large.metrics['decouple/cholesky']).toBeGreaterThan(0);
    expect(difference(await trained({ method: 'decouple' }), grpo)).toBeGreaterThan(1e-4);
  });

  test.each(['labelled', 'same-label', 'permuted', 'opposite', 'opposite-words', 'other-state'] as const)(
    'decouplePairs %s: all systems are counted, and lambda is at least the one asked for',
    async (decouplePairs) => {
      const { metrics } = await trained({ method: 'decouple', decouplePairs, labels: 'oracle', decoupleLambda: 0.5 });
      const [solved, damped] = [metrics['decouple/cholesky'], metrics['decouple/damped']];
      expect(solved + damped).toBeGreaterThan(0);
      expect(metrics['decouple/zero']).toBe(0);
      if (damped > 0) expect(metrics['decouple/lambda']).toBeGreaterThan(0.5);
      else expect(metrics['decouple/lambda']).toBe(0.5);
      expect(metrics['decouple/pairs']).toBeGreaterThan(0);
      if (decouplePairs !== 'permuted') expect(metrics['decouple/pairs']).toBeLessThan(1);
      if (decouplePairs === 'permuted') expect(damped).toBe(0);
      // Labels are read where the pairs depend on them, and only there.
      expect('labels/coverage' in metrics).toBe(decouplePairs === 'labelled' || decouplePairs === 'same-label');
    },
  );
});
