import { describe, expect, test } from 'vitest';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { actionDistributions, type Distributions, divergences } from '../../../src/engine/policy/distributions.ts';
import { createPolicy, takenLogProbs } from '../../../src/engine/policy/policy.ts';
import { inputShape } from '../../../src/engine/states/stateList.ts';
import { createHousehold } from '../../../src/env/household/household.ts';
import { randomStream } from '../../../src/random.ts';
import { randomStates } from '../layers/randomNetwork.ts';

const { spec } = createHousehold();
const sizes = { tokenWidth: 6, matchWidth: 4, hidden: 16, embedding: 8, blocks: 0, heads: 2, logitScale: 1 };
const policy = createPolicy(await createArena(), spec, { policy: 'attention', ...sizes }, 4);
policy.network.initialise(policy.weights, 3);
policy.network.prepare(policy.weights);
const list = randomStates(inputShape(spec), randomStream(6, 'test/distributions'), 11, 6);

describe('actionDistributions', () => {
  const order = [7, 0, 3, 10, 7, 1, 2, 9];
  test.each([1, 0.5])('every action of every state, over several batches, at temperature %d', (temperature) => {
    const { offsets, logProbs, probabilities } = actionDistributions(policy, policy.weights, list, order, temperature);
    for (const [i, s] of order.entries()) {
      const actions = list.rowOffsets[s + 1] - list.rowOffsets[s];
      expect(offsets[i + 1] - offsets[i]).toBe(actions);
      let sum = 0;
      for (let a = 0; a < actions; a++) {
        const [logProb] = takenLogProbs(policy, policy.weights, list, [s], [a], temperature);
        expect(logProbs[offsets[i] + a]).toBe(logProb);
        expect(Math.abs(probabilities[offsets[i] + a] - Math.exp(logProb))).toBeLessThan(1e-6);
        sum += probabilities[offsets[i] + a];
      }
      expect(Math.abs(sum - 1)).toBeLessThan(1e-6);
    }
  });
});

test('divergences: hand-made distributions of two states', () => {
  const of = (...rows: number[]): Distributions => ({
    offsets: Int32Array.of(0, 2, 5),
    logProbs: Float32Array.from(rows, Math.log),
    probabilities: Float32Array.from(rows),
  });
  const before = of(0.5, 0.5, 0.2, 0.3, 0.5);
  const after = of(0.25, 0.75, 0.2, 0.3, 0.5);
  const [first, second] = divergences(before, after);
  // 0.5 ln 2 + 0.5 ln (2 / 3)
  expect(first).toBeCloseTo(0.5 * Math.log(2) + 0.5 * Math.log(2 / 3), 6);
  expect(second).toBe(0);
});
