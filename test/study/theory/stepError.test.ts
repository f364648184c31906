import { beforeAll, describe, expect, it } from 'vitest';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { createPolicy, type Policy } from '../../../src/engine/policy/policy.ts';
import { createStateList, inputShape, pushState } from '../../../src/engine/states/stateList.ts';
import { createBandit, stateMeans } from '../../../src/env/bandit/bandit.ts';
import { stageErrors, stages } from '../../../src/study/theory/stages.ts';
import { type StepErrorOptions, stepErrors } from '../../../src/study/theory/stepErrorMath.ts';
import { small } from '../../train/recordedRun.ts';

const sizes = { tokenWidth: 6, matchWidth: 4, hidden: 16, embedding: 8, blocks: 0, heads: 2, logitScale: 1 };

describe('stepErrors', () => {
  let policy: Policy;
  let options: StepErrorOptions;
  beforeAll(async () => {
    const { spec } = createBandit();
    policy = createPolicy(await createArena(), spec, { policy: 'mlp', ...sizes });
    policy.network.initialise(policy.weights, 4);
    policy.network.prepare(policy.weights);
    const list = createStateList(inputShape(spec));
    for (const mean of stateMeans({})) pushState(list, Float32Array.from(mean), [0, 1, 2, 3, 4, 5]);
    const samples = { list, states: [0, 3, 7, 9, 14, 20], taken: [0, 1, 1, 5, 2, 4] };
    const probes = { list, states: [1, 2, 8, 15, 22], taken: [0, 2, 1, 3, 3] };
    options = { samples, advantages: [1, -1, 1, -1, 1, -1], probes, lifts: [1 / 16, 1 / 64, 1 / 256] };
  });

  it('has an error that falls to about a sixteenth with a quarter of the step', () => {
    const [large, middle, little] = stepErrors(policy, options);
    for (const ratio of [large.error / middle.error, middle.error / little.error]) {
      expect(ratio).toBeGreaterThan(12);
      expect(ratio).toBeLessThan(20);
    }
    expect(large.predicted / middle.predicted).toBeCloseTo(4, 5);
    expect(little.error / little.actual).toBeLessThan(0.01);
  });

  it('takes steps whose first-order rise of the objective is the lift', () => {
    const { samples, advantages } = options;
    const [{ predicted }] = stepErrors(policy, { ...options, probes: samples, advantages, lifts: [1 / 256] });
    // Each sample as its own probe: the signed mean of the predictions would be the lift, their root mean square is no
    // less.
    expect(predicted).toBeGreaterThanOrEqual(1 / 256);
    const alone = { list: samples.list, states: [5], taken: [2] };
    const [single] = stepErrors(policy, { samples: alone, advantages: [1], probes: alone, lifts: [0.01] });
    expect(single.predicted).toBeCloseTo(0.01, 6);
  });

  it('leaves the weights as they are and returns the same result again', () => {
    const weights = () => policy.arena.read(policy.weights, policy.network.vectorSize);
    const before = weights();
    const first = stepErrors(policy, options);
    expect(weights()).toEqual(before);
    expect(stepErrors(policy, options)).toEqual(first);
  });

  it('rejects a gradient that vanishes', () => {
    const { samples } = options;
    const twice = { list: samples.list, states: [0, 0], taken: [1, 1] };
    expect(() => stepErrors(policy, { ...options, samples: twice, advantages: [1, -1] })).toThrow(
      new Error('stepErrors: the gradient must not vanish, got squared norm 0; choose other samples'),
    );
  });
});

it.each(['mlp', 'attention'] as const)('stageErrors measures a run of %s at its three stages', async (policy) => {
  const changes = { ...small, policy, iterations: 1 };
  const errors = await stageErrors(changes, [1 / 16]);
  expect(Object.keys(errors)).toEqual([...stages]);
  const predicted = stages.map((stage) => errors[stage][0].predicted);
  expect(new Set(predicted).size).toBe(3);
  for (const stage of stages) expect(errors[stage][0].error).toBeLessThan(errors[stage][0].actual);
  const untrained = await stageErrors({ ...changes, iterations: 0 }, [1 / 16]);
  expect(untrained['cold start']).toEqual(errors['cold start']);
  expect(untrained.trained).toEqual(errors['cold start']);
});
