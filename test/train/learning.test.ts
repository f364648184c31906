import { expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { recordedRun } from './recordedRun.ts';

test('household: 40 iterations with the oracle classifier raise success on 12 training games by more than 0.4', async () => {
  const config: Partial<Config> = {
    seed: 3,
    method: 'classifier',
    labels: 'oracle',
    iterations: 40,
    groupsPerIteration: 6,
    evalEpisodes: 36,
    coldStart: 20,
    coldStartUpdates: 50,
    coldStartBatch: 128,
  };
  const { metrics, outcome } = await recordedRun(config);
  expect(metrics[0]['eval/train']).toBeLessThan(0.3);
  expect(outcome.success.train).toBeGreaterThan(metrics[0]['eval/train'] + 0.4);
  // Learnt while playing as well, not only at the end.
  const played = (from: number, to: number): number =>
    metrics.slice(from, to).reduce((sum, line) => sum + line['charts/success'], 0) / (to - from);
  expect(played(31, 41)).toBeGreaterThan(played(1, 11) + 0.3);
});
