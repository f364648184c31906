/** Takes jobs from a queue and runs them in threads, so that this thread can renew the locks of the jobs. */
import type { Job as QueueJob, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { checkJob, jobStartsProgram, type ReceivedJob } from '../../study/checkJob.ts';
import { checkResult } from '../../study/checkResult.ts';
import type { JobRunner } from '../../study/runJobs.ts';
import { openRedis } from '../queue/connection.ts';
import type { QueueLibraries } from '../queue/libraries.ts';
import { prefix, type QueueKind, queueName, queuesKey } from '../queue/names.ts';
import { keepResult } from '../queue/results.ts';
import { REPORT_MS, removeWorker, reportWorker } from '../queue/workerNotes.ts';
import { runMeasured } from '../study/executor.ts';

/** Times of locks in ms. A job whose worker was killed runs elsewhere after at most `lock` + 2 `stalled`. */
export interface LockTimes {
  readonly lock: number;
  readonly stalled: number;
}

/** A job that ended this many workers fails, so that the others are done. */
const MOST_STALLS = 5;

/** Time in ms after which a job that this worker must not run is offered again. */
const OTHERS_MS = 1000;

/** After an error of the queue, no job is taken for this time in ms; doubled by each further error, up to the most. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

export interface WorkOptions {
  readonly libraries: QueueLibraries;
  readonly address: string;
  readonly name: string;
  readonly concurrency: number;
  readonly kinds: readonly QueueKind[];
  readonly locks: LockTimes;
  openRunner(): JobRunner;
  /** The reason why an environment cannot be played on this machine; null if it can. */
  missingGames(env: string): string | null;
  note(text: string): void;
  /** Called after each job with the number of finished ones. */
  onDone(done: number): void;
  readonly signal: AbortSignal;
}

/** Threads that are used again. A thread whose job failed or was cancelled is closed. */
function openThreads(openRunner: () => JobRunner) {
  const free: JobRunner[] = [];
  return {
    take: (): JobRunner => free.pop() ?? openRunner(),
    give: (runner: JobRunner): unknown => free.push(runner),
    close(): void {
      for (const runner of free.splice(0)) runner.close();
    },
  };
}

/** Lets at most `limit` callers through at the same time. */
export function openGate(limit: number) {
  let inside = 0;
  const queue: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (inside >= limit) await new Promise<void>((resolve) => queue.push(resolve));
    else inside++;
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next === undefined) inside--;
      else next();
    }
  };
}

/** Whether Redis refused a command, such as `OOM command not allowed` or `NOPERM`. */
function isRefusal({ message }: Error): boolean {
  return /^[A-Z]{3,} /.test(message);
}

/** Stops a worker from taking jobs for a while after each refused command, because it repeats the command at once. */
export function pauseAfterErrors(worker: Worker, note: (text: string) => void): () => void {
  let pauseMs = FIRST_PAUSE_MS;
  let timer: NodeJS.Timeout | null = null;
  let quiet: NodeJS.Timeout | null = null;
  worker.on('error', (error) => {
    if (timer !== null || !isRefusal(error)) return;
    note(`queue: ${error.message}; no job is taken for ${pauseMs / 1000} s`);
    void worker.pause(true).catch(() => {});
    timer = setTimeout(() => {
      timer = null;
      void worker.resume().catch(() => {});
      // Without a further error the next pause is short again.
      if (quiet !== null) clearTimeout(quiet);
      quiet = setTimeout(() => {
        pauseMs = FIRST_PAUSE_MS;
      }, 2 * pauseMs);
    }, pauseMs);
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
  });
  return () => {
    if (timer !== null) clearTimeout(timer);
    if (quiet !== null) clearTimeout(quiet);
  };
}

/** The queues of other versions that have waiting jobs, which this worker leaves to workers of those versions. */
async function otherQueues(redis: Redis, own: readonly string[]): Promise<readonly string[]> {
  const names = (await redis.smembers(queuesKey)).sort();
  const others = names.filter((name) => !own.includes(name));
  const lengths = await Promise.all(others.map((name) => redis.llen(`${prefix}:${name}:wait`)));
  return others.filter((_, i) => lengths[i] > 0);
}

