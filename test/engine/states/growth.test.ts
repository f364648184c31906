/**
 * States with more actions or tokens than a batch's capacity: the same bits as with a capacity that holds them,
 * whatever came before.
 */
import { describe, expect, test } from 'vitest';
import { gramMatrix } from '../../../src/coupling/gram.ts';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { createNetwork } from '../../../src/engine/layers/createNetwork.ts';
import { contrastiveLoss } from '../../../src/engine/learn/contrastive.ts';
import type { LossSet } from '../../../src/engine/learn/shards.ts';
import { createLearner, update } from '../../../src/engine/learn/update.ts';
import type { PolicyConfig } from '../../../src/engine/policy/heads.ts';
import { mlpPolicy } from '../../../src/engine/policy/mlp.ts';
import {
  batchCapacity,
  createPolicy,
  type Policy,
  policyOn,
  takenLogProbs,
} from '../../../src/engine/policy/policy.ts';
import { stateValues } from '../../../src/engine/policy/values.ts';
import { closeKnownStates, meetStates, openKnownStates } from '../../../src/engine/states/knownStates.ts';
import { loadStates } from '../../../src/engine/states/loadBatch.ts';
import { createStateList, inputShape, pushState, type StateList } from '../../../src/engine/states/stateList.ts';
import type { EnvironmentSpec, Features, Step } from '../../../src/env/environment.ts';
import { randomStream } from '../../../src/random.ts';
import { sampleScored, scoreWaiting } from '../../../src/rollout/scores.ts';

const common = { name: 'wide', version: '1', maxSteps: 9, hasExpert: false } as const;
const vocabulary = Array.from({ length: 30 }, (_, i) => `w${i}`);
const specs: Readonly<Record<string, EnvironmentSpec>> = {
  slots: { ...common, form: 'tokens', layout: 'slots', vocabulary, stateSlots: 3, actionSlots: 2 },
  sequence: { ...common, form: 'tokens', layout: 'sequence', vocabulary, stateSlots: 8, actionSlots: 4 },
  vector: { ...common, form: 'vector', vectorWidth: 5, actionCount: 40 },
};
const sizes = { tokenWidth: 6, matchWidth: 4, hidden: 8, embedding: 8, heads: 2, logitScale: 1 };
const configs: readonly [string, PolicyConfig][] = [
  ['slots', { ...sizes, policy: 'attention', blocks: 0, valueHead: true }],
  ['slots', { ...sizes, policy: 'attention', blocks: 1, valueHead: true, actionHeads: true }],
  ['sequence', { ...sizes, policy: 'attention', blocks: 1, valueHead: true, actionHeads: true }],
  ['vector', { ...sizes, policy: 'mlp', blocks: 0, valueHead: true }],
  ['slots', { ...sizes, policy: 'attention', blocks: 0, valueHead: true, layerNorm: true }],
  ['vector', { ...sizes, policy: 'mlp', blocks: 0, valueHead: true, layerNorm: true }],
];

/** @param states nominal capacity; 2,048 hold all of any state here */
async function open(form: string, config: PolicyConfig, states: number): Promise<Policy> {
  const policy = createPolicy(await createArena(), specs[form], config, states);
  policy.network.initialise(policy.weights, 3);
  policy.network.prepare(policy.weights);
  return policy;
}

/** States of so many actions each. */
function statesOf(form: string, counts: readonly number[]): Step[] {
  const random = randomStream(5, `test/growth/${form}`);
  const spec = specs[form];
  return counts.map((count) => {
    const features = (slots: number): Features =>
      Array.from({ length: 1 + random.below(slots) }, (_, slot) => slot * vocabulary.length + random.below(30));
    const observation =
      spec.form === 'vector'
        ? Float32Array.from({ length: spec.vectorWidth }, () => random.uniform())
        : features(spec.stateSlots);
    const actions = Array.from({ length: count }, () => (spec.form === 'vector' ? random.below(40) : features(2)));
    const info = { admissibleActions: actions as readonly Features[] | readonly number[] };
    return { observation, reward: 0, terminated: false, truncated: false, info };
  });
}

function listOf(form: string, steps: readonly Step[]): StateList {
  const list = createStateList(inputShape(specs[form]));
  for (const { observation, info } of steps) pushState(list, observation, info.admissibleActions);
  return list;
}

const counts = [3, 700, 2, 5, 1_500, 4, 300, 1];
const order = Int32Array.from(counts.keys());
const taken = counts.map((count) => count - 1);
const adamw = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };

function lossSet(list: StateList, chosen: Int32Array): LossSet {
  const random = randomStream(6, 'test/growth/losses');
  const floats = (): Float32Array => Float32Array.from(counts, () => random.uniform() - 0.5);
  const labels = Int8Array.from({ length: list.actions }, () => random.below(3) - 1);
  const weight = new Float32Array(chosen.length).fill(1 / chosen.length);
  return {
    list,
    order: chosen,
    taken: Int32Array.from(taken),
    oldLogProb: floats().map((x) => x - 5),
    refLogProb: null,
    advantage: floats(),
    weight,
    cloningWeight: Float32Array.from(chosen, (s) =>
      labels.subarray(list.rowOffsets[s], list.rowOffsets[s + 1]).includes(1) ? 0.1 : 0,
    ),
    valueTarget: floats(),
    oldValue: floats(),
    valueWeight: weight,
    labels,
    repeats: null,
    settings: {
      ...{ epsilon: 0.2, epsilonHigh: 0.2, beta: 0, entropyCoef: 0.01, temperature: 1, cloningCoef: 0.5 },
      ...{ goodWeight: 0.01, badWeight: 0.01, valueCoef: 0.5 },
    },
  };
}

