import { describe, expect, test } from 'vitest';
import { gramMatrix } from '../../src/coupling/gram.ts';
import { distinctSamples } from '../../src/coupling/pairTable.ts';
import { collectSamplePairs } from '../../src/coupling/samplePairStates.ts';
import { type PairSample, type SamplePairs, samplesOf } from '../../src/coupling/samplePairs.ts';
import { sumGradient } from '../../src/coupling/spillover.ts';
import { type StepPoint, stepPoints, stepSpillover } from '../../src/coupling/stepSpillover.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { createPolicy, type Policy, takenLogProbs } from '../../src/engine/policy/policy.ts';
import { createHousehold } from '../../src/env/household/household.ts';
import { runAtOnce } from '../../src/eventLoop.ts';

async function untrained(form: 'tokens' | 'vector'): Promise<{ policy: Policy; pairs: SamplePairs }> {
  const environment = createHousehold({ form });
  const kind = form === 'vector' ? 'mlp' : 'attention';
  const sizes = { tokenWidth: 4, matchWidth: 4, hidden: 16, embedding: 8, blocks: 0, heads: 2, logitScale: 1 };
  const policy = createPolicy(await createArena(), environment.spec, { policy: kind, ...sizes }, 16);
  policy.network.initialise(policy.weights, 1);
  policy.network.prepare(policy.weights);
  const options = { seed: 1, split: 'in-domain', pairs: 12, graphDiscount: 0.9, graphMaxEdges: 1e6 } as const;
  const pairs = await collectSamplePairs(policy, [environment], options);
  if (!pairs) throw new Error('a household has pairs of all classes');
  return { policy, pairs };
}

/**
 * A plain gradient step with advantages: theta += eta sum_i A_i g_i over the samples of the left side. Returns the
 * vector before it.
 */
function ascend({ policy, pairs }: { policy: Policy; pairs: SamplePairs }, advantages: number[], eta: number) {
  const { arena, network, weights } = policy;
  const before = arena.read(weights, network.vectorSize);
  const g = arena.floats(network.vectorSize);
  const sum = new Float64Array(network.size);
  distinctSamples(pairs, 0).forEach((sample, i) => {
    sumGradient(policy, weights, samplesOf(pairs, 0, [sample]), g);
    arena.read(g, network.size).forEach((x, p) => {
      sum[p] += eta * advantages[i] * x;
    });
  });
  const theta = arena.read(weights, network.size);
  arena.write(
    weights,
    theta.map((x, p) => x + sum[p]),
  );
  network.prepare(weights);
  return before;
}

const logProbs = (policy: Policy, pairs: SamplePairs, side: 0 | 1, samples: PairSample[]): Float32Array => {
  const { list, states, taken } = samplesOf(pairs, side, samples);
  return takenLogProbs(policy, policy.weights, list, states, taken);
};

describe.each(['tokens', 'vector'] as const)('the points of a step, %s', (form) => {
  test('of plain gradient ascent are eta sum_i A_i K_ij, error < 1e-3, and the change of log pi', async () => {
    const { policy, pairs } = await untrained(form);
    const sides = [distinctSamples(pairs, 0), distinctSamples(pairs, 1)] as const;
    const advantages = sides[0].map((_, i) => [1, -0.5, 0.25][i % 3]);
    const eta = 2e-3;
    const rows = samplesOf(pairs, 0, sides[0]);
    const expected = ([0, 1] as const).flatMap((side) => {
      const k = gramMatrix(policy, policy.weights, rows, samplesOf(pairs, side, sides[side]));
      return sides[side].map((_, j) => advantages.reduce((sum, a, i) => sum + eta * a * k.total[i * k.columns + j], 0));
    });
    const was = ([0, 1] as const).flatMap((side) => [...logProbs(policy, pairs, side, sides[side])]);
    const before = ascend({ policy, pairs }, advantages, eta);
    const now = ([0, 1] as const).flatMap((side) => [...logProbs(policy, pairs, side, sides[side])]);
    const inUse = policy.arena.mark();
    const weights = policy.arena.read(policy.weights, policy.network.vectorSize);
    const points = runAtOnce(stepPoints(policy, before, pairs));
    expect(policy.arena.mark()).toBe(inUse);
    expect(policy.arena.read(policy.weights, policy.network.vectorSize)).toEqual(weights);
    expect(points.map(({ good }) => good)).toEqual(sides.flat().map(({ good }) => good));
    const largest = Math.max(...expected.map(Math.abs));
    expect(largest).toBeGreaterThan(1e-3);
    points.forEach(({ predicted, actual }, j) => {
      expect(Math.abs(predicted - expected[j]) / largest).toBeLessThan(1e-3);
      expect(actual).toBe(now[j] - was[j]);
    });
    const { correlation, relativeError } = stepSpillover(points);
    expect(correlation).toBeGreaterThan(0.99);
    expect(relativeError).toBeLessThan(0.1);
  });

  test('without a step are 0, and have no correlation', async () => {
    const { policy, pairs } = await untrained(form);
    const before = policy.arena.read(policy.weights, policy.network.vectorSize);
    const points = runAtOnce(stepPoints(policy, before, pairs));
    for (const { predicted, actual } of points) expect([predicted, actual]).toEqual([0, 0]);
    expect(stepSpillover(points)).toEqual({
      good: [0, 0],
      bad: [0, 0],
      badPositiveFraction: 0,
      correlation: null,
      relativeError: 0,
      rms: 0,
    });
  });
});

test('statistics of points, by hand', () => {
  const points: StepPoint[] = [
    { good: true, predicted: 2, actual: 1 },
    { good: true, predicted: 0, actual: 1 },
    { good: false, predicted: 1, actual: 3 },
    { good: false, predicted: -1, actual: -1 },
  ];
  const found = stepSpillover(points);
  expect(found.good).toEqual([1, 1]);
  expect(found.bad).toEqual([0, 1]);
  expect(found.badPositiveFraction).toBe(0.5);
  expect(found.relativeError).toBe((1 + 1 + 2 + 0) / 6);
  expect(found.rms).toBeCloseTo(Math.sqrt((1 + 1 + 9 + 1) / 4), 12);
  // Centred: predicted 1.5 -.5 .5 -1.5, actual 0 0 2 -2.
  expect(found.correlation).toBeCloseTo((1 + 3) / Math.sqrt(5 * 8), 12);
});