/**
 * Takes and runs jobs until the signal is aborted, and then finishes those that run.
 *
 * @returns the number of finished jobs
 */
export async function workJobs(options: WorkOptions): Promise<number> {
  const { libraries, address, name, concurrency, kinds, locks, note, onDone, signal } = options;
  const redis = openRedis(libraries, address, name);
  const threads = openThreads(options.openRunner);
  const gate = openGate(concurrency);
  const own = kinds.map((kind) => queueName(kind));
  let done = 0;

  const received = (job: QueueJob, kind: QueueKind): ReceivedJob => {
    const checked = checkJob(job.data);
    if (jobStartsProgram(checked) && kind !== 'programs') {
      throw new Error('worker: a job that starts a program must be in the queue of such jobs, got one in the other');
    }
    return checked;
  };
  /**
   * A job that this worker cannot or must not run goes back, for another worker.
   *
   * @param ms until it is offered again
   */
  const goBack = async (job: QueueJob, token: string, ms: number, reason: string | null): Promise<never> => {
    if (reason !== null) note(`job ${String(job.id).slice(0, 12)} is left to others: ${reason}`);
    await job.moveToDelayed(Date.now() + ms, token);
    throw new libraries.bullmq.DelayedError();
  };
  const runJob = async (
    job: QueueJob,
    kind: QueueKind,
    token: string,
    cancelled: AbortSignal,
  ): Promise<{ sha: string }> => {
    const checked = received(job, kind);
    if (Array.isArray(job.data.not) && job.data.not.includes(name)) return goBack(job, token, OTHERS_MS, null);
    const missing = kind === 'programs' ? options.missingGames(String(checked.input.env)) : null;
    if (missing !== null) return goBack(job, token, locks.lock, missing);
    cancelled.throwIfAborted();
    const runner = threads.take();
    const stop = (): void => runner.close();
    cancelled.addEventListener('abort', stop);
    try {
      const found = await runMeasured(runner, { ...checked, seconds: 0 }, name);
      checkResult(checked, found.result);
      threads.give(runner);
      const kept = await keepResult(redis, job.queueName, String(job.id), checked.kind, found);
      if (kept === 'other') note(`job ${String(job.id).slice(0, 12)}: another worker stored another result`);
      done++;
      onDone(done);
      // The queue copies what is returned here to its events, so it is short.
      return { sha: kept };
    } catch (error) {
      runner.close();
      throw error;
    } finally {
      cancelled.removeEventListener('abort', stop);
    }
  };

  const workers = kinds.map((kind) => {
    const connection = openRedis(libraries, address, name);
    const worker = new libraries.bullmq.Worker(
      queueName(kind),
      // The queue passes a signal only to a function with three parameters.
      (job, token, cancelled) => gate(() => runJob(job, kind, token ?? '', cancelled as AbortSignal)),
      {
        ...{ connection, prefix, name, concurrency, drainDelay: 5 },
        ...{ lockDuration: locks.lock, stalledInterval: locks.stalled, maxStalledCount: MOST_STALLS },
      },
    );
    // Another worker has the job now, so this one must not go on with it.
    worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) worker.cancelJob(id, 'the lock is lost');
    });
    worker.on('failed', (job, error) => note(`job ${String(job?.id).slice(0, 12)} failed: ${error.message}`));
    const stopPauses = pauseAfterErrors(worker, note);
    return { worker, connection, stopPauses };
  });

  const seen = new Set<string>();
  const report = async (): Promise<void> => {
    await reportWorker(redis, { name, queues: own, concurrency, done });
    for (const other of await otherQueues(redis, own)) {
      if (!seen.has(other))
        note(`jobs of ${other} are left to workers of that kind; this worker takes ${own.join(', ')}`);
      seen.add(other);
    }
  };
  const reports = setInterval(() => void report().catch(() => {}), REPORT_MS);
  await report().catch(() => {});
  try {
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.all(workers.map(({ worker }) => worker.close()));
  } finally {
    clearInterval(reports);
    for (const { stopPauses, connection } of workers) {
      stopPauses();
      connection.disconnect();
    }
    threads.close();
    await removeWorker(redis, name).catch(() => {});
    redis.disconnect();
  }
  return done;
}
