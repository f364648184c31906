import { describe, expect, test } from 'vitest';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import type { LossSet } from '../../../src/engine/learn/shards.ts';
import { createLearner, update } from '../../../src/engine/learn/update.ts';
import { createPolicy, type Policy } from '../../../src/engine/policy/policy.ts';
import { stateValues } from '../../../src/engine/policy/values.ts';
import { inputShape } from '../../../src/engine/states/stateList.ts';
import { createLookAlike } from '../../../src/env/lookAlike.ts';
import { randomStream } from '../../../src/random.ts';
import { gradientByDifferences } from '../../reference/finiteDifferences.ts';
import { valueLoss } from '../../reference/valueLoss.ts';
import { randomStates } from '../layers/randomNetwork.ts';
import { errorOfLargest } from '../policy/golden.ts';
import { still } from '../policy/goldenLosses.ts';

const { spec } = createLookAlike();
const sizes = { tokenWidth: 6, matchWidth: 4, hidden: 16, embedding: 8, blocks: 0, heads: 2, logitScale: 1 };
const list = randomStates(inputShape(spec), randomStream(2, 'test/values'), 12, 5);
const same = Int32Array.from({ length: 12 }, (_, s) => s);

async function open(valueHead = true, separateValue = false, layerNorm = false): Promise<Policy> {
  const heads = { valueHead, separateValue, layerNorm };
  const policy = createPolicy(await createArena(), spec, { policy: 'mlp', ...sizes, ...heads });
  policy.network.initialise(policy.weights, 9);
  policy.network.prepare(policy.weights);
  return policy;
}

/** 30 samples of the 12 states on which nothing but the value loss acts. */
function valueSet(clip: number | null): LossSet {
  const random = randomStream(3, 'test/values/losses');
  const draw = (count: number): Float32Array => Float32Array.from({ length: count }, () => 2 * random.uniform() - 1);
  const order = Int32Array.from({ length: 30 }, (_, i) => (i * i) % 12);
  return {
    list,
    order,
    taken: new Int32Array(12),
    oldLogProb: new Float32Array(12),
    refLogProb: null,
    advantage: new Float32Array(12),
    weight: new Float32Array(30),
    cloningWeight: null,
    valueTarget: draw(12),
    oldValue: draw(12),
    valueWeight: draw(30).map((x) => x * x),
    labels: null,
    repeats: same,
    settings: {
      epsilon: 0.2,
      epsilonHigh: 0.2,
      beta: 0,
      entropyCoef: 0,
      temperature: 0.5,
      cloningCoef: 0,
      goodWeight: 0,
      badWeight: 0,
      valueCoef: 1,
      valueClip: clip,
    },
  };
}

/** Values of the states from the weights, and the loss of the set in double precision on them. */
function lossOf(policy: Policy, set: LossSet, clip: number | null): number {
  policy.network.prepare(policy.weights);
  const values = stateValues(policy, list, same);
  const offsets = Array.from({ length: 13 }, (_, n) => n);
  const at = (of: Float32Array | undefined): number[] => Array.from(set.order, (s) => (of as Float32Array)[s]);
  const { order, valueTarget, oldValue, valueWeight } = set;
  const batch = { target: at(valueTarget), old: at(oldValue), weight: valueWeight as Float32Array, clip };
  return valueLoss({ offsets, state: [...order], ...batch }, values);
}

describe.each([null, 0.3])('value loss, clip %s', (clip) => {
  test.each([
    ['the layers of the policy', false, false],
    ['layers of its own', true, false],
    ['the layers of the policy with a layer norm', false, true],
    ['layers of its own with a layer norm', true, true],
  ])(
    'on %s: the loss in float64, and the gradient of all parameters by differences, error < 2e-3 of the largest',
    async (_, separate, norm) => {
      const policy = await open(true, separate, norm);
      const { arena, network, weights } = policy;
      const set = valueSet(clip);
      const learner = createLearner(policy);
      const stats = update(learner, [set], null, still);
      expect(errorOfLargest([stats.value], [lossOf(policy, set, clip)])).toBeLessThan(1e-5);
      expect(stats.value).toBeGreaterThan(0.3);
      const actual: number[] = [];
      const expected: number[] = [];
      for (const { name, offset, size } of network.parameters) {
        const start = arena.read(weights + offset, size);
        const f = (x: Float64Array): number => {
          arena.write(weights + offset, x);
          return lossOf(policy, set, clip);
        };
        const gradient = gradientByDifferences(f, start, 1 / 256);
        arena.write(weights + offset, start);
        expected.push(...gradient);
        actual.push(...arena.read(learner.gradients[0] + offset, size));
        // Through the shared trunk, and not into the other heads; or only through its own layers.
        const reached = gradient.some((x) => Math.abs(x) > 1e-3);
        const [layer] = name.split('.');
        const reads = separate ? layer.startsWith('value') : !['policyHead', 'classifierHead'].includes(layer);
        expect([name, reached]).toEqual([name, reads]);
      }
      expect(errorOfLargest(actual, expected)).toBeLessThan(2e-3);
    },
  );
});

test('a bound on the step of a value changes the gradient', async () => {
  const gradients = [];
  for (const clip of [null, 0.3]) {
    const learner = createLearner(await open());
    update(learner, [valueSet(clip)], null, still);
    gradients.push(learner.policy.arena.read(learner.gradients[0], learner.policy.network.size));
  }
  expect(errorOfLargest(gradients[1], gradients[0])).toBeGreaterThan(0.05);
});

test('steps along the gradient bring the values to their targets', async () => {
  const learner = createLearner(await open());
  const set = valueSet(null);
  const first = update(learner, [set], null, still).value;
  for (let i = 0; i < 200; i++) update(learner, [set], null, { ...still, learningRate: 0.01 });
  expect(update(learner, [set], null, still).value).toBeLessThan(first / 20);
});

test('equal states have one value, and a policy without a value head has none', async () => {
  const policy = await open();
  const all = stateValues(policy, list, same);
  expect(new Set(all).size).toBe(12);
  const repeats = same.map((s) => (s === 7 ? 2 : s));
  expect([...stateValues(policy, list, repeats)]).toEqual([...all].with(7, all[2]));
  const plain = await open(false);
  expect(() => stateValues(plain, list, same)).toThrow(
    new Error('stateValues: the policy must have a value head, got none; build it with valueHead'),
  );
  expect(() => update(createLearner(plain), [valueSet(null)], null, still)).toThrow(
    new Error('valueLoss: the policy must have a value head, got none; build it with valueHead'),
  );
});
