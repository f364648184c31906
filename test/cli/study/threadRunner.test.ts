import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
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

test('a run trains in a temporary folder, which is removed after it, also if its thread is closed', async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'unbraid-thread-'));
  vi.stubEnv('TMPDIR', temporary);
  try {
    runner = openThreadRunner(commandKernels('off'));
    const run = { ...train, kind: 'run' };
    const { files } = (await runner.run(run)) as { files: Record<string, string> };
    expect(Object.keys(files)).toContain('receipt.json');
    expect(readdirSync(temporary)).toEqual([]);
    const running = runner.run({ ...run, input: { ...run.input, iterations: 100_000 } });
    const failed = expect(running).rejects.toThrow('the thread was closed');
    await vi.waitFor(
      () => expect(readdirSync(temporary, { recursive: true }).join()).toContain('metrics.jsonl'),
      10_000,
    );
    runner.close();
    await failed;
    expect(readdirSync(temporary)).toEqual([]);
  } finally {
    vi.unstubAllEnvs();
    rmSync(temporary, { recursive: true });
  }
});
