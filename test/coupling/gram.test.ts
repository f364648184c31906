import { describe, expect, test } from 'vitest';
import { gramMatrix, gramRows, gramTotal, joinRows } from '../../src/coupling/gram.ts';
import { rowBlocks } from '../../src/coupling/gramPieces.ts';
import type { Samples } from '../../src/coupling/samples.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import type { PolicyConfig } from '../../src/engine/policy/heads.ts';
import { actionLogProbs, createPolicy, type Policy } from '../../src/engine/policy/policy.ts';
import { loadStates } from '../../src/engine/states/loadBatch.ts';
import { inputShape } from '../../src/engine/states/stateList.ts';
import type { EnvironmentSpec } from '../../src/env/environment.ts';
import { runAtOnce, runWithPauses } from '../../src/eventLoop.ts';
import { randomStream } from '../../src/random.ts';
import { randomStates } from '../engine/layers/randomNetwork.ts';
import { errorOfLargest } from '../engine/policy/golden.ts';
import { gramOf, perSampleGradients } from '../engine/policy/perSampleGradients.ts';
import { smallestAndLargestEigenvalue } from '../reference/eigenvalues.ts';

const kinds = [
  'slots',
  'slots, one block',
  'sequence',
  'sequence, one block',
  'sequence, two blocks',
  'slots, layer norm',
  'vector',
  'vector, layer norm',
] as const;

interface Opened {
  readonly policy: Policy;
  /** Samples with repeated states and different actions. */
  readonly samples: Samples;
}

/**
 * A policy of random sizes with random weights, and `count` samples of 12 random states, all determined by kind and
 * seed.
 */
async function open(kind: (typeof kinds)[number], seed: number, count: number): Promise<Opened> {
  const random = randomStream(seed, `test/gram/${kind}`);
  const between = (low: number, high: number): number => low + random.below(high - low + 1);
  const common = { name: 'random', version: '1', maxSteps: 9, hasExpert: false };
  const vector = kind.startsWith('vector');
  const spec: EnvironmentSpec = vector
    ? { ...common, form: 'vector', vectorWidth: between(1, 40), actionCount: between(2, 30) }
    : {
        ...common,
        form: 'tokens',
        layout: kind.startsWith('slots') ? 'slots' : 'sequence',
        vocabulary: Array.from({ length: between(5, 30) }, (_, i) => `word${i}`),
        stateSlots: between(1, 9),
        actionSlots: between(1, 5),
      };
  const config: PolicyConfig = {
    policy: vector ? 'mlp' : 'attention',
    tokenWidth: 2 * between(2, 8),
    matchWidth: between(1, 17),
    hidden: between(3, 70),
    embedding: between(2, 40),
    blocks: kind.includes('two') ? 2 : kind.includes('one') ? 1 : 0,
    heads: 2,
    logitScale: 1,
    layerNorm: kind.includes('norm'),
  };
  const policy = createPolicy(await createArena(), spec, config, 32);
  policy.network.initialise(policy.weights, seed);
  policy.network.prepare(policy.weights);
  const list = randomStates(inputShape(spec), random, 12, 8);
  const states = Array.from({ length: count }, () => random.below(12));
  const taken = states.map((s) => random.below(list.rowOffsets[s + 1] - list.rowOffsets[s]));
  return { policy, samples: { list, states, taken } };
}

