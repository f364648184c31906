/** Checkpoints from which a run must not resume. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { ChainHead } from '../../src/record/chain.ts';
import { type Checkpoint, type CheckpointFiles, unpackCheckpoint } from '../../src/record/checkpoint.ts';
import { train } from '../../src/train/trainer.ts';
import { recordedRun, small } from './recordedRun.ts';

test('a checkpoint of another start is refused', async () => {
  const { checkpoints } = await recordedRun({ iterations: 1, checkpointEvery: 1 });
  const checkpoint = unpackCheckpoint(checkpoints.get(1) as CheckpointFiles, '000001', 'none');
  const { head } = checkpoint.chain;
  expect(head.environment).toBe('household 1');
  const config = { ...small, iterations: 1, checkpointEvery: 1 };
  const from = (changes: Partial<ChainHead>, given: Partial<Config> = config): Promise<unknown> =>
    train(given, { checkpoint: { ...checkpoint, chain: { ...checkpoint.chain, head: { ...head, ...changes } } } });
  await expect(from({ environment: 'household 0' })).rejects.toThrow(
    'train: the checkpoint was made in household 0, but this is household 1; resume with the version of unbraid that made it',
  );
  await expect(from({ numerics: 0 })).rejects.toThrow(
    'train: the checkpoint has numerics version 0, but this is 2; resume with the version of unbraid that made it',
  );
  await expect(from({}, { ...config, iterations: 2 })).rejects.toThrow(
    'train: the checkpoint was made with another config; resume with the config of its run',
  );
});

describe('a checkpoint whose state is damaged is refused', () => {
  const damage = (name: string, change: (values: Float32Array) => Float32Array) => (checkpoint: Checkpoint) => ({
    ...checkpoint,
    state: checkpoint.state.map((tensor) =>
      tensor.name === name ? { ...tensor, values: change(tensor.values as Float32Array) } : tensor,
    ),
  });
  const set = (at: number, x: number) => (values: Float32Array) => values.map((v, i) => (i === at ? x : v));
  const earlier = 'use an earlier checkpoint';
  const cases: [string, (checkpoint: Checkpoint) => Checkpoint, string][] = [
    [
      'NaN in the first moment',
      damage('adam/first', set(3, Number.NaN)),
      `restoreLearner: adam/first must be finite, got NaN at 3; ${earlier}`,
    ],
    [
      'an infinite second moment',
      damage('adam/second', set(2, Number.POSITIVE_INFINITY)),
      `restoreLearner: adam/second must be finite and >= 0, got Infinity at 2; ${earlier}`,
    ],
    [
      'a negative second moment',
      damage('adam/second', set(0, -1)),
      `restoreLearner: adam/second must be finite and >= 0, got -1 at 0; ${earlier}`,
    ],
    [
      'NaN in the reference',
      damage('reference', set(1, Number.NaN)),
      `restoreLearner: reference must be finite, got NaN at 1; ${earlier}`,
    ],
    [
      'a counter that is no number',
      (checkpoint) => ({ ...checkpoint, counters: { ...checkpoint.counters, beta2Power: null } }),
      `restoreLearner: counter beta2Power must be finite, got null; ${earlier}`,
    ],
    [
      'finite values that the run did not save',
      damage('adam/first', set(0, 0.25)),
      "train: the checkpoint's state must match its own link in the chain of hashes; use another checkpoint of the run",
    ],
  ];

  const config = { iterations: 2, checkpointEvery: 1, beta: 0.01 };
  let good: Checkpoint;
  beforeAll(async () => {
    const { checkpoints } = await recordedRun(config);
    good = unpackCheckpoint(checkpoints.get(1) as CheckpointFiles, '000001', 'none');
  });
  const resume = (checkpoint: Checkpoint) => train({ ...small, ...config }, { checkpoint });

  test.each(cases)('%s', async (_, change, message) => {
    await expect(resume(change(good))).rejects.toThrow(new Error(message));
  });

  test('moments of another length, or none', async () => {
    const size = good.state[0].values.length;
    const advice = 'use the config the checkpoint was made with';
    await expect(resume(damage('adam/first', (values) => values.subarray(1))(good))).rejects.toThrow(
      new Error(`restoreLearner: adam/first must have ${size} numbers, got ${size - 1}; ${advice}`),
    );
    const none = { ...good, state: good.state.filter(({ name }) => name !== 'adam/second') };
    await expect(resume(none)).rejects.toThrow(
      new Error(`restoreLearner: adam/second must have ${size} numbers, got none; ${advice}`),
    );
  });
});
