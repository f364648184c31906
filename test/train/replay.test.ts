import { expect, test } from 'vitest';
import { type CheckpointFiles, unpackCheckpoint } from '../../src/record/checkpoint.ts';
import { firstDifference } from '../../src/record/receipt.ts';
import { type Config, resolveConfig } from '../../src/train/config.ts';
import { replay } from '../../src/train/replay.ts';
import { recordedRun, small } from './recordedRun.ts';

const config = resolveConfig({ ...small, env: 'look-alike', policy: 'mlp', iterations: 5, checkpointEvery: 2 });

test('a replay has the receipt of the run', async () => {
  const { outcome } = await recordedRun(config);
  expect(outcome.receipt.links.map((link) => link.iteration)).toEqual([0, 2, 4, 5]);
  expect(await replay(config)).toEqual(outcome.receipt);
  expect(await replay(config, { until: 9 })).toEqual(outcome.receipt);
  const { success, envSteps } = outcome;
  expect(outcome.receipt.outcome).toMatchObject({ success, envSteps });
});

test('up to an iteration it has the links up to there, its own too, and no outcome', async () => {
  const { outcome, checkpoints } = await recordedRun(config);
  const { receipt } = outcome;
  for (const until of [0, 2, 4]) {
    const part = await replay(config, { until });
    expect(part.links).toEqual(receipt.links.filter((link) => link.iteration <= until));
    expect([part.outcome, part.hash]).toEqual([null, part.links.at(-1)?.link]);
  }
  const between = await replay(config, { until: 3 });
  expect(between.links.map((link) => link.iteration)).toEqual([0, 2, 3]);
  const { chain } = unpackCheckpoint(checkpoints.get(4) as CheckpointFiles, '4', 'none');
  expect(between.links.slice(0, 2)).toEqual(chain.links.slice(0, 2));
});

test.each([
  ['another seed', { seed: 2 }, 0],
  ['another learning rate', { learningRate: 0.001 }, 2],
] as [string, Partial<Config>, number][])('%s: the first checkpoint that differs is found', async (_, change, at) => {
  const { receipt } = (await recordedRun(config)).outcome;
  expect(firstDifference(receipt, await replay({ ...config, ...change }), 5)?.at).toBe(at);
});

test('an abort ends it with its reason, and until must be a count', async () => {
  const controller = new AbortController();
  const onProgress = (): void => controller.abort(new Error('stopped'));
  await expect(replay(config, { until: 3, signal: controller.signal, onProgress })).rejects.toThrow('stopped');
  await expect(replay(config, { until: -1 })).rejects.toThrow(
    new Error('replay: until must be an integer >= 0, got -1; give the iteration of a checkpoint'),
  );
});
