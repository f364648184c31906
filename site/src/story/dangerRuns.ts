/** Runs of the danger zone: trained by a few workers, kept by similarity and start. */
import { wrap } from 'comlink';
import type { DangerJob, DangerRun, DangerWorker } from './dangerWorker.ts';

/** Iterations of a run, and between two of its measurements. */
export const iterations = 120;
export const measureEvery = 10;

/** Runs of one similarity and start by seed, seed 1 first; a hole: not trained yet. */
export type SeedRuns = readonly (DangerRun | undefined)[];

export const keyOf = ({ rho, start }: Omit<DangerJob, 'seed'>): string => `${rho} ${start}`;

/** Workers that train at the same time. One core is left to the page. */
const workerCount = Math.min(4, Math.max(1, (navigator.hardwareConcurrency || 1) - 1));

/** Seconds of one job on an ordinary laptop: three conditions of one seed. */
const secondsPerJob = 1;

export function estimatedSeconds(jobs: number): number {
  return (jobs * secondsPerJob) / Math.min(workerCount, jobs);
}

/**
 * Trains jobs in order.
 *
 * @param report receives each run when it ends
 * @throws the worker's error, or the signal's reason
 */
export async function trainJobs(
  jobs: readonly DangerJob[],
  signal: AbortSignal,
  report: (job: DangerJob, run: DangerRun) => void,
): Promise<void> {
  const waiting = [...jobs];
  const workers: Worker[] = [];
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./dangerWorker.ts', import.meta.url), { type: 'module' });
      workers.push(worker);
      worker.addEventListener('error', (event) => reject(new Error(event.message || 'its worker could not be loaded')));
      signal.addEventListener('abort', () => reject(signal.reason));
      const remote = wrap<DangerWorker>(worker);
      const takeAll = async (): Promise<void> => {
        for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) report(job, await remote.train(job));
      };
      takeAll().then(resolve, reject);
    });
  try {
    await Promise.all(Array.from({ length: Math.min(workerCount, jobs.length) }, work));
  } finally {
    for (const worker of workers) worker.terminate();
  }
}

/** What a condition ended with, over the seeds trained so far. */
export interface Outcome {
  readonly seeds: number;
  /** Mean of p(wrong action) at each measurement. */
  readonly mean: readonly number[];
  readonly end: number;
  /** Seeds that end with the wrong action more likely than not. */
  readonly endWrong: number;
  readonly meanReturn: number;
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

/** null without a run. */
export function outcomeOf(runs: SeedRuns, arm: number): Outcome | null {
  const found = runs.flatMap((run) => (run ? [run] : []));
  if (found.length === 0) return null;
  const curves = found.map((run) => run.curves[arm]);
  const mean = curves[0].map((_, k) => meanOf(curves.map((curve) => curve[k])));
  return {
    seeds: found.length,
    mean,
    end: mean[mean.length - 1],
    endWrong: curves.filter((curve) => curve[curve.length - 1] > 0.5).length,
    meanReturn: meanOf(found.map((run) => run.returns[arm])),
  };
}
