import { describe, expect, test } from 'vitest';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { hiddenMatrices, muonStep } from '../../../src/engine/learn/muon.ts';
import type { LossSums } from '../../../src/engine/learn/objective.ts';
import { type AdamwSettings, createLearner, type Learner, takeStep, update } from '../../../src/engine/learn/update.ts';
import type { PolicyConfig } from '../../../src/engine/policy/heads.ts';
import { createPolicy, type Policy } from '../../../src/engine/policy/policy.ts';
import type { EnvironmentSpec } from '../../../src/env/environment.ts';
import { randomStream } from '../../../src/random.ts';
import { smallestAndLargestEigenvalue } from '../../reference/eigenvalues.ts';
import { errorOfLargest, openGolden, readGolden } from '../policy/golden.ts';
import { still } from '../policy/goldenLosses.ts';

interface GoldenMuon {
  readonly settings: Omit<AdamwSettings, 'maxGradNorm'> & { readonly momentum: number; readonly rate: number };
  readonly policies: Record<
    string,
    {
      readonly hidden: string[];
      readonly gradients: Record<string, number[]>[];
      readonly after: Record<string, number[]>;
    }
  >;
}

const golden = readGolden<GoldenMuon>('muon');
const noLosses = { policy: 0, kl: 0, entropy: 0, approxKl: 0, clipFraction: 0, cloning: 0 } as LossSums;

/** A learner with Muon whose gradient `setGradient` sets, as if losses had computed it. */
function learnerOf(policy: Policy, settings = { momentum: 0.9, rate: 1 }): Learner {
  const learner = { ...createLearner(policy), step: muonStep(policy, settings) };
  // Allocates the first gradient vector.
  update(learner, [], null, { ...still, weightDecay: 0 });
  policy.arena.zero(learner.firstMoment, 4 * policy.network.size);
  Object.assign(learner, { updates: 0, beta1Power: 1, beta2Power: 1 });
  return learner;
}

function setGradient({ policy, gradients }: Learner, of: (name: string, size: number) => ArrayLike<number>): void {
  const { arena, network } = policy;
  arena.zero(gradients[0], 4 * network.vectorSize);
  for (const { name, offset, size } of network.parameters) arena.write(gradients[0] + offset, of(name, size));
}

const read = ({ policy: { arena, network } }: Learner, vector: number, name: string): Float32Array => {
  const parameter = network.parameters.find((p) => p.name === name);
  if (!parameter) throw new Error(`no ${name}`);
  return arena.read(vector + parameter.offset, parameter.size);
};

test.each(Object.keys(golden.policies))(
  'three steps on %s are those of torch.optim.Muon and AdamW in float64: error < 1e-5 of the largest',
  async (name) => {
    const { hidden, gradients, after } = golden.policies[name];
    const { policy } = await openGolden(name);
    const { momentum, rate, ...adamw } = golden.settings;
    const found = hiddenMatrices(policy.network, policy.weights).map(({ parameter }) => parameter.name);
    expect(found.sort()).toEqual(hidden.toSorted());
    const learner = learnerOf(policy, { momentum, rate });
    for (const gradient of gradients) {
      setGradient(learner, (parameter) => gradient[parameter]);
      takeStep(learner, noLosses, { ...adamw, maxGradNorm: Number.POSITIVE_INFINITY });
    }
    for (const [parameter, expected] of Object.entries(after)) {
      const error = errorOfLargest(read(learner, policy.weights, parameter), expected);
      expect([parameter, error < 1e-5 ? 'small' : error]).toEqual([parameter, 'small']);
    }
  },
);

const vectors: EnvironmentSpec = {
  ...{ name: 'muon', version: '1', maxSteps: 9, hasExpert: false, form: 'vector', vectorWidth: 24, actionCount: 5 },
};
const tokens: EnvironmentSpec = {
  ...{ name: 'muon', version: '1', maxSteps: 9, hasExpert: false, form: 'tokens', layout: 'sequence' },
  ...{ stateSlots: 3, actionSlots: 2, vocabulary: ['a', 'b', 'c', 'd', 'e'] },
};
const sizes = { tokenWidth: 6, matchWidth: 4, hidden: 24, embedding: 12, blocks: 1, heads: 2, logitScale: 1 };

async function open(spec: EnvironmentSpec, changes: Partial<PolicyConfig> = {}): Promise<Policy> {
  const kind = spec.form === 'vector' ? 'mlp' : 'attention';
  const policy = createPolicy(await createArena(), spec, { policy: kind, ...sizes, ...changes });
  policy.network.initialise(policy.weights, 3);
  policy.network.prepare(policy.weights);
  return policy;
}

