import { describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { Checkpoint } from '../../src/record/checkpoint.ts';
import { train } from '../../src/train/trainer.ts';
import { small } from './recordedRun.ts';

describe('a run whose numbers would leave the range of floats stops; every checkpoint it wrote is finite', () => {
  const lost = (name: string): string =>
    `the weights of ${name} are not finite after the step; resume from the last checkpoint with a lower ` +
    'learning rate or weightDecay, or a higher adamEpsilon';
  const cases: [string, Partial<Config>, number, string][] = [
    ['a learning rate beyond a 32-bit float', { learningRate: 1e39 }, 1, `iteration 1: update 1: ${lost('tokens')}`],
    ['the same in the cold start', { coldStartLearningRate: 1e39 }, 0, `update 1: ${lost('tokens')}`],
    ['weight decay beyond it', { weightDecay: 1e45 }, 0, `update 1: ${lost('tokens')}`],
    [
      'gradients whose squares are beyond it',
      { entropyCoef: 1e25, maxGradNorm: 1e22 },
      1,
      'iteration 1: update 1: the gradient norm after clipping must be <= 1e+19, got 1e+22; the step was not taken; lower maxGradNorm or ' +
        'the weights of the losses',
    ],
    [
      'weights whose logits are beyond it',
      { learningRate: 1e30, numIterations: 1, minibatches: 1 },
      2,
      'iteration 2: policy: log-probabilities must be finite, got NaN; the weights are finite but the logits exceed the range of 32-bit floats; lower learningRate, ' +
        'raise temperature, or check the environment for extreme observations',
    ],
  ];

  test.each(cases)('%s', async (_, config, count, message) => {
    const checkpoints: Checkpoint[] = [];
    const hooks = { onCheckpoint: (c: Checkpoint) => checkpoints.push(c) };
    await expect(train({ ...small, ...config }, { ...hooks })).rejects.toThrow(new Error(message));
    expect(checkpoints).toHaveLength(count);
    for (const { parameters, state } of checkpoints) {
      for (const { name, values } of [...parameters, ...state])
        expect([name, values.every(Number.isFinite)]).toEqual([name, true]);
    }
  });
});
