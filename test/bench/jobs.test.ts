import { expect, test } from 'vitest';
import { measureJobs } from '../../bench/jobs.ts';
import type { Worker } from '../../bench/pool.ts';
import { trainingSeeds } from '../../bench/training.ts';

/** A worker whose runs take `seconds` and whose success rises to `end` within 140 of 160 iterations. */
function workerOf(key: string, seconds: number, end: number, words = 7): { worker: Worker; asked: string[] } {
  const asked: string[] = [];
  const worker: Worker = {
    spec: { key, name: key, command: [] },
    tasks: new Set(),
    versions: {},
    check: async () => ({ states: Float32Array.of(words) }),
    time: () => Promise.reject(new Error('a job is no task')),
    async job(name, seed) {
      asked.push(`${name} ${seed}`);
      const success = Float32Array.from({ length: 160 }, (_, i) => (end * Math.min(140, i)) / 140);
      return { microseconds: 1e6 * seconds, busy: 1, success };
    },
    close: () => undefined,
  };
  return { worker, asked };
}

const probe = async (): Promise<number> => 25;

test('each job runs on its workers in turn, once for each seed, and the first run warms up', async () => {
  const [own, off, torch] = [workerOf('unbraid', 2, 0.5), workerOf('unbraid-off', 3, 0.5), workerOf('torch', 9, 0.25)];
  const workers = [own, off, torch].map(({ worker }) => worker);
  const results = await measureJobs(workers, probe, { wants: () => true, log: () => undefined });
  expect(results.map(({ job, worker }) => `${job} ${worker}`)).toEqual([
    'household unbraid',
    'household unbraid-off',
    'training unbraid',
    'training torch',
  ]);
  expect(off.asked).toEqual(trainingSeeds.map((seed) => `household ${seed}`));
  expect(torch.asked).toEqual(trainingSeeds.map((seed) => `training ${seed}`));
  const [, , , { runs }] = results;
  expect(runs.map(({ warmUp }) => warmUp)).toEqual(trainingSeeds.map((_, i) => i === 0));
  expect(runs[1]).toMatchObject({ microseconds: 9e6, success: expect.closeTo(0.25, 6) });
  expect(runs[1].peakRatio).toBeCloseTo(25 / 9e6, 15);
});

test('PyTorch does not run where its household has other rules', async () => {
  const [own, torch] = [workerOf('unbraid', 2, 0.5), workerOf('torch', 9, 0.25, 8)];
  const options = { wants: (job: string) => job === 'training', log: () => undefined };
  const [, other] = await measureJobs([own.worker, torch.worker], probe, options);
  expect(other.reason).toBe('its household is not ours: states differs by 1.4e-1');
  expect(torch.asked).toEqual([]);
});

test('a job that fails has the reason and the runs before it', async () => {
  const { worker } = workerOf('unbraid', 2, 0.5);
  const failing: Worker = {
    ...worker,
    job: (name, seed) => (seed === 3 ? Promise.reject(new Error('out of memory')) : worker.job(name, seed)),
  };
  const options = { wants: (job: string) => job === 'household', log: () => undefined };
  const [{ runs, reason }] = await measureJobs([failing], probe, options);
  expect([runs.length, reason]).toEqual([2, 'out of memory']);
});
