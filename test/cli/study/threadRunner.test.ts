import { afterEach, expect, test } from 'vitest';
import { openThreadRunner } from '../../../src/cli/study/threadRunner.ts';
import { commandKernels } from '../../../src/cli/width/commandKernels.ts';
import type { JobRunner } from '../../../src/study/runJobs.ts';

let runner: JobRunner | null = null;
afterEach(() => runner?.close());

const arms = [{ method: 'grpo', labels: 'oracle', coupling: true }];
const danger = { kind: 'danger', input: { rho: 0.8, seed: 1, start: 0.4, iterations: 10, arms }, seconds: 1 };
const train = {
  kind: 'train',
  input: { env: 'look-alike', policy: 'mlp', iterations: 12, coldStart: 0, evalEpisodes: 4, groupsPerIteration: 2 },
  seconds: 1,
};
const openedInVain = { kind: 'train', input: { env: 'no-such-environment' }, seconds: 1 };

test('a thread runs one job after another with the same result each time; a failed job rejects with its cause', async () => {
  runner = openThreadRunner(commandKernels('off'));
  const first = await runner.run(danger);
  const trained = await runner.run({ ...train, input: { ...train.input, method: 'classifier', labels: 'oracle' } });
  expect(first.probabilities).toHaveLength(1);
  expect(trained).toMatchObject({
    updates: 12 * 2 * 3,
    checkpoints: [{ iteration: 0 }, { iteration: 12, 'eval/out_of_domain': expect.any(Number) }],
    labelQuality: [
      { iteration: 10, 'labels/accuracy': 1 },
      { iteration: 12, 'labels/accuracy': 1 },
    ],
    receipt: { outcome: { parametersSha256: trained.parametersSha256 } },
  });
  await expect(runner.run(openedInVain)).rejects.toThrow(
    /^env: no environment has the name no-such-environment; choose from/,
  );
  expect(await runner.run(danger)).toEqual(first);
});

test('a job whose thread is closed fails, and so does the next one', async () => {
  const closed = openThreadRunner(commandKernels('off'));
  const running = closed.run(danger);
  closed.close();
  await expect(running).rejects.toThrow('the thread was closed');
  await expect(closed.run(danger)).rejects.toThrow('the thread was closed');
});
