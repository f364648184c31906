import { describe, expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/config.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { createPolicy } from '../../src/engine/policy/policy.ts';
import { createLookAlike } from '../../src/env/lookAlike.ts';
import { createChurn, referenceStates } from '../../src/train/churn.ts';
import { recordedRun } from './recordedRun.ts';

const range = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i);

describe('reference states', () => {
  // Nine steps in an order of their own; minibatches of three.
  const shuffled = Int32Array.from([4, 0, 7, 2, 8, 1, 5, 3, 6]);

  test('are the steps outside the present and the previous minibatch, from the end of the present one on', () => {
    const reference = referenceStates(shuffled, [3, 6], shuffled.subarray(0, 3), range(9));
    expect(reference).toEqual({ states: Int32Array.from([5, 3, 6]), weights: new Float32Array(3).fill(1 / 3) });
    // Past the end of the permutation they go on at its start.
    const last = referenceStates(shuffled, [6, 9], shuffled.subarray(3, 6), range(9));
    expect([...(last?.states ?? [])]).toEqual([4, 0, 7]);
  });

  test('a state equal to a trained one is no reference; equal ones are one state of their common weight', () => {
    // Steps 5 and 3 have one state, and step 6 the state of step 0, which the previous update trained on.
    const first = range(9);
    first[5] = 3;
    first[6] = 0;
    const reference = referenceStates(shuffled, [3, 6], shuffled.subarray(0, 3), first);
    expect(reference).toEqual({ states: Int32Array.from([3]), weights: Float32Array.from([1]) });
    first[6] = 6;
    const weighted = referenceStates(shuffled, [3, 6], shuffled.subarray(0, 3), first);
    expect(weighted).toEqual({ states: Int32Array.from([3, 6]), weights: Float32Array.from([2 / 3, 1 / 3]) });
  });

  test('are at most as many steps as the minibatch has, and none where none is left', () => {
    const reference = referenceStates(shuffled, [0, 2], shuffled.subarray(7, 9), range(9));
    expect([...(reference?.states ?? [])]).toEqual([7, 2]);
    expect(referenceStates(shuffled, [4, 9], shuffled.subarray(0, 4), range(9))).toBeNull();
  });
});

test('the penalty compares with the weights before the previous update', async () => {
  const { spec } = createLookAlike();
  const config = resolveConfig({ policy: 'mlp', env: 'look-alike', churnCoef: 1 });
  const policy = createPolicy(await createArena(), spec, { ...config, logitScale: 1 });
  const { arena, network, weights } = policy;
  const churn = createChurn(config, policy);
  expect(createChurn({ ...config, churnCoef: 0 }, policy)).toBeNull();
  if (!churn) throw new Error('no penalty');
  const used: number[] = [];
  for (let updates = 1; updates <= 3; updates++) {
    arena.kernels.fill(weights, network.vectorSize, updates);
    churn.remember();
    used.push(arena.f32[churn.earlier() / 4]);
  }
  expect(used).toEqual([0, 1, 2]);
});

describe('a run', () => {
  const few = { iterations: 2, evalEpisodes: 2, couplingPairs: 2 };

  test('records losses/churn only with a penalty, which lowers it', async () => {
    const churnOf = async (churnCoef: number): Promise<number> => {
      const { metrics } = await recordedRun({ ...few, churnCoef });
      for (const line of metrics.slice(1)) expect(line['losses/churn']).toBeGreaterThan(0);
      return metrics[2]['losses/churn'];
    };
    expect(await churnOf(30)).toBeLessThan(await churnOf(1e-9));
    const { metrics } = await recordedRun(few);
    expect(metrics.every((line) => !('losses/churn' in line))).toBe(true);
  });

  test('of one update per iteration has no penalty and no value', async () => {
    // Three minibatches of one step: two of them are empty.
    const one = { ...few, numIterations: 1, groupsPerIteration: 1, numGenerations: 2, maxSteps: 1, minibatches: 3 };
    const [plain, penalised] = await Promise.all([recordedRun(one), recordedRun({ ...one, churnCoef: 5 })]);
    expect(penalised.metrics[1].updates).toBe(2);
    expect(plain.outcome.parametersSha256).toBe(penalised.outcome.parametersSha256);
    expect('losses/churn' in penalised.metrics[1]).toBe(false);
  });
});
