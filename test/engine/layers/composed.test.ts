import { describe, expect, test } from 'vitest';
import { gramMatrix } from '../../../src/coupling/gram.ts';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { meanOverSlots } from '../../../src/engine/layers/attention.ts';
import type { InputShape } from '../../../src/engine/layers/batch.ts';
import { createNetwork } from '../../../src/engine/layers/createNetwork.ts';
import { slotTokens, tokenTable } from '../../../src/engine/layers/embedding.ts';
import { activation, broadcast, linear } from '../../../src/engine/layers/linear.ts';
import { layerNorm } from '../../../src/engine/layers/normalization.ts';
import { actionLogProbs, batchCapacity, type Policy, policyOn } from '../../../src/engine/policy/policy.ts';
import { loadStates } from '../../../src/engine/states/loadBatch.ts';
import type { StateList } from '../../../src/engine/states/stateList.ts';
import { randomStream } from '../../../src/random.ts';
import { gradientByDifferences } from '../../reference/finiteDifferences.ts';
import { errorOfLargest } from '../policy/golden.ts';
import { gramOf, perSampleGradients } from '../policy/perSampleGradients.ts';
import { headsOn, randomNetwork, randomStates } from './randomNetwork.ts';

function loadAll({ arena, network }: Policy, list: StateList): number[] {
  const order = Array.from({ length: list.states }, (_, i) => i);
  loadStates(arena, network.batch, list, order, 0, order.length);
  return order;
}

/** Sum over rows of coefficients times logit, classifier logit and the elements of e. */
function score({ arena, network, weights }: Policy, c: { logit: number[]; classifier: number[]; e: number[] }): number {
  network.prepare(weights);
  network.forward(weights);
  const { logit, classifier, embedding } = network.heads;
  const along = (pointer: number, coefficients: number[]): number =>
    arena.read(pointer, coefficients.length).reduce((sum, x, i) => sum + x * coefficients[i], 0);
  return along(logit.value, c.logit) + along(classifier.value, c.classifier) + along(embedding.value, c.e);
}

/** Worst error of any parameter's gradient against central differences, over the largest element of any. */
function gradientError(policy: Policy, list: StateList): number {
  loadAll(policy, list);
  const { arena, network, weights } = policy;
  const { batch, heads } = network;
  const random = randomStream(5, 'test/coefficients');
  const draw = (count: number): number[] => Array.from({ length: count }, () => 2 * random.uniform() - 1);
  const c = {
    logit: draw(batch.actions),
    classifier: draw(batch.actions),
    e: draw(batch.actions * heads.embedding.width),
  };
  score(policy, c);
  const gradient = arena.floats(network.vectorSize);
  const ofEmbedding = arena.floats(c.e.length);
  arena.write(ofEmbedding, c.e);
  arena.write(heads.logit.grad, c.logit);
  arena.write(heads.classifier.grad, c.classifier);
  network.backward(weights, gradient, ofEmbedding);
  network.finish(weights, gradient);
  const actual: number[] = [];
  const expected: number[] = [];
  for (const { offset, size } of network.parameters) {
    const at = weights + offset;
    const start = arena.read(at, size);
    const f = (x: Float64Array): number => {
      arena.write(at, x);
      return score(policy, c);
    };
    // Two steps cancel the error of order step^2, so that steps can be long enough for single precision.
    const wide = gradientByDifferences(f, start, 1 / 64);
    expected.push(...gradientByDifferences(f, start, 1 / 128).map((d, i) => (4 * d - wide[i]) / 3));
    arena.write(at, start);
    actual.push(...arena.read(gradient + offset, size));
  }
  return errorOfLargest(actual, expected);
}

/**
 * Worst error of the Gram matrix of any parameter against explicit per-sample gradients, over the largest element of
 * any.
 */
function gramError(policy: Policy, list: StateList): number {
  const states = loadAll(policy, list);
  const taken = states.map((s) => (list.rowOffsets[s + 1] - list.rowOffsets[s]) >> 1);
  actionLogProbs(policy);
  const explicit = Object.entries(perSampleGradients(policy, taken)).map(
    ([name, rows]) => [name, gramOf(rows)] as const,
  );
  const gram = gramMatrix(policy, policy.weights, { list, states, taken });
  const zeros = new Float32Array(states.length ** 2);
  return errorOfLargest(
    explicit.flatMap(([name]) => [...(gram.byParameter.get(name) ?? zeros)]),
    explicit.flatMap(([, matrix]) => [...matrix]),
  );
}

const seeds = [1, 2, 3, 4, 5, 6, 7, 8];

describe.each(['slots', 'sequence'] as const)('networks of random layers, %s layout', (layout) => {
  test.each(seeds)('network %i: gradient against central differences, error < 2e-4 of the largest', async (seed) => {
    const { policy, list } = await randomNetwork(seed, layout);
    expect(gradientError(policy, list)).toBeLessThan(2e-4);
  });

  test.each(seeds)('network %i: Gram matrix by parameter against J J^T, error < 1e-5 of the largest', async (seed) => {
    const { policy, list } = await randomNetwork(seed, layout);
    expect(gramError(policy, list)).toBeLessThan(1e-5);
  });
});

describe('a network composed by hand: layer norm, two linears, broadcast, means over slots', () => {
  const shape: InputShape = {
    form: 'tokens',
    layout: 'slots',
    vocabularySize: 11,
    stateSlots: 3,
    actionSlots: 2,
    vectorWidth: 0,
  };

  async function compose(): Promise<{ policy: Policy; list: StateList }> {
    const network = createNetwork(await createArena(), shape, batchCapacity(shape, 8), (b) => {
      const table = tokenTable(b, 'words', 6);
      const h = broadcast(b, linear(b, 'ofState', meanOverSlots(b, slotTokens(b, 'state', table, 'place')), 10));
      linear(b, 'ofAction', meanOverSlots(b, slotTokens(b, 'action', table)), 10, { bias: false, into: h });
      return headsOn(b, activation(b, 'tanh', linear(b, 'embedding', layerNorm(b, 'norm', h), 5)));
    });
    const policy = policyOn(network);
    network.initialise(policy.weights, 3);
    network.prepare(policy.weights);
    return { policy, list: randomStates(shape, randomStream(3, 'test/by-hand'), 7, 4) };
  }

  test('gradient against central differences, error < 2e-4 of the largest', async () => {
    const { policy, list } = await compose();
    expect(gradientError(policy, list)).toBeLessThan(2e-4);
  });

  test('Gram matrix by parameter against J J^T, error < 1e-5 of the largest', async () => {
    const { policy, list } = await compose();
    expect(gramError(policy, list)).toBeLessThan(1e-5);
  });

  test('the words of an action count: other words give another logit', async () => {
    const { policy, list } = await compose();
    loadAll(policy, list);
    const { arena, network, weights } = policy;
    network.forward(weights);
    const [first, second] = arena.read(network.heads.logit.value, 2);
    expect(first).not.toBe(second);
  });
});
