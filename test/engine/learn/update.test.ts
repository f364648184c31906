import { describe, expect, test } from 'vitest';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { contrastiveLoss } from '../../../src/engine/learn/contrastive.ts';
import type { LossSet } from '../../../src/engine/learn/shards.ts';
import { type AdamwSettings, createLearner, type Learner, update } from '../../../src/engine/learn/update.ts';
import { createPolicy } from '../../../src/engine/policy/policy.ts';
import { inputShape, type StateList } from '../../../src/engine/states/stateList.ts';
import type { VectorSpec } from '../../../src/env/environment.ts';
import { randomStream } from '../../../src/random.ts';
import { adamwStep } from '../../reference/adamw.ts';
import { randomStates } from '../layers/randomNetwork.ts';
import { errorOfLargest } from '../policy/golden.ts';

const spec: VectorSpec = {
  name: 'vectors',
  version: '1',
  maxSteps: 9,
  hasExpert: false,
  form: 'vector',
  vectorWidth: 7,
  actionCount: 5,
};

const adamw: AdamwSettings = {
  learningRate: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.1,
  maxGradNorm: Number.POSITIVE_INFINITY,
};

async function openLearner(capacity = 128): Promise<Learner> {
  const sizes = { tokenWidth: 6, matchWidth: 4, hidden: 16, embedding: 8, blocks: 0, heads: 2, logitScale: 1 };
  const policy = createPolicy(await createArena(), spec, { policy: 'mlp', ...sizes }, capacity);
  policy.network.initialise(policy.weights, 9);
  policy.network.prepare(policy.weights);
  return createLearner(policy);
}

const states = (count: number): StateList => randomStates(inputShape(spec), randomStream(2, 'test/update'), count, 5);

