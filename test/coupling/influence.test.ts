import { expect, test } from 'vitest';
import { influences } from '../../src/coupling/influence.ts';
import { sumGradient } from '../../src/coupling/spillover.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { createPolicy, takenLogProbs } from '../../src/engine/policy/policy.ts';
import { appendStates, createStateList, inputShape } from '../../src/engine/states/stateList.ts';
import type { VectorSpec } from '../../src/env/environment.ts';
import { randomStream } from '../../src/random.ts';
import { randomStates } from '../engine/layers/randomNetwork.ts';

const common = { name: 'vectors', version: '1', maxSteps: 9, hasExpert: false } as const;
const spec: VectorSpec = { ...common, form: 'vector', vectorWidth: 7, actionCount: 5 };
const sizes = { tokenWidth: 6, matchWidth: 4, hidden: 16, embedding: 8, blocks: 0, heads: 2, logitScale: 1 };
const policy = createPolicy(await createArena(), spec, { policy: 'mlp', ...sizes });
const { arena, network, weights } = policy;
network.initialise(weights, 5);
network.prepare(weights);

// Six different states, then the first one again.
const list = createStateList(inputShape(spec));
const different = randomStates(list.shape, randomStream(4, 'test/influence'), 6, 4);
appendStates(list, different, 0, 6);
appendStates(list, different, 0, 1);
const first = Int32Array.from([0, 1, 2, 3, 4, 5, 0]);
const samples = { list, states: [0, 1, 2, 3, 4, 6], taken: [1, 0, 1, 0, 1, 1] };
const target = { list, states: [5], taken: [0] };
const coefficients = Float64Array.from([0.5, -2, 1, 0.25, 3, -1]);

/** The gradient of log π of one sample in double precision. */
function gradientOf(state: number, taken: number): Float64Array {
  const mark = arena.mark();
  const g = arena.floats(network.vectorSize);
  sumGradient(policy, weights, { list, states: [state], taken: [taken] }, g);
  const copy = Float64Array.from(arena.read(g, network.size));
  arena.release(mark);
  return copy;
}

test('an influence is the coefficient times the dot product of two gradients', () => {
  const g = gradientOf(5, 0);
  const found = influences(policy, target, samples, first, coefficients);
  for (const [i, state] of samples.states.entries()) {
    const dot = gradientOf(state, samples.taken[i]).reduce((sum, x, p) => sum + x * g[p], 0);
    expect(Math.abs(found[i] - coefficients[i] * dot)).toBeLessThan(1e-5 * Math.abs(coefficients[i] * dot) + 1e-7);
  }
  // Equal states with the same action have one gradient.
  expect(found[5] / coefficients[5]).toBe(found[0] / coefficients[0]);
});

test('a small plain gradient step on the samples changes log π of the target by the sum of the influences', () => {
  const scale = 1e-3;
  const small = coefficients.map((c) => scale * c);
  const predicted = influences(policy, target, samples, first, small).reduce((sum, x) => sum + x, 0);
  const logProb = (vector: number): number => takenLogProbs(policy, vector, list, target.states, target.taken)[0];
  const before = logProb(weights);
  const mark = arena.mark();
  const [moved, g] = [arena.floats(network.vectorSize), arena.floats(network.vectorSize)];
  arena.copy(moved, weights, network.vectorSize * 4);
  for (const [i, state] of samples.states.entries()) {
    sumGradient(policy, weights, { list, states: [state], taken: [samples.taken[i]] }, g);
    arena.kernels.addScaled(network.size, small[i], g, moved, 1);
  }
  network.prepare(moved);
  const actual = logProb(moved) - before;
  arena.release(mark);
  expect(Math.abs(predicted)).toBeGreaterThan(1e-4);
  expect(Math.abs(actual - predicted)).toBeLessThan(0.02 * Math.abs(predicted));
});
