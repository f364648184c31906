/**
 * Complete runs on household in turn, one thread each: the two builds of the engine, and the training alone beside
 * PyTorch. The first round warms the processes up, and its times do not count.
 */
import { difference } from './agreement.ts';
import type { Worker } from './pool.ts';
import type { JobRun, JobRuns } from './result.ts';
import { median } from './sampling.ts';
import { trainingSeeds } from './training.ts';

/** Workers of each job. */
const workersOf: Readonly<Record<string, readonly string[]>> = {
  household: ['unbraid', 'unbraid-off'],
  training: ['unbraid', 'torch'],
};

/** Probes before and after a run, of which the median counts. */
const PROBES = 9;
/** Last iterations of a run, whose mean success is compared. */
const LAST = 20;

const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, x) => sum + x, 0) / values.length;

/** The reason why PyTorch's job is another job than ours; null if its rules agree. */
async function otherRules(ours: Worker, worker: Worker): Promise<string | null> {
  if (worker.spec.key !== 'torch') return null;
  const found = difference(await ours.check('household'), await worker.check('household'), {});
  return found && `its household is not ours: ${found}`;
}

/** Measures the jobs of `options`; a worker that fails has the reason in place of runs. */
export async function measureJobs(
  workers: readonly Worker[],
  probe: () => Promise<number>,
  options: { readonly wants: (job: string) => boolean; readonly log: (line: string) => void },
): Promise<JobRuns[]> {
  const results: JobRuns[] = [];
  const probed = async (): Promise<number> => {
    const times: number[] = [];
    for (let i = 0; i < PROBES; i++) times.push(await probe());
    return median(times);
  };
  for (const [job, keys] of Object.entries(workersOf).filter(([name]) => options.wants(name))) {
    const own = workers.filter(({ spec }) => keys.includes(spec.key));
    const entries = own.map((worker) => ({ worker, runs: [] as JobRun[], reason: null as string | null }));
    for (const entry of entries) entry.reason = await otherRules(own[0], entry.worker).catch(String);
    for (const [round, seed] of trainingSeeds.entries()) {
      for (const entry of entries.filter(({ reason }) => reason === null)) {
        try {
          const before = await probed();
          const { microseconds, busy, success } = await entry.worker.job(job, seed);
          const after = await probed();
          const peakRatio = (before + after) / 2 / microseconds;
          const run = { seed, microseconds, busy, peakRatio, success: mean(success.slice(-LAST)) };
          entry.runs.push({ ...run, warmUp: round === 0 });
        } catch (error) {
          entry.reason = (error as Error).message;
        }
      }
    }
    for (const { worker, runs, reason } of entries) {
      const { key, name } = worker.spec;
      results.push({ job, worker: key, name, runs, ...(reason !== null && { reason }) });
      const seconds = runs.map(({ microseconds }) => (microseconds / 1e6).toFixed(2)).join(', ');
      options.log(`job ${job}, ${name}: ${reason ?? `${seconds} s`}`);
    }
  }
  return results;
}
