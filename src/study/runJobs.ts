/** Runs jobs concurrently. A job that fails does not stop the others. */
import type { JsonRecord } from '../record/json.ts';
import type { Job } from './job.ts';

/** Runs one job at a time. */
export interface JobRunner<J = Job, R extends NonNullable<unknown> = JsonRecord> {
  /** @throws Error if the job fails, the runner exits, or it is closed */
  run(job: J): Promise<R>;
  /** Ends the runner. A job that is running then rejects after all of its work has stopped. */
  close(): void;
}

export interface FailedJob<J = Job> {
  readonly job: J;
  readonly message: string;
}

/** How the results of jobs are used. */
export interface JobHandlers<J = Job, R extends NonNullable<unknown> = JsonRecord> {
  /** Stores a result. If it throws (for example because the disk is full), the run ends. */
  keep(job: J, result: R): void;
  /** Called after each job has ended, successfully or not. */
  readonly onEnd?: (job: J) => void;
  readonly signal?: AbortSignal;
}

export interface RunJobsOptions<J, R extends NonNullable<unknown>> extends JobHandlers<J, R> {
  /** Number of concurrent jobs; at least 1. */
  readonly workers: number;
  openRunner(): JobRunner<J, R>;
}

/**
 * Runs all jobs, started in the given order.
 *
 * @returns the jobs that failed, in the given order
 * @throws the error of `keep`; the signal's reason on abort. It throws after every runner has ended its job: jobs that
 *   are running then are lost, finished ones are kept.
 */
export async function runJobs<J, R extends NonNullable<unknown>>(
  jobs: readonly J[],
  options: RunJobsOptions<J, R>,
): Promise<readonly FailedJob<J>[]> {
  const { openRunner, keep, onEnd, signal } = options;
  const failures = new Map<J, string>();
  const open = new Set<JobRunner<J, R>>();
  let next = 0;
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    for (const runner of open) runner.close();
    open.clear();
  };
  const begin = (): JobRunner<J, R> => {
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
          // The cause of the failure may have damaged the runner, too.
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
      if (open.delete(runner)) runner.close();
    }
  };
  signal?.throwIfAborted();
  signal?.addEventListener('abort', stop);
  try {
    const lanes = Math.min(options.workers, jobs.length);
    const ends = await Promise.allSettled(Array.from({ length: lanes }, lane));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
  signal?.throwIfAborted();
  return jobs.flatMap((job) => {
    const message = failures.get(job);
    return message === undefined ? [] : [{ job, message }];
  });
}
