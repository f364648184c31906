import { expect, test } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { openCrew } from '../../../src/parallel/crew.ts';
import { spawnWorker } from '../../../workers/spawn.node.ts';
import { recordedRun } from '../../train/recordedRun.ts';

const config: Partial<Config> = { env: 'crafting', seed: 1, method: 'classifier', labels: 'oracle' };

test('30 iterations with the oracle classifier raise success on 12 training games by more than 0.4', async () => {
  const { metrics, outcome } = await recordedRun({
    ...config,
    iterations: 30,
    groupsPerIteration: 6,
    evalEpisodes: 36,
    coldStart: 20,
    coldStartUpdates: 50,
    coldStartBatch: 128,
  });
  expect(metrics[0]['eval/train']).toBeLessThan(0.3);
  expect(outcome.success.train).toBeGreaterThan(metrics[0]['eval/train'] + 0.4);
});

test('records and checkpoints of two threads are bitwise identical to those of one', async () => {
  const crew = await openCrew(spawnWorker, 2, { cores: null });
  try {
    const labels = { ...config, labels: 'graph', method: 'classifier+cloning' } as const;
    expect(await recordedRun(labels, { crew })).toEqual(await recordedRun(labels));
  } finally {
    await crew.close();
  }
});

test.each(['text', 'vector'] as const)('trains on %s too', async (observation) => {
  const policy = observation === 'vector' ? 'mlp' : 'attention';
  const run = await recordedRun({ ...config, iterations: 1, observation, policy, maxSteps: 9 });
  expect(run.outcome.updates).toBe(6);
  expect(run.metrics.length).toBe(2);
});