function pick({ list, states, taken }: Samples, places: readonly number[]): Samples {
  return { list, states: places.map((i) => states[i]), taken: places.map((i) => taken[i]) };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Rows `rows` and columns `columns` of an n x n matrix. */
function block(matrix: ArrayLike<number>, n: number, rows: readonly number[], columns: readonly number[]): number[] {
  return rows.flatMap((i) => columns.map((j) => matrix[i * n + j]));
}

describe.each(kinds.flatMap((kind) => [1, 2, 3, 4].map((seed) => [kind, seed] as const)))(
  '%s, seed %i',
  (kind, seed) => {
    test('equals J J^T of one backward pass per sample, whole and by parameter: error < 1e-5 of the largest', async () => {
      const { policy, samples } = await open(kind, seed, 14);
      const { arena, network, weights } = policy;
      loadStates(arena, network.batch, samples.list, samples.states, 0, 14);
      actionLogProbs(policy);
      const explicit = Object.entries(perSampleGradients(policy, samples.taken as number[])).map(
        ([name, rows]) => [name, gramOf(rows)] as const,
      );
      const gram = gramMatrix(policy, weights, samples);
      const sum = range(0, 14 * 14).map((k) => explicit.reduce((total, [, matrix]) => total + matrix[k], 0));
      expect(errorOfLargest(gram.total, sum)).toBeLessThan(1e-5);
      const largest = Math.max(...sum);
      for (const [name, matrix] of explicit) {
        const found = gram.byParameter.get(name) ?? new Float32Array(14 * 14);
        for (let k = 0; k < found.length; k++) expect(Math.abs(found[k] - matrix[k])).toBeLessThan(1e-5 * largest);
      }
    });

    test('is symmetric (1e-6 of the largest) and positive semi-definite (-1e-5 of the largest eigenvalue)', async () => {
      const { policy, samples } = await open(kind, seed, 14);
      const { total } = gramMatrix(policy, policy.weights, samples);
      const transposed = range(0, 14 * 14).map((k) => total[(k % 14) * 14 + Math.floor(k / 14)]);
      expect(errorOfLargest(total, transposed)).toBeLessThan(1e-6);
      const { smallest, largest } = smallestAndLargestEigenvalue(total, 14);
      expect(largest).toBeGreaterThan(0);
      expect(smallest).toBeGreaterThan(-1e-5 * largest);
    });

    test('permutes with the samples, and a rectangle is a block of the square: error < 1e-5 of the largest', async () => {
      const { policy, samples } = await open(kind, seed, 14);
      const { total } = gramMatrix(policy, policy.weights, samples);
      const order = range(0, 14).map((i) => (i * 5 + 3) % 14);
      const permuted = gramMatrix(policy, policy.weights, pick(samples, order));
      expect(errorOfLargest(permuted.total, block(total, 14, order, order))).toBeLessThan(1e-5);
      const [rows, columns] = [range(0, 9), range(9, 14)];
      const rectangle = gramMatrix(policy, policy.weights, pick(samples, rows), pick(samples, columns));
      expect([rectangle.rows, rectangle.columns]).toEqual([9, 5]);
      expect(errorOfLargest(rectangle.total, block(total, 14, rows, columns))).toBeLessThan(1e-5);
    });

    test('is bitwise identical after any earlier measurement', async () => {
      const { policy, samples } = await open(kind, seed, 60);
      const fresh = gramMatrix(policy, policy.weights, samples).total;
      for (const count of [1, 7, 31]) {
        gramMatrix(policy, policy.weights, pick(samples, range(0, count)));
        expect(gramMatrix(policy, policy.weights, samples).total).toEqual(fresh);
      }
    });
  },
);

test.each(kinds)(
  '%s: the total alone is bitwise identical to the total beside the parts of the parameters',
  async (kind) => {
    const { policy, samples } = await open(kind, 3, 50);
    const other = pick(samples, range(3, 40));
    for (const [a, b] of [
      [samples, samples],
      [samples, other],
    ]) {
      expect(gramTotal(policy, policy.weights, a, b)).toEqual(gramMatrix(policy, policy.weights, a, b).total);
    }
  },
);

test('a symmetric matrix is symmetric to the last bit, by parameter, too, over several tiles', async () => {
  for (const kind of kinds) {
    const { policy, samples } = await open(kind, 4, 300);
    const { total, byParameter } = gramMatrix(policy, policy.weights, samples);
    for (const matrix of [total, ...byParameter.values()]) {
      expect(matrix).toEqual(matrix.map((_, p) => matrix[(p % 300) * 300 + Math.floor(p / 300)]));
    }
  }
});

test('pairs of rows and materialised gradients agree: error < 1e-5 of the largest', async () => {
  const arena = await createArena();
  let pairwise = 0;
  let rows = 0;
  let products = 0;
  const { kernels } = arena;
  const counted: typeof kernels = {
    ...kernels,
    gramPairwise: (...given) => {
      pairwise++;
      kernels.gramPairwise(...given);
    },
    gramRows: (...given) => {
      rows++;
      kernels.gramRows(...given);
    },
    perSampleOuter: (...given) => {
      products++;
      kernels.perSampleOuter(...given);
    },
  };
  Object.defineProperty(arena, 'kernels', { value: counted });
  const common = { name: 'wide', version: '1', maxSteps: 9, hasExpert: false };
  const spec: EnvironmentSpec = { ...common, form: 'vector', vectorWidth: 24, actionCount: 5 };
  const sizes = { tokenWidth: 8, matchWidth: 8, hidden: 24, embedding: 24, blocks: 0, heads: 2, logitScale: 1 };
  const policy = createPolicy(arena, spec, { policy: 'mlp', ...sizes });
  policy.network.initialise(policy.weights, 5);
  policy.network.prepare(policy.weights);
  const list = randomStates(inputShape(spec), randomStream(5, 'test/gram/ways'), 90, 12);
  const samples: Samples = { list, states: range(0, 90), taken: range(0, 90).map(() => 0) };
  const few = gramMatrix(policy, policy.weights, pick(samples, range(0, 3)));
  expect([rows, pairwise, products]).toEqual([1, 1, 3]);
  const many = gramMatrix(policy, policy.weights, samples);
  // Only the layer with one row per sample is still cheaper by pairs, in two tiles of 64 columns.
  expect([rows, pairwise]).toEqual([3, 1]);
  expect(products).toBeGreaterThan(3);
  expect(errorOfLargest(few.total, block(many.total, 90, range(0, 3), range(0, 3)))).toBeLessThan(1e-5);
});

test('logits scaled by 4 at equal probabilities: the part of the policy head is 16-fold, every other part the same', async () => {
  const spec: EnvironmentSpec = {
    name: 'scaled',
    version: '1',
    maxSteps: 9,
    hasExpert: false,
    form: 'vector',
    vectorWidth: 6,
    actionCount: 5,
  };
  const list = randomStates(inputShape(spec), randomStream(8, 'test/gram/scale'), 10, 5);
  const samples: Samples = { list, states: range(0, 10), taken: range(0, 10).map(() => 0) };
  const scaled = async (logitScale: number): Promise<ReadonlyMap<string, Float32Array>> => {
    const sizes = { tokenWidth: 8, matchWidth: 8, hidden: 16, embedding: 12, blocks: 0, heads: 2, logitScale };
    const policy = createPolicy(await createArena(), spec, { policy: 'mlp', ...sizes });
    const { arena, network, weights } = policy;
    network.initialise(weights, 5);
    for (const { name, offset, size } of network.parameters) {
      if (name === 'policyHead.weight') arena.kernels.scaleBy(weights + offset, size, 1 / logitScale);
    }
    network.prepare(weights);
    return gramMatrix(policy, weights, samples).byParameter;
  };
  const plain = await scaled(1);
  const times4 = await scaled(4);
  expect([...times4.keys()]).toEqual([...plain.keys()]);
  expect(plain.get('policyHead.weight')?.some((x) => x !== 0)).toBe(true);
  for (const [name, matrix] of plain) {
    const factor = name === 'policyHead.weight' ? 16 : 1;
    expect(times4.get(name)).toEqual(matrix.map((x) => factor * x));
  }
});

test('rejects samples that are empty, of unequal lengths, or of states or actions that do not exist', async () => {
  const { policy, samples } = await open('vector', 1, 3);
  const { list } = samples;
  const of = (states: number[], taken: number[]) => () => gramMatrix(policy, policy.weights, { list, states, taken });
  const actions = list.rowOffsets[1];
  expect(of([], [])).toThrow('gramMatrix: samples must not be empty, got 0; raise the number of samples');
  expect(of([0, 1], [0])).toThrow('gramMatrix: taken must have 2 elements as states has, got 1');
  expect(of([12], [0])).toThrow('gramMatrix: states must be in [0, 12), got 12');
  expect(of([0], [actions])).toThrow(`gramMatrix: taken must be in [0, ${actions}) for state 0, got ${actions}`);
  expect(of([0], [-1])).toThrow(`gramMatrix: taken must be in [0, ${actions}) for state 0, got -1`);
});

test('gramTotal writes to an array of the caller and rejects one of another type or length', async () => {
  const { policy, samples } = await open('vector', 1, 20);
  const expected = gramTotal(policy, policy.weights, samples);
  const into = new Float64Array(400).fill(Number.NaN);
  expect(gramTotal(policy, policy.weights, samples, samples, into)).toBe(into);
  expect(into).toEqual(expected);
  const part = pick(samples, range(2, 9));
  const rectangle = new Float64Array(140);
  expect(gramTotal(policy, policy.weights, samples, part, rectangle)).toBe(rectangle);
  expect(rectangle).toEqual(gramTotal(policy, policy.weights, samples, part));
  const next = 'pass new Float64Array(rows * columns)';
  expect(() => gramTotal(policy, policy.weights, samples, part, into)).toThrow(
    new RangeError(`gramTotal: into.length must be 140, got 400; ${next}`),
  );
  expect(() => gramTotal(policy, policy.weights, samples, samples, [] as unknown as Float64Array)).toThrow(
    new RangeError(`gramTotal: into must be a Float64Array, got []; ${next}`),
  );
});

test('a product of gradients beyond a 32-bit float is an error that names its parameter', async () => {
  const { policy, samples } = await open('vector', 1, 3);
  const { arena, network, weights } = policy;
  const first = network.parameters.find(({ name }) => name === 'state.weight');
  if (!first) throw new Error('an mlp has state.weight');
  arena.kernels.scaleBy(weights + first.offset, first.size, 1e-25);
  network.prepare(weights);
  const list = { ...samples.list, vectors: samples.list.vectors.map((x) => x * 1e25) };
  expect(() => gramMatrix(policy, weights, { ...samples, list })).toThrow(
    new Error(
      'gramMatrix: products of gradients must be finite, got one of state.weight beyond a 32-bit float; lower learningRate, or check ' +
        'the environment for extreme observations',
    ),
  );
});

describe('rows of the matrix', () => {
  test.each(kinds)('%s: are bitwise identical to those of the whole matrix, also by parameter', async (kind) => {
    const { policy, samples } = await open(kind, 2, 50);
    const right = pick(samples, range(3, 40));
    for (const other of [samples, right]) {
      const whole = gramMatrix(policy, policy.weights, samples, other);
      for (const parts of [1, 2, 3]) {
        const symmetric = other === samples;
        const blocks = rowBlocks(50, parts, symmetric).map((rows) => {
          const block = runAtOnce(gramRows(policy, policy.weights, samples, other, rows));
          expect([block.rows, block.columns]).toEqual([rows[1] - rows[0], whole.columns]);
          return block;
        });
        expect(joinRows(blocks, symmetric)).toEqual(whole);
      }
    }
  });

  test('are computed in pieces: the samples of backward passes, then the columns of each tile', async () => {
    const { policy, samples } = await open('slots', 2, 50);
    const told = async (rows: [number, number]): Promise<number> => {
      let states = 0;
      await runWithPauses(gramRows(policy, policy.weights, samples, samples, rows), async (more) => {
        states += more;
      });
      return states;
    };
    expect(await told([0, 50])).toBe(50 + 50);
    // In a symmetric matrix each of these rows begins at its own column.
    expect(await told([32, 50])).toBe(18 + 18);
  });
});
