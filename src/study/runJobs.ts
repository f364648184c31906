/** Runs jobs side by side; a job that fails does not stop the rest. */
import type { JsonRecord } from '../record/json.ts';
import type { Job } from './job.ts';

/** Does one job at a time. */
export interface JobRunner {
  /** @throws if the job fails, the runner dies, or it is closed */
  run(job: Job): Promise<JsonRecord>;
  close(): void;
}

export interface FailedJob {
  readonly job: Job;
  readonly message: string;
}

export interface RunJobsOptions {
  /** Jobs at the same time; at least 1. */
  readonly workers: number;
  openRunner(): JobRunner;
  /** Stores a result; what it throws (a full disk, say) ends the work. */
  keep(job: Job, result: JsonRecord): void;
  /** Called whenever a job has ended, well or not. */
  readonly onEnd?: (job: Job) => void;
  readonly signal?: AbortSignal;
}

/**
 * Does all jobs, begun in the order given.
 *
 * @returns the jobs that failed, in the order given
 * @throws what `keep` throws; the signal's reason on abort. Jobs that run then are lost, the others are kept.
 */
export async function runJobs(jobs: readonly Job[], options: RunJobsOptions): Promise<readonly FailedJob[]> {
  const { openRunner, keep, onEnd, signal } = options;
  const failures = new Map<Job, string>();
  const open = new Set<JobRunner>();
  let next = 0;
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    for (const runner of open) runner.close();
  };
  const begin = (): JobRunner => {
    const runner = openRunner();
    open.add(runner);
    return runner;
  };
  const lane = async (): Promise<void> => {
    let runner = begin();
    try {
      while (next < jobs.length && !stopped) {
        const job = jobs[next++];
        const result = await runner.run(job).catch((error: unknown) => {
          failures.set(job, error instanceof Error ? error.message : String(error));
          return null;
        });
        if (stopped) return;
        if (result !== null) {
          keep(job, result);
        } else {
          // Whatever broke may have broken the runner too.
          open.delete(runner);
          runner.close();
          runner = begin();
        }
        onEnd?.(job);
      }
    } catch (error) {
      stop();
      throw error;
    } finally {
      open.delete(runner);
      runner.close();
    }
  };
  signal?.throwIfAborted();
  signal?.addEventListener('abort', stop);
  try {
    const lanes = Math.min(options.workers, jobs.length);
    await Promise.all(Array.from({ length: lanes }, lane));
  } finally {
    signal?.removeEventListener('abort', stop);
  }
  signal?.throwIfAborted();
  return jobs.flatMap((job) => {
    const message = failures.get(job);
    return message === undefined ? [] : [{ job, message }];
  });
}
