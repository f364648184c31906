import { expect, test } from 'vitest';
import { type Config, resolveConfig } from '../../src/config/config.ts';
import { openCrew } from '../../src/parallel/crew.ts';
import { type Checkpoint, type CheckpointFiles, unpackCheckpoint } from '../../src/record/checkpoint.ts';
import { firstDifference } from '../../src/record/receipt.ts';
import { encodeSafetensors } from '../../src/record/safetensors.ts';
import { replay, replayRecords } from '../../src/train/replay.ts';
import { runTraining } from '../../src/train/trainer.ts';
import { spawnWorker } from '../../workers/spawn.node.ts';
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

test('with threads it ends after until, too, and never after another iteration', async () => {
  // Iterations of four episodes are over before a signal from the calling thread could arrive.
  const tiny = resolveConfig({ ...config, groupsPerIteration: 1, iterations: 12, checkpointEvery: 4 });
  const crew = await openCrew(spawnWorker, 2);
  try {
    for (const until of [3, 4, 7]) {
      const iterations: number[] = [];
      const onProgress = ({ phase, done }: { phase: string; done: number }): void => {
        if (phase === 'train') iterations.push(done);
      };
      const part = await replay(tiny, { until, crew, onProgress });
      expect(iterations.at(-1)).toBe(until);
      expect(part).toEqual(await replay(tiny, { until }));
    }
  } finally {
    crew.close();
  }
});

test('checkpoints asked for are those of an interruption there, and leave the chain as it is', async () => {
  const { outcome, checkpoints, metrics } = await recordedRun(config);
  const records = await replayRecords(config, { checkpointsAt: [0, 3, 4], parametersAt: 3 });
  expect(records.receipt).toEqual(outcome.receipt);
  expect(records.metrics.map((line) => JSON.parse(line))).toEqual(metrics);
  expect(records.checkpoints.map(({ iteration, open }) => [iteration, open.length])).toEqual([
    [0, 0],
    [3, 1],
    [4, 0],
  ]);
  const stored = unpackCheckpoint(checkpoints.get(4) as CheckpointFiles, '4', 'none');
  expect(records.checkpoints[2].links).toEqual(stored.chain.links);
  const controller = new AbortController();
  const onProgress = ({ phase, done }: { phase: string; done: number }): void => {
    if (phase === 'train' && done === 3) controller.abort(new Error('stopped'));
  };
  const saved: Checkpoint[] = [];
  const hooks = { onCheckpoint: (c: Checkpoint) => saved.push(c) };
  await expect(runTraining(config, { ...hooks, onProgress, signal: controller.signal })).rejects.toThrow('stopped');
  const interrupted = saved.at(-1) as Checkpoint;
  const [, replayed] = records.checkpoints;
  expect([interrupted.iteration, interrupted.chain.links]).toEqual([3, replayed.links]);
  expect(Buffer.from(replayed.parameters as string, 'base64')).toEqual(
    Buffer.from(encodeSafetensors(interrupted.parameters)),
  );
});
