import { describe, expect, test } from 'vitest';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import type { PolicyConfig } from '../../../src/engine/policy/heads.ts';
import {
  actionKey,
  actionLogProbs,
  batchCapacity,
  buildPolicy,
  createPolicy,
  type Policy,
  policySize,
  sample,
  takenLogProbs,
} from '../../../src/engine/policy/policy.ts';
import { loadStates } from '../../../src/engine/states/loadBatch.ts';
import { inputShape, type StateList } from '../../../src/engine/states/stateList.ts';
import type { EnvironmentSpec, TokensSpec, VectorSpec } from '../../../src/env/environment.ts';
import { randomStream } from '../../../src/random.ts';
import { gradientByDifferences } from '../../reference/finiteDifferences.ts';
import { randomStates } from '../layers/randomNetwork.ts';
import { errorOfLargest } from './golden.ts';

const config: PolicyConfig = {
  policy: 'attention',
  tokenWidth: 12,
  matchWidth: 16,
  hidden: 64,
  embedding: 32,
  blocks: 0,
  heads: 2,
  logitScale: 1,
};
const common = { version: '1', maxSteps: 20, hasExpert: false };
const tokens: TokensSpec = {
  ...common,
  name: 'bags',
  form: 'tokens',
  layout: 'slots',
  vocabulary: Array.from({ length: 23 }, (_, i) => `word${i}`),
  stateSlots: 7,
  actionSlots: 3,
};
const vector: VectorSpec = { ...common, name: 'vectors', form: 'vector', vectorWidth: 16, actionCount: 6 };

const cases: [string, EnvironmentSpec, PolicyConfig][] = [
  ['attention over slots', tokens, config],
  ['attention over slots, one block', tokens, { ...config, blocks: 1 }],
  ['attention over a text, one block', { ...tokens, layout: 'sequence' }, { ...config, blocks: 1 }],
  ['mlp', vector, { ...config, policy: 'mlp' }],
];

async function open(spec: EnvironmentSpec, policyConfig: PolicyConfig, seed = 7): Promise<Policy> {
  const policy = createPolicy(await createArena(), spec, policyConfig, 64);
  policy.network.initialise(policy.weights, seed);
  policy.network.prepare(policy.weights);
  return policy;
}

test.each(cases)('%s: its size is known before anything is placed', async (_, spec, policyConfig) => {
  const arena = await createArena();
  const shape = inputShape(spec);
  const own =
    spec.form === 'vector'
      ? [{ valueHead: true, separateValue: true, normalizeObservations: true, layerNorm: true }]
      : [];
  for (const heads of [{}, { actionHeads: true, valueHead: true }, { layerNorm: true }, ...own]) {
    const blueprint = { environment: 'e 1', shape, config: { ...policyConfig, ...heads } };
    const capacity = batchCapacity(shape, 8);
    const { parameters, bytes } = policySize(blueprint, capacity);
    const before = arena.mark();
    const { network } = buildPolicy(arena, blueprint, capacity);
    expect(parameters.map(({ name, shape: of }) => [name, of])).toEqual(
      [...network.parameters, ...network.buffers].map((p) => [p.name, p.shape]),
    );
    // Only the first buffer's distance from where the arena had got to can differ.
    expect(Math.abs(arena.mark() - before - bytes)).toBeLessThan(64);
  }
});

/** Bits of the log-probabilities and classifier logits of each state in `order`, loaded as one batch. */
function bitsByState(policy: Policy, list: StateList, order: readonly number[]): Map<number, number[]> {
  const { arena, network } = policy;
  loadStates(arena, network.batch, list, order, 0, order.length);
  actionLogProbs(policy);
  const { rowOffsets } = network.batch;
  const rows = (pointer: number, n: number): number[] => {
    const [from, to] = arena.i32.subarray((rowOffsets >> 2) + n, (rowOffsets >> 2) + n + 2);
    return [...arena.i32.subarray((pointer >> 2) + from, (pointer >> 2) + to)];
  };
  return new Map(order.map((s, n) => [s, [...rows(policy.logProbs, n), ...rows(network.heads.classifier.value, n)]]));
}

/**
 * The gradient, at the weights' present values, of the sum over the rows of `order` of c times (logit + classifier
 * logit).
 */
function gradientOf(policy: Policy, list: StateList, order: readonly number[], c: ArrayLike<number>): Float32Array {
  const { arena, network, weights } = policy;
  loadStates(arena, network.batch, list, order, 0, order.length);
  network.forward(weights);
  const own = order.flatMap((s) => Array.from(c).slice(list.rowOffsets[s], list.rowOffsets[s + 1]));
  arena.write(network.heads.logit.grad, own);
  arena.write(network.heads.classifier.grad, own);
  const g = arena.floats(network.vectorSize);
  network.backward(weights, g);
  network.finish(weights, g);
  return arena.read(g, network.size);
}

