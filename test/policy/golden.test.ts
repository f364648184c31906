import { describe, expect, test } from 'vitest';
import type { Network } from '../../src/layers/network.ts';
import { actionLogProbs } from '../../src/policy/policy.ts';
import { errorOfLargest, gradients, type Opened, openGolden, worstParameter } from './golden.ts';

const cases = ['attention-slots', 'attention-blocks', 'attention-sequence', 'mlp'];

/** Largest error of single precision that a test below allows, over the largest magnitude of the tensor. */
const TOLERANCE = 1e-5;

function setGradients({ arena, heads }: Network, logit: ArrayLike<number>, classifier: ArrayLike<number>): void {
  arena.write(heads.logit.grad, logit);
  arena.write(heads.classifier.grad, classifier);
}

/** Per-sample gradients of log pi(taken | state) by parameter, one backward pass per state: J[parameter][state]. */
function jacobian({ golden, policy, gradient }: Opened): Record<string, Float32Array[]> {
  const { arena, network, weights } = policy;
  const { states, actions, rowOffsets } = network.batch;
  const taken = arena.floats(states);
  arena.i32.set(golden.taken, taken >> 2);
  const seed = arena.floats(actions);
  arena.kernels.logProbGradient(states, rowOffsets, policy.logProbs, taken, seed);
  const offsets = arena.i32.slice(rowOffsets >> 2, (rowOffsets >> 2) + states + 1);
  const out: Record<string, Float32Array[]> = {};
  for (let n = 0; n < states; n++) {
    const own = arena.read(seed, actions).map((d, r) => (r >= offsets[n] && r < offsets[n + 1] ? d : 0));
    setGradients(network, own, new Float32Array(actions));
    arena.zero(gradient, network.vectorSize * 4);
    network.backward(weights, gradient);
    network.finish(weights, gradient);
    for (const [name, g] of Object.entries(gradients(policy, gradient))) {
      out[name] ??= [];
      out[name].push(g);
    }
  }
  return out;
}

function gramOf(rows: readonly Float32Array[]): Float64Array {
  const n = rows.length;
  return Float64Array.from({ length: n * n }, (_, k) => {
    const a = rows[Math.floor(k / n)];
    const b = rows[k % n];
    return a.reduce((sum, x, i) => sum + x * b[i], 0);
  });
}

describe.each(cases)('%s against float64 automatic differentiation', (name) => {
  test('has the parameters of the golden file with their shapes', async () => {
    const { golden, policy } = await openGolden(name);
    expect(Object.fromEntries(policy.network.parameters.map((p) => [p.name, p.shape]))).toEqual(golden.shapes);
  });

  test('embeddings, logits and log-probabilities: error < 1e-5 of the largest', async () => {
    const { golden, policy } = await openGolden(name);
    const { arena, network } = policy;
    actionLogProbs(policy, policy.weights, golden.temperature);
    const { actions } = network.batch;
    const { embedding, logit, classifier } = network.heads;
    const read = (pointer: number, width = 1): Float32Array => arena.read(pointer, actions * width);
    expect(errorOfLargest(read(embedding.value, embedding.width), golden.embeddings)).toBeLessThan(TOLERANCE);
    expect(errorOfLargest(read(logit.value), golden.logits)).toBeLessThan(TOLERANCE);
    expect(errorOfLargest(read(classifier.value), golden.classifierLogits)).toBeLessThan(TOLERANCE);
    expect(errorOfLargest(read(policy.logProbs), golden.logProbs)).toBeLessThan(TOLERANCE);
  });

  test('gradients through both heads and the embedding: error < 1e-5 of the largest', async () => {
    const { golden, policy, gradient } = await openGolden(name);
    const { arena, network, weights } = policy;
    actionLogProbs(policy, weights, golden.temperature);
    setGradients(network, golden.logits.map(Math.cos), golden.classifierLogits.map(Math.cos));
    const ofEmbedding = arena.floats(golden.embeddings.length);
    arena.write(ofEmbedding, golden.embeddings.map(Math.cos));
    network.backward(weights, gradient, ofEmbedding);
    network.finish(weights, gradient);
    expect(worstParameter(gradients(policy, gradient), golden.gradientOfSines)).toBeLessThan(TOLERANCE);
  });

  test('gradients accumulate: two passes into one vector give twice the gradient, error < 1e-5 of the largest', async () => {
    const { golden, policy, gradient } = await openGolden(name);
    const { arena, network, weights } = policy;
    actionLogProbs(policy, weights, golden.temperature);
    setGradients(network, golden.logits.map(Math.cos), golden.classifierLogits.map(Math.cos));
    const ofEmbedding = arena.floats(golden.embeddings.length);
    arena.write(ofEmbedding, golden.embeddings.map(Math.cos));
    network.backward(weights, gradient, ofEmbedding);
    setGradients(network, golden.logits.map(Math.cos), golden.classifierLogits.map(Math.cos));
    network.backward(weights, gradient, ofEmbedding);
    network.finish(weights, gradient);
    const twice = Object.fromEntries(Object.entries(golden.gradientOfSines).map(([k, g]) => [k, g.map((x) => 2 * x)]));
    expect(worstParameter(gradients(policy, gradient), twice)).toBeLessThan(TOLERANCE);
  });

  test('Gram of log pi(taken | state) from one pass per sample, whole and by parameter: error < 1e-5 of the largest', async () => {
    const opened = await openGolden(name);
    actionLogProbs(opened.policy);
    const rows = jacobian(opened);
    const byParameter = Object.fromEntries(Object.entries(rows).map(([k, g]) => [k, gramOf(g)]));
    expect(worstParameter(byParameter, opened.golden.gramByParameter)).toBeLessThan(TOLERANCE);
    const whole = opened.golden.gram.map((_, i) => Object.values(byParameter).reduce((sum, k) => sum + k[i], 0));
    expect(errorOfLargest(whole, opened.golden.gram)).toBeLessThan(TOLERANCE);
  });
});
