import { describe, expect, test } from 'vitest';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import type { InputShape } from '../../../src/engine/layers/batch.ts';
import { type LossOptions, lossSet, type SampledSteps, updateChecked } from '../../../src/engine/learn/lossSet.ts';
import { type AdamwSettings, createLearner, type Learner, update } from '../../../src/engine/learn/update.ts';
import { createPolicy, takenLogProbs } from '../../../src/engine/policy/policy.ts';
import { inputShape } from '../../../src/engine/states/stateList.ts';
import { createLookAlike } from '../../../src/env/lookAlike.ts';
import { randomStream } from '../../../src/random.ts';
import { refusal } from '../../refusal.ts';
import { randomStates } from '../layers/randomNetwork.ts';

const { spec } = createLookAlike();
const shape: InputShape = inputShape(spec);

async function openLearner(): Promise<Learner> {
  const sizes = { tokenWidth: 4, matchWidth: 1, hidden: 8, embedding: 4, blocks: 0, heads: 1, logitScale: 1 };
  const policy = createPolicy(await createArena(), spec, { policy: 'mlp', ...sizes });
  policy.network.initialise(policy.weights, 1);
  policy.network.prepare(policy.weights);
  return createLearner(policy);
}

/** Ten states, in each of which the first action was taken; the even ones went well. */
function steps(): SampledSteps {
  const list = randomStates(shape, randomStream(1, 'test/lossSet'), 10, 4);
  return {
    list,
    taken: new Int32Array(10),
    oldLogProb: new Float32Array(10).fill(-1),
    advantage: Float32Array.from({ length: 10 }, (_, s) => (s % 2 === 0 ? 1 : -1)),
    labels: new Int8Array(list.actions).map((_, row) => (row % 3) - 1),
    refLogProb: new Float32Array(10).fill(-1.5),
  };
}

/** The parameters after one update with these options, from the same start. */
async function after(options: LossOptions, settings: Partial<AdamwSettings> = {}): Promise<Float32Array> {
  const learner = await openLearner();
  updateChecked(learner, [lossSet(steps(), options)], settings);
  const { arena, network, weights } = learner.policy;
  return arena.read(weights, network.size);
}

test('by default the loss is the clipped policy loss, a mean over all steps, and the step is that of the default config', async () => {
  const learner = await openLearner();
  const { list, taken, oldLogProb, advantage } = steps();
  const none = { refLogProb: null, cloningWeight: null, labels: null, repeats: null };
  const settings = { epsilon: 0.2, epsilonHigh: 0.2, beta: 0, entropyCoef: 0, temperature: 1, cloningCoef: 0 };
  const order = Int32Array.from({ length: 10 }, (_, s) => s);
  const weight = new Float32Array(10).fill(0.1);
  const set = { list, order, taken, oldLogProb, advantage, weight, ...none };
  const adamw = { learningRate: 0.003, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };
  update(learner, [{ ...set, settings: { ...settings, goodWeight: 0, badWeight: 0 } }], null, adamw);
  const { arena, network, weights } = learner.policy;
  expect(await after({})).toEqual(arena.read(weights, network.size));
});

test('an update makes actions of positive advantage likelier and the others less likely', async () => {
  const learner = await openLearner();
  const { policy } = learner;
  const { list, taken, advantage } = steps();
  const order = Int32Array.from({ length: 10 }, (_, s) => s);
  const logProbs = (): Float32Array => takenLogProbs(policy, policy.weights, list, order, taken);
  const before = logProbs();
  for (let i = 0; i < 60; i++) {
    updateChecked(learner, [lossSet({ list, taken, oldLogProb: logProbs(), advantage })], { learningRate: 0.01 });
  }
  const gain = logProbs().reduce((sum, x, s) => sum + advantage[s] * (x - before[s]), 0);
  expect(gain).toBeGreaterThan(1);
});

describe('each option changes the update', () => {
  test.each<[string, LossOptions]>([
    ['order', { order: [1, 2, 3] }],
    ['epsilon', { epsilon: 0.9 }],
    ['epsilonHigh', { epsilonHigh: 9 }],
    ['beta', { beta: 0.5 }],
    ['entropyCoef', { entropyCoef: 0.1 }],
    ['temperature', { temperature: 2 }],
    ['classifierCoef', { classifierCoef: 1 }],
    ['cloningCoef', { cloningCoef: 1 }],
  ])('%s', async (_, options) => {
    expect(await after(options)).not.toEqual(await after({}));
  });

  test.each<[string, Partial<AdamwSettings>]>([
    ['learningRate', { learningRate: 0.01 }],
    ['epsilon', { epsilon: 0.1 }],
    ['weightDecay', { weightDecay: 0.5 }],
  ])('%s', async (_, settings) => {
    expect(await after({}, settings)).not.toEqual(await after({}));
  });
});

describe('refuses', () => {
  // biome-ignore lint/suspicious/noExplicitAny: the wrong types are what is tested
  const given = (changes: object): any => ({ ...steps(), ...changes });
  test.each<[string, () => unknown, string]>([
    [
      'an action that a state does not have',
      () => lossSet(given({ taken: new Int32Array(10).fill(9) })),
      'lossSet: samples.taken[0] must be an integer in [0, 1), got 9; give the index of the action among those of the state',
    ],
    [
      'too few advantages',
      () => lossSet(given({ advantage: new Float32Array(2) })),
      'lossSet: samples.advantage[2] must be a finite number, got undefined; give one for each state',
    ],
    [
      'a label of 2',
      () => lossSet(given({ labels: new Int8Array(99).fill(2) })),
      'lossSet: samples.labels[0] must be 1, 0 or -1, got 2; give one for each action of each state',
    ],
    [
      'a state that is not in the list',
      () => lossSet(steps(), { order: [10] }),
      'lossSet: options.order[0] must be an integer in [0, 9], got 10; give numbers of states in the list',
    ],
    [
      'an epsilon of 1',
      () => lossSet(steps(), { epsilon: 1 }),
      'lossSet: epsilon must be a number > 0 and < 1, got 1; leave it out',
    ],
    [
      'a classifier without labels',
      () => lossSet(given({ labels: undefined }), { classifierCoef: 1 }),
      'lossSet: samples.labels must be given where classifierCoef or cloningCoef is above 0, got none; leave the coefficients out',
    ],
    [
      'a KL penalty without a reference',
      () => lossSet(given({ refLogProb: undefined }), { beta: 1 }),
      'lossSet: samples.refLogProb must be given where beta is above 0, got none; leave beta out',
    ],
  ])('%s', (_, call, message) => {
    expect(refusal(call)).toBe(message);
  });

  test('settings of an update that are out of range, before anything moves', async () => {
    const learner = await openLearner();
    const { arena, network, weights } = learner.policy;
    const before = arena.read(weights, network.size);
    const set = lossSet(steps());
    expect(refusal(() => updateChecked(learner, [set], { learningRate: Number.NaN }))).toBe(
      'update: learningRate must be a number >= 0, got NaN; leave it out',
    );
    expect(refusal(() => updateChecked(learner, [set], { beta1: 1 }))).toBe(
      'update: beta1 must be a number in [0, 1), got 1; leave it out',
    );
    expect(refusal(() => updateChecked(learner, [], {}))).toBe(
      'update: sets must be an array of one set or more, got []; give what lossSet returned, in an array',
    );
    expect(arena.read(weights, network.size)).toEqual(before);
  });
});