/** States of the list with advantages between -1 and 1 under every loss of a set. */
function lossSet(list: StateList, order: readonly number[], changes: Partial<LossSet> = {}): LossSet {
  const random = randomStream(3, 'test/update/losses');
  const count = list.states;
  const floats = (scale: number): Float32Array =>
    Float32Array.from({ length: count }, () => scale * (2 * random.uniform() - 1));
  const labels = Int8Array.from({ length: list.actions }, () => random.below(3) - 1);
  return {
    list,
    order: Int32Array.from(order),
    taken: new Int32Array(count),
    oldLogProb: floats(1).map((x) => x - 1.5),
    refLogProb: floats(1).map((x) => x - 1.5),
    advantage: floats(1),
    weight: new Float32Array(order.length).fill(1 / order.length),
    cloningWeight: Float32Array.from(order, (s) =>
      labels.subarray(list.rowOffsets[s], list.rowOffsets[s + 1]).includes(1) ? 1 / order.length : 0,
    ),
    labels,
    repeats: null,
    settings: {
      epsilon: 0.2,
      epsilonHigh: 0.3,
      beta: 0.1,
      entropyCoef: 0.01,
      temperature: 0.8,
      cloningCoef: 0.2,
      goodWeight: 0.01,
      badWeight: 0.02,
    },
    ...changes,
  };
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** All parameters, or another vector of their layout. */
function vectorAt({ policy: { arena, network } }: Learner, pointer: number): Float32Array {
  return arena.read(pointer, network.size);
}

const everything = (learner: Learner): Float32Array[] =>
  [learner.policy.weights, learner.firstMoment, learner.secondMoment].map((p) => vectorAt(learner, p));

describe('a step', () => {
  test('is AdamW of the summed gradient in double precision: error < 1e-6 of the largest', async () => {
    const learner = await openLearner();
    const list = states(40);
    const { learningRate: lr, epsilon: eps, weightDecay: decay } = adamw;
    // The kernel takes them in single precision, where 1 - 0.999 is 1e-5 off.
    const [beta1, beta2] = [adamw.beta1, adamw.beta2].map(Math.fround);
    for (let step = 1; step <= 3; step++) {
      const [w, m, v] = everything(learner).map((x) => Float64Array.from(x));
      update(learner, [lossSet(list, range(40))], null, adamw);
      const g = Float64Array.from(vectorAt(learner, learner.gradients[0]));
      expect(g.some((x) => x !== 0)).toBe(true);
      adamwStep({ p: w, m, v }, g, step, { lr, beta1, beta2, eps, decay });
      const [weights, first, second] = everything(learner);
      expect(errorOfLargest(weights, w)).toBeLessThan(1e-6);
      expect(errorOfLargest(first, m)).toBeLessThan(1e-6);
      expect(errorOfLargest(second, v)).toBeLessThan(1e-6);
    }
    expect(learner.updates).toBe(3);
    expect(learner.beta1Power).toBe(0.9 * 0.9 * 0.9);
  });

  test('scales a gradient longer than maxGradNorm down to it, and leaves a shorter one to the bit', async () => {
    const list = states(40);
    const gradient = async (maxGradNorm: number): Promise<{ g: Float32Array; gradNorm: number }> => {
      const learner = await openLearner();
      const { gradNorm } = update(learner, [lossSet(list, range(40))], null, { ...adamw, maxGradNorm });
      return { g: vectorAt(learner, learner.gradients[0]), gradNorm };
    };
    const { g, gradNorm } = await gradient(Number.POSITIVE_INFINITY);
    const norm = Math.sqrt(g.reduce((sum, x) => sum + x * x, 0));
    expect(gradNorm / norm).toBeCloseTo(1, 6);
    const half = await gradient(gradNorm / 2);
    expect(half.gradNorm).toBe(gradNorm);
    const scale = Math.fround(gradNorm / 2 / (gradNorm + 1e-6));
    expect(half.g).toEqual(g.map((x) => x * scale));
    expect(await gradient(gradNorm)).toEqual({ g, gradNorm });
  });
});

describe('states that repeat', () => {
  test('computed once or each by itself: losses and gradient, error < 1e-5 of the largest', async () => {
    const list = states(40);
    // 200 samples of 40 states, so that one state stands for more samples than a batch's state may.
    const order = range(200).map((i) => (i < 70 ? 7 : (i * i) % 40));
    const cases = [null, Int32Array.from(range(40))];
    const results = [];
    for (const repeats of cases) {
      const learner = await openLearner();
      const stats = update(learner, [lossSet(list, order, { repeats })], null, adamw);
      results.push({ stats, g: vectorAt(learner, learner.gradients[0]), shards: learner.sums.length });
    }
    const [alone, merged] = results;
    expect([alone.shards, merged.shards]).toEqual([4, 1]);
    expect(errorOfLargest(merged.g, alone.g)).toBeLessThan(1e-5);
    expect(errorOfLargest(Object.values(merged.stats), Object.values(alone.stats))).toBeLessThan(1e-5);
  });
});

describe('sums over shards', () => {
  test('the same states in shards of 128 and of 24: losses and gradient, error < 1e-5 of the largest', async () => {
    const list = states(300);
    const learners = [await openLearner(128), await openLearner(24)];
    const stats = learners.map((learner) => update(learner, [lossSet(list, range(300))], null, adamw));
    expect(learners.map((l) => l.sums.length)).toEqual([4, 14]);
    const [wide, narrow] = learners.map((l) => vectorAt(l, l.gradients[0]));
    expect(errorOfLargest(narrow, wide)).toBeLessThan(1e-5);
    expect(errorOfLargest(Object.values(stats[1]), Object.values(stats[0]))).toBeLessThan(1e-5);
  });

  test('the same shards give the same bits, whatever the learner computed before', async () => {
    const list = states(300);
    const set = lossSet(list, range(300));
    const gradientOf = (learner: Learner): Float32Array => {
      update(learner, [set], null, { ...adamw, learningRate: 0, weightDecay: 0 });
      return vectorAt(learner, learner.gradients[0]);
    };
    const fresh = gradientOf(await openLearner());
    const used = await openLearner();
    gradientOf(used);
    update(used, [lossSet(list, range(17))], null, { ...adamw, learningRate: 0, weightDecay: 0 });
    expect(gradientOf(used)).toEqual(fresh);
  });

  test('two sets of states add up as one: gradient, error < 1e-5 of the largest', async () => {
    const list = states(60);
    const weight = new Float32Array(30).fill(1 / 60);
    const whole = lossSet(list, range(60));
    const half = (from: number): LossSet => ({
      ...whole,
      order: whole.order.subarray(from, from + 30),
      weight,
      cloningWeight: whole.cloningWeight?.subarray(from, from + 30) ?? null,
    });
    const learners = [await openLearner(), await openLearner(), await openLearner()];
    update(learners[0], [whole], null, adamw);
    update(learners[1], [half(0), half(30)], null, adamw);
    update(learners[2], [half(0)], null, adamw);
    const [one, two, alone] = learners.map((l) => vectorAt(l, l.gradients[0]));
    expect(errorOfLargest(two, one)).toBeLessThan(1e-5);
    expect(errorOfLargest(alone, one)).toBeGreaterThan(0.1);
  });

  test('the contrastive loss compares all rows at once, whatever a batch holds: gradient, error < 1e-5 of the largest', async () => {
    const list = states(60);
    const set = lossSet(list, range(60));
    const rows = Int32Array.from(range(list.actions).filter((row) => (set.labels as Int8Array)[row] >= 0));
    const contrastive = contrastiveLoss({ list, rows, labels: set.labels as Int8Array, temperature: 0.2, coef: 1 });
    const learners = [await openLearner(128), await openLearner(16), await openLearner(128)];
    const stats = learners.slice(0, 2).map((learner) => update(learner, [set], contrastive, adamw));
    update(learners[2], [set], null, adamw);
    const [wide, narrow, without] = learners.map((l) => vectorAt(l, l.gradients[0]));
    expect(errorOfLargest(narrow, wide)).toBeLessThan(1e-5);
    expect(errorOfLargest([stats[1].contrastive], [stats[0].contrastive])).toBeLessThan(1e-5);
    expect(errorOfLargest(without, wide)).toBeGreaterThan(0.01);
  });
});

describe('a step that is not finite is not taken', () => {
  const advice =
    'the step was not taken; lower learningRate or the weights of the losses, or check the environment for extreme observations';
  const one = lossSet(states(20), range(20));

  const cases: [string, Partial<LossSet>, string][] = [
    [
      'NaN advantage',
      { advantage: new Float32Array(20).fill(Number.NaN) },
      `update 2: the policy loss is not finite; ${advice}`,
    ],
    [
      'an observation too large for the network',
      { list: { ...one.list, vectors: one.list.vectors.map((x) => x * 2e38) } },
      `update 2: the policy loss and the gradient of state.weight are not finite; ${advice}`,
    ],
    [
      'an infinite class weight',
      { settings: { ...one.settings, goodWeight: Number.POSITIVE_INFINITY } },
      `update 2: the classifier loss and the gradient of state.weight are not finite; ${advice}`,
    ],
  ];

  test.each(cases)(
    '%s: the error names loss and tensor; weights, moments and counters stay',
    async (_, changes, message) => {
      const learner = await openLearner();
      update(learner, [one], null, adamw);
      const before = everything(learner);
      const { updates, beta1Power, beta2Power } = learner;
      expect(() => update(learner, [{ ...one, ...changes }], null, adamw)).toThrow(message);
      expect(everything(learner)).toEqual(before);
      expect([learner.updates, learner.beta1Power, learner.beta2Power]).toEqual([updates, beta1Power, beta2Power]);
      // The next good step is the one that would have followed.
      const undisturbed = await openLearner();
      update(undisturbed, [one], null, adamw);
      expect(update(learner, [one], null, adamw)).toEqual(update(undisturbed, [one], null, adamw));
      expect(everything(learner)).toEqual(everything(undisturbed));
    },
  );
});