function coefficients(purpose: string, count: number): number[] {
  const random = randomStream(2, purpose);
  return Array.from({ length: count }, () => 2 * random.uniform() - 1);
}

describe.each(cases)('%s', (_, spec, policyConfig) => {
  test('a state has the same bits alone, among 50, and among 50 in another order', async () => {
    const policy = await open(spec, policyConfig);
    const list = randomStates(inputShape(spec), randomStream(11, 'test/invariance'), 50, 9);
    const all = Array.from({ length: 50 }, (_, s) => s);
    const together = bitsByState(policy, list, all);
    expect(bitsByState(policy, list, all.toReversed())).toEqual(together);
    // 17 and 50 have no common divisor: every state comes once.
    const shuffled = all.map((s) => (s * 17 + 3) % 50);
    expect(bitsByState(policy, list, shuffled)).toEqual(together);
    for (const s of all) expect(bitsByState(policy, list, [s]).get(s)).toEqual(together.get(s));
  });

  test('the gradient of 50 states is the sum of the gradients of each, error < 1e-5 of the largest', async () => {
    const policy = await open(spec, policyConfig);
    const list = randomStates(inputShape(spec), randomStream(15, 'test/sum-of-gradients'), 50, 9);
    const c = coefficients('test/sum-of-gradients', list.actions);
    const all = Array.from({ length: 50 }, (_, s) => s);
    const sum = new Float64Array(policy.network.size);
    for (const s of all) for (const [i, d] of gradientOf(policy, list, [s], c).entries()) sum[i] += d;
    expect(errorOfLargest(gradientOf(policy, list, all, c), sum)).toBeLessThan(1e-5);
  });

  test('the slope along the gradient is its length, relative error < 1e-3', async () => {
    const policy = await open(spec, policyConfig);
    const { arena, network, weights } = policy;
    const list = randomStates(inputShape(spec), randomStream(16, 'test/slope'), 40, 9);
    const c = coefficients('test/slope', list.actions);
    const all = Array.from({ length: 40 }, (_, s) => s);
    const gradient = gradientOf(policy, list, all, c);
    const length = Math.sqrt(gradient.reduce((sum, d) => sum + d * d, 0));
    const start = arena.read(weights, network.size);
    const [slope] = gradientByDifferences(
      ([distance]) => {
        arena.write(
          weights,
          start.map((w, i) => w + (distance * gradient[i]) / length),
        );
        network.prepare(weights);
        network.forward(weights);
        const { logit, classifier } = network.heads;
        const [a, b] = [logit, classifier].map((head) => arena.read(head.value, list.actions));
        return c.reduce((sum, x, r) => sum + x * (a[r] + b[r]), 0);
      },
      [0],
      1 / 256,
    );
    expect(errorOfLargest([slope], [length])).toBeLessThan(1e-3);
  });

  test('the probabilities of each state sum to 1, error < 1e-6', async () => {
    const policy = await open(spec, policyConfig);
    const list = randomStates(inputShape(spec), randomStream(12, 'test/sums'), 20, 9);
    const { arena, network } = policy;
    const order = Array.from({ length: 20 }, (_, s) => s);
    loadStates(arena, network.batch, list, order, 0, 20);
    actionLogProbs(policy, policy.weights, 0.7);
    for (const s of order) {
      const logProbs = arena.read(policy.logProbs, list.actions).subarray(list.rowOffsets[s], list.rowOffsets[s + 1]);
      expect(Math.abs(logProbs.reduce((sum, l) => sum + Math.exp(l), 0) - 1)).toBeLessThan(1e-6);
    }
  });

  test('weights have the same bits for the same seed and others for another seed', async () => {
    const bits = async (seed: number): Promise<Int32Array> => {
      const { arena, network, weights } = await open(spec, policyConfig, seed);
      return new Int32Array(arena.read(weights, network.size).buffer);
    };
    const first = await bits(7);
    expect(await bits(7)).toEqual(first);
    const other = await bits(8);
    const drawn = first.filter((x, i) => x !== other[i]).length;
    // All but paddings and the constants of layer norms differ.
    expect(drawn).toBeGreaterThan(0.9 * first.length);
  });

  test('draws the same action for a counter, whatever else is in the batch', async () => {
    const policy = await open(spec, policyConfig);
    const list = randomStates(inputShape(spec), randomStream(13, 'test/sample'), 30, 9);
    const counters = Array.from({ length: 30 }, (_, s) => 1000 + s);
    const key = actionKey(3, 'test', 5);
    const order = Array.from({ length: 30 }, (_, s) => s);
    sample(policy, list, order, 0, 30, key, counters);
    const taken = [...policy.arena.i32.slice(policy.taken >> 2, (policy.taken >> 2) + 30)];
    expect(taken.every((a, s) => a >= 0 && a < list.rowOffsets[s + 1] - list.rowOffsets[s])).toBe(true);
    expect(new Set(taken).size).toBeGreaterThan(1);
    for (const s of order) {
      sample(policy, list, order, s, s + 1, key, counters);
      expect(policy.arena.i32[policy.taken >> 2]).toBe(taken[s]);
    }
  });
});