/** The parameters after two updates, the second with a contrastive loss too unless it is left out. */
function trained(policy: Policy, list: StateList, chosen = order, compares = true): Float32Array {
  const learner = createLearner(policy);
  const set = lossSet(list, chosen);
  const rows = Int32Array.from({ length: 40 }, (_, i) => 13 * i);
  const contrastive = contrastiveLoss({ list, rows, labels: set.labels as Int8Array, temperature: 0.2, coef: 0.1 });
  update(learner, [set], null, adamw);
  update(learner, [set], compares ? contrastive : null, adamw);
  return policy.arena.read(policy.weights, policy.network.size);
}

describe.each(configs)('%s, %j', (form, config) => {
  const steps = statesOf(form, counts);
  const list = listOf(form, steps);

  test('log-probabilities, values and draws have the bits of a capacity that holds all', async () => {
    const [small, large] = [await open(form, config, 8), await open(form, config, 2_048)];
    const values = [small, large].map((policy) => ({
      logProbs: takenLogProbs(policy, policy.weights, list, order, taken),
      values: stateValues(policy, list, order),
    }));
    expect(values[0]).toEqual(values[1]);
    expect(new Set(values[0].logProbs).size).toBeGreaterThan(5);
    expect(large.network.batch.room).toEqual(large.network.batch.capacity);
    expect(small.network.batch.capacity).toEqual(batchCapacity(inputShape(specs[form]), 8));
    expect(small.network.batch.room.actions).toBeGreaterThanOrEqual(1_500);
    const draws = [small, large].map((policy) => {
      const known = openKnownStates(policy.arena, specs[form]);
      meetStates(known, steps, steps.length);
      const drawn = { taken: new Int32Array(8), logProb: new Float32Array(8) };
      scoreWaiting(policy, known, 1);
      sampleScored(policy, known, 0, 8, [1, 2], Int32Array.from(order), drawn, 0);
      closeKnownStates(known);
      return drawn;
    });
    expect(draws[0]).toEqual(draws[1]);
    expect(Math.max(...draws[0].taken)).toBeGreaterThan(256);
  });

  test('Gram matrices have the bits of a capacity that holds all', async () => {
    const grams = await Promise.all(
      [8, 2_048].map(async (states) => {
        const policy = await open(form, config, states);
        return gramMatrix(policy, policy.weights, { list, states: order, taken });
      }),
    );
    expect(grams[0]).toEqual(grams[1]);
    expect(grams[0].byParameter.size).toBeGreaterThan(3);
  });

  test('updates on one state have the bits of a capacity that holds it', async () => {
    for (const state of [1, 4]) {
      const one = Int32Array.of(state);
      const [small, large] = [await open(form, config, 8), await open(form, config, 2_048)];
      expect(trained(small, list, one, false)).toEqual(trained(large, list, one, false));
    }
  });

  test('updates have the same bits whatever was met before', async () => {
    const untouched = await open(form, config, 8);
    const expected = trained(untouched, list);
    for (const first of [[4_000], [300, 290, 600, 2_500], [1]]) {
      const before = await open(form, config, 8);
      const met = listOf(form, statesOf(form, first));
      takenLogProbs(
        before,
        before.weights,
        met,
        [...first.keys()],
        first.map(() => 0),
      );
      expect(trained(before, list)).toEqual(expected);
    }
  });
});

test('more tokens than the capacity of a bag', async () => {
  const config = configs[0][1];
  const bag = Array.from({ length: 9_000 }, (_, i) => Math.floor(i / 100));
  const list = createStateList(inputShape(specs.slots));
  pushState(list, bag, [bag.slice(0, 5_000).map((feature) => feature % 60), [3], [40]]);
  pushState(list, [4], [[5], [6]]);
  const values = await Promise.all(
    [8, 8_192].map(async (states) => {
      const policy = await open('slots', config, states);
      return takenLogProbs(policy, policy.weights, list, [1, 0, 1], [1, 0, 0]);
    }),
  );
  expect(values[0]).toEqual(values[1]);
});

describe('limits', () => {
  test('65,536 actions are scored, one more is refused where it is met', async () => {
    const config = configs[3][1];
    const policy = await open('vector', config, 8);
    const list = listOf('vector', statesOf('vector', [65_536]));
    const [last] = takenLogProbs(policy, policy.weights, list, [0], [65_535]);
    expect(last).toBeLessThan(-8);
    const refused = 'pushState: a state must have at most 65536 admissible actions, got 65537; check the environment';
    const [step] = statesOf('vector', [65_537]);
    expect(() => listOf('vector', [step])).toThrow(new RangeError(refused));
    const known = openKnownStates(policy.arena, specs.vector);
    expect(() => meetStates(known, [step], 1)).toThrow(new RangeError(refused));
    closeKnownStates(known);
  });

  test('a network whose layers differ from call to call is refused when it grows', async () => {
    const arena = await createArena();
    const shape = inputShape(specs.vector);
    let calls = 0;
    const network = createNetwork(arena, shape, batchCapacity(shape, 1), (b) =>
      mlpPolicy(b, { ...configs[3][1], hidden: 8 + calls++ }),
    );
    const policy = policyOn(network);
    const list = listOf('vector', statesOf('vector', [300]));
    expect(() => loadStates(arena, network.batch, list, [0], 0, 1)).toThrow(
      'createNetwork: compose must add the same layers each time it is called, got other parameters; let it depend on its builder alone',
    );
    expect([network.batch.room, policy.network]).toEqual([network.batch.capacity, network]);
  });
});
