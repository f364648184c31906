import { describe, expect, test } from 'vitest';
import type { Network } from '../../../src/engine/layers/network.ts';
import { actionLogProbs } from '../../../src/engine/policy/policy.ts';
import { errorOfLargest, gradients, openGolden, worstParameter } from './golden.ts';
import { gramOf, perSampleGradients } from './perSampleGradients.ts';

const cases = ['attention-slots', 'attention-blocks', 'attention-sequence', 'attention-norm', 'mlp', 'mlp-norm'];

/** Largest error of single precision that a test below allows, over the largest magnitude of the tensor. */
const TOLERANCE = 1e-5;

function setGradients({ arena, heads }: Network, logit: ArrayLike<number>, classifier: ArrayLike<number>): void {
  arena.write(heads.logit.grad, logit);
  arena.write(heads.classifier.grad, classifier);
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
    const rows = perSampleGradients(opened.policy, opened.golden.taken);
    const byParameter = Object.fromEntries(Object.entries(rows).map(([k, g]) => [k, gramOf(g)]));
    expect(worstParameter(byParameter, opened.golden.gramByParameter)).toBeLessThan(TOLERANCE);
    const whole = opened.golden.gram.map((_, i) => Object.values(byParameter).reduce((sum, k) => sum + k[i], 0));
    expect(errorOfLargest(whole, opened.golden.gram)).toBeLessThan(TOLERANCE);
  });
});