test('input layers, tables, vectors and heads belong to AdamW, in the networks of values and of texts too', async () => {
  const names = ({ network, weights }: Policy): string[] =>
    hiddenMatrices(network, weights).map(({ parameter }) => parameter.name);
  const values = { valueHead: true, separateValue: true, actionHeads: true };
  const own = ['action.weight', 'embedding.weight', 'valueEmbedding.weight'];
  expect(names(await open(vectors, values)).sort()).toEqual(own);
  // The width of the hidden layer equals that of the observation: the input decides, not the shape.
  expect(names(await open(vectors, { ...values, normalizeObservations: true })).sort()).toEqual(own);
  const attention = ['query', 'key', 'value', 'out'];
  expect(names(await open(tokens)).sort()).toEqual(
    [
      ...attention.map((part) => `block0.attention.${part}.weight`),
      ...attention.map((part) => `cross.${part}.weight`),
      ...['block0.expand.weight', 'block0.contract.weight'],
      ...['action.weight', 'state.weight', 'embedding.weight'],
    ].sort(),
  );
});

describe('the update of a matrix', () => {
  const normal = (size: number, purpose: string): Float32Array => {
    const random = randomStream(5, `test/muon/${purpose}`);
    return Float32Array.from({ length: size }, () =>
      Array.from({ length: 12 }, () => random.uniform() - 0.5).reduce((sum, x) => sum + x, 0),
    );
  };
  const settings: AdamwSettings = { ...still, learningRate: 1 };

  /** The update of one step from weights of 0, without the factor 0.2 sqrt(max(rows, columns)). */
  async function updateOf(name: string, scale: number): Promise<Float32Array> {
    const policy = await open(vectors);
    const learner = learnerOf(policy, { momentum: 0, rate: 1 });
    policy.arena.zero(policy.weights, 4 * policy.network.size);
    setGradient(learner, (of, size) => normal(size, of).map((x) => scale * x));
    takeStep(learner, noLosses, settings);
    const [rows, columns] = policy.network.parameters.find((p) => p.name === name)?.shape ?? [];
    const factor = 0.2 * Math.sqrt(Math.max(rows, columns));
    return read(learner, policy.weights, name).map((x) => -x / factor);
  }

  test.each([
    ['wide', 'action.weight', 6, 24],
    ['tall', 'embedding.weight', 24, 12],
  ])('%s: its singular values are between 0.67 and 1.21, and its RMS is 0.2', async (_, name, rows, columns) => {
    const update = await updateOf(name, 1);
    const [n, inner] = [Math.min(rows, columns), Math.max(rows, columns)];
    const at = (i: number, k: number): number => (rows < columns ? update[i * columns + k] : update[k * columns + i]);
    const gram = Array.from({ length: n * n }, (_, ij) => {
      const [i, j] = [Math.floor(ij / n), ij % n];
      return Array.from({ length: inner }, (_, k) => at(i, k) * at(j, k)).reduce((sum, x) => sum + x, 0);
    });
    const { smallest, largest } = smallestAndLargestEigenvalue(gram, n);
    expect(Math.sqrt(smallest)).toBeGreaterThan(0.67);
    expect(Math.sqrt(largest)).toBeLessThan(1.21);
    const rms = Math.sqrt(update.reduce((sum, x) => sum + x * x, 0) / update.length);
    expect(0.2 * Math.sqrt(inner) * rms).toBeCloseTo(0.2, 1);
  });

  test('has the direction of the gradient: it does not depend on its size', async () => {
    const [one, large] = [await updateOf('embedding.weight', 1), await updateOf('embedding.weight', 1024)];
    expect(large).toEqual(one);
    const g = normal(one.length, 'embedding.weight');
    expect(one.reduce((sum, x, i) => sum + x * g[i], 0)).toBeGreaterThan(0);
  });

  test('of gradient 0 is 0: weight decay alone moves the matrix', async () => {
    const policy = await open(vectors);
    const learner = learnerOf(policy);
    const before = read(learner, policy.weights, 'embedding.weight');
    setGradient(learner, (_, size) => new Float32Array(size));
    takeStep(learner, noLosses, { ...settings, weightDecay: 0.25 });
    expect(read(learner, policy.weights, 'embedding.weight')).toEqual(before.map((x) => x * 0.75));
  });

  test('keeps a mean of gradients in the first moment, and nothing in the second', async () => {
    const policy = await open(vectors);
    const learner = learnerOf(policy, { momentum: 0.75, rate: 1 });
    for (const value of [1, 3]) {
      setGradient(learner, (_, size) => new Float32Array(size).fill(value));
      takeStep(learner, noLosses, settings);
    }
    const moments = [learner.firstMoment, learner.secondMoment].map((at) => read(learner, at, 'embedding.weight'));
    expect([...new Set(moments[0])]).toEqual([0.75 * 0.25 + 0.25 * 3]);
    expect([...new Set(moments[1])]).toEqual([0]);
    expect(read(learner, learner.secondMoment, 'state.weight')[0]).toBeGreaterThan(0);
  });
});