test('a parameter starts the same whatever the rest of the network: its stream is keyed by its name', async () => {
  const tableOf = async (policyConfig: PolicyConfig): Promise<Float32Array> => {
    const { arena, network, weights } = await open(tokens, policyConfig);
    const table = network.parameters.find((p) => p.name === 'tokens');
    return arena.read(weights + (table?.offset ?? 0), table?.size ?? 0);
  };
  const table = await tableOf(config);
  expect(table.length).toBe(23 * 12);
  expect(await tableOf({ ...config, blocks: 2, hidden: 8 })).toEqual(table);
});

test('parameters of one shape and one distribution start apart', async () => {
  const { arena, network, weights } = await open(tokens, { ...config, blocks: 1 });
  const ofName = (name: string): Float32Array => {
    const parameter = network.parameters.find((p) => p.name === name);
    return arena.read(weights + (parameter?.offset ?? 0), parameter?.size ?? 0);
  };
  const query = ofName('block0.attention.query.weight');
  const key = ofName('block0.attention.key.weight');
  expect(query.length).toBe(144);
  expect(query.filter((x, i) => x !== key[i]).length).toBe(144);
});

test('logitScale multiplies the logits', async () => {
  const logits = async (logitScale: number): Promise<Float32Array> => {
    const policy = await open(tokens, { ...config, logitScale });
    const list = randomStates(inputShape(tokens), randomStream(14, 'test/scale'), 4, 5);
    loadStates(policy.arena, policy.network.batch, list, [0, 1, 2, 3], 0, 4);
    actionLogProbs(policy);
    return policy.arena.read(policy.network.heads.logit.value, list.actions);
  };
  const plain = await logits(1);
  expect(await logits(4)).toEqual(plain.map((x) => 4 * x));
});

test('refuses a policy that does not read the form of the environment', async () => {
  const arena = await createArena();
  expect(() => createPolicy(arena, vector, config)).toThrow(
    new Error('createPolicy: policy "attention" does not read the vector form of vectors; set config.observation'),
  );
  expect(() => createPolicy(arena, tokens, { ...config, policy: 'mlp' })).toThrow(
    new Error('createPolicy: policy "mlp" does not read the tokens form of bags; set config.observation'),
  );
});

test('refuses heads that do not divide the token width', async () => {
  const arena = await createArena();
  for (const heads of [5, 0, 1.5]) {
    expect(() => createPolicy(arena, tokens, { ...config, blocks: 1, heads })).toThrow(
      new RangeError(
        `multiHeadAttention: heads must divide the token width 12, got ${heads}; change config.heads or config.tokenWidth`,
      ),
    );
  }
});

describe('log-probabilities that are not finite: no action is drawn, no reference taken', () => {
  const shape = inputShape(vector);
  const list = randomStates(shape, randomStream(3, 'test/policy/finite'), 4, 6);
  const order = [0, 1, 2, 3];
  const weak =
    'the weights are finite but the logits exceed the range of 32-bit floats; lower learningRate, raise temperature, or check the environment ' +
    'for extreme observations';
  const broken: [string, (w: Float32Array) => number, number, string][] = [
    [
      'a NaN weight',
      () => Number.NaN,
      1,
      'got NaN; the weights of state.weight are not finite; resume from an earlier checkpoint with a lower learningRate',
    ],
    [
      'an infinite weight',
      () => Number.POSITIVE_INFINITY,
      1,
      'got NaN; the weights of state.weight are not finite; resume from an earlier checkpoint with a lower learningRate',
    ],
    ['weights too large', () => 3e38, 1, `got NaN; ${weak}`],
    ['a temperature too small', (w) => w[0], 1e-45, `got NaN; ${weak}`],
  ];

  test.each(broken)('%s', async (_, change, temperature, reason) => {
    const policy = await open(vector, { ...config, policy: 'mlp' });
    const { arena, network, weights } = policy;
    const first = network.parameters.find(({ name }) => name === 'state.weight');
    if (!first) throw new Error('an mlp has state.weight');
    arena.write(
      weights + first.offset,
      new Float32Array(first.size).fill(change(arena.read(weights + first.offset, 1))),
    );
    network.prepare(weights);
    const message = new Error(`policy: log-probabilities must be finite, ${reason}`);
    expect(() => sample(policy, list, order, 0, 4, actionKey(1, 'test', 1), order, temperature)).toThrow(message);
    expect(() => takenLogProbs(policy, weights, list, order, [0, 0, 0, 0], temperature)).toThrow(message);
  });
});
