/** Gradient vectors serve one use after another and are never cleared whole. */
import { expect, test } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import type { RunParts } from '../../../src/train/run.ts';
import { train } from '../../../src/train/trainer.ts';
import { small } from '../../train/recordedRun.ts';

/** Episodes for several shards, of which each has words of its own. */
const several: Partial<Config> = { ...small, iterations: 3, groupsPerIteration: 6, numGenerations: 8 };

const methods: readonly [string, Partial<Config>][] = [
  ['grpo', {}],
  ['grpo, two blocks of attention', { blocks: 2 }],
  ['grpo on vectors', { policy: 'mlp' }],
  ['ppo', { method: 'ppo' }],
  ['classifier+cloning', { method: 'classifier+cloning', labels: 'graph' }],
  ['contrastive+heads', { method: 'contrastive+heads', labels: 'oracle' }],
  ['labels of a critic', { method: 'classifier', labels: 'critic' }],
  ['decouple', { method: 'decouple', updateKl: 0.001 }],
  ['pcgrad', { method: 'pcgrad' }],
  ['gradvac+classifier', { method: 'gradvac+classifier', labels: 'oracle', conflictTasks: 'task' }],
];

test.each(methods)('%s: the bits of vectors that are zeroed whole before each use', async (_, config) => {
  const zeroWhole = ({ learner }: RunParts): void => {
    const { arena, network } = learner.policy;
    network.clearGradient = (g) => arena.zero(g, network.vectorSize * 4);
  };
  let cleared = 0;
  const count = ({ learner }: RunParts): void => {
    const { network } = learner.policy;
    const { clearGradient } = network;
    network.clearGradient = (g) => {
      cleared++;
      clearGradient(g);
    };
  };
  const ours = await train({ ...several, ...config }, { onParts: count });
  expect(cleared).toBeGreaterThan(2 * ours.updates);
  const whole = await train({ ...several, ...config }, { onParts: zeroWhole });
  expect(ours.parametersSha256).toBe(whole.parametersSha256);
});
