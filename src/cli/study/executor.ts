/** Where the jobs of a study run, and what is recorded about each run of a job. */
import { hostname } from 'node:os';
import type { JsonRecord } from '../../record/json.ts';
import type { Job } from '../../study/job.ts';
import { type FailedJob, type JobHandlers, type JobRunner, runJobs } from '../../study/runJobs.ts';

/** The run of a job. None of it is part of a result, because it differs between machines. */
export interface Made {
  /** Name of the worker; `local` for a thread of this process. */
  readonly worker: string;
  readonly host: string;
  /** Version of the runtime, such as `node v24.21.0`. */
  readonly runtime: string;
  /** Elapsed time of the job in seconds. */
  readonly seconds: number;
}

/** A result with the run that made it. */
export interface MadeResult {
  readonly result: JsonRecord;
  readonly made: Made;
}

/** Thrown by `keep` for a result of another machine that contradicts itself. Its job runs again. */
export class RefusedResult extends Error {}

/** State of the jobs that other machines do, for the progress display. */
export interface Reported {
  /** Text after the number of jobs, such as the names of the workers. */
  readonly detail: string;
  /** Number of jobs that run at the same time. */
  readonly lanes: number;
}

/** Two results of one job that differ, and the replay on the machine of the submitter that decides between them. */
export interface Dispute {
  readonly job: string;
  readonly claims: readonly { readonly worker: string; readonly sha256: string; readonly receipt: string | null }[];
  /** SHA-256 of the result of the replay on this machine. */
  readonly decided: string;
  /** The workers whose result differs from it. */
  readonly wrong: readonly string[];
}

/** What was replayed so far. */
export interface Verified {
  /** The share of results that is replayed. */
  readonly fraction: number;
  /** Number of results that another worker replayed. */
  readonly elsewhere: number;
  /** Number of replays on this machine: where there was no other worker, and where two results differed. */
  readonly here: number;
  readonly disputes: readonly Dispute[];
}

/** Runs jobs in this process or on other machines. */
export interface JobExecutor {
  /** Number of jobs that are expected to run at the same time. */
  readonly lanes: number;
  /** What runs `lanes` jobs at the same time, as in "on 2 threads". */
  readonly place: string;
  /** As `runJobs`. */
  run(
    jobs: readonly Job[],
    handlers: JobHandlers<Job, MadeResult> & { readonly onReport: (reported: Reported) => void },
  ): Promise<readonly FailedJob[]>;
  /**
   * What an interrupted command leaves behind, and how to resume it, without the command itself.
   *
   * @param left number of jobs that are not finished
   */
  interrupted(left: number): string;
  /**
   * Removes those of the jobs that wait for a worker.
   *
   * @returns their number
   */
  cancel(jobs: readonly Job[]): Promise<number>;
  /** What was replayed on other workers; null without such replays. */
  verified(): Verified | null;
  /** Releases what the executor holds. */
  close(): Promise<void>;
}

const thisRuntime = `node ${process.version}`;

/** Runs a job and measures its time. @param worker the name that is recorded */
export async function runMeasured(runner: JobRunner, job: Job, worker: string): Promise<MadeResult> {
  const startMs = performance.now();
  const result = await runner.run(job);
  const seconds = Math.round(performance.now() - startMs) / 1000;
  return { result, made: { worker, host: hostname(), runtime: thisRuntime, seconds } };
}

/** Runs jobs in threads of this process. @param workers number of threads */
export function localExecutor(workers: number, openRunner: () => JobRunner): JobExecutor {
  return {
    lanes: workers,
    place: `${workers} threads`,
    run: (jobs, handlers) =>
      runJobs<Job, MadeResult>(jobs, {
        ...handlers,
        workers,
        openRunner() {
          const runner = openRunner();
          return { run: (job) => runMeasured(runner, job, 'local'), close: runner.close };
        },
      }),
    interrupted: () => 'interrupted',
    cancel: async () => 0,
    verified: () => null,
    async close() {},
  };
}
