import { expect, test } from 'vitest';
import { runDangerJobs } from '../../../src/cli/danger/dangerJobs.ts';
import { openThreadRunner } from '../../../src/cli/study/threadRunner.ts';
import { commandKernels } from '../../../src/cli/width/commandKernels.ts';
import { runDanger } from '../../../src/study/danger/danger.ts';

const small = { seeds: 2, firstSeed: 5, starts: [0.6, 0.2], iterations: 10, method: 'decouple' };
const openRunner = () => openThreadRunner(commandKernels('off'));

test('jobs on two threads give the record of one thread, with either preset', async () => {
  for (const preset of ['default', 'prototype']) {
    const seen: [number, number][] = [];
    const onProgress = (done: number, total: number): void => void seen.push([done, total]);
    const spread = await runDangerJobs({ ...small, preset, workers: 2, onProgress }, openRunner);
    expect(spread).toEqual(await runDanger({ ...small, preset }));
    // Three conditions of each start and seed.
    expect(seen).toEqual([3, 6, 9, 12].map((done) => [done, 12]));
  }
}, 60_000);

test('options are checked before a thread is opened, and a job that fails ends in its message', async () => {
  const open = (): never => {
    throw new Error('opened');
  };
  await expect(runDangerJobs({ rho: 2, workers: 2 }, open)).rejects.toThrow(
    new RangeError('runDanger: rho must be a number in [0, 1], got 2; change rho'),
  );
  const failing = () => ({
    run: async (): Promise<never> => {
      throw new Error('out of memory');
    },
    close() {},
  });
  await expect(runDangerJobs({ ...small, workers: 1 }, failing)).rejects.toThrow(new Error('danger: out of memory'));
});

test('an abort ends it with its reason', async () => {
  const controller = new AbortController();
  const onProgress = (): void => controller.abort(new Error('stop now'));
  const work = runDangerJobs({ ...small, workers: 2, onProgress, signal: controller.signal }, openRunner);
  await expect(work).rejects.toThrow('stop now');
});
