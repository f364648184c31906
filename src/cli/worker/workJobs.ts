/** Takes jobs from a queue and runs them in threads, so that this thread can renew the locks of the jobs. */
import type { Job as QueueJob } from 'bullmq';
import type { Redis } from 'ioredis';
import { checkJob, jobStartsProgram, type ReceivedJob } from '../../study/checkJob.ts';
import type { JobRunner } from '../../study/runJobs.ts';
import { isRefusal, openRedis } from '../queue/connection.ts';
import { graceAfter, within } from '../queue/grace.ts';
import type { QueueLibraries } from '../queue/libraries.ts';
import { prefix, type QueueKind, queueName, queuesKey } from '../queue/names.ts';
import { keepResult, withResult } from '../queue/results.ts';
import { REPORT_MS, removeWorker, reportWorker } from '../queue/workerNotes.ts';
import { openJobThreads } from './jobThreads.ts';
import { FIRST_PAUSE_MS, pauseAfterRefusals } from './pauses.ts';

/** Times of locks in ms. A job whose worker was killed runs elsewhere after at most `lock` + 2 `stalled`. */
export interface LockTimes {
  readonly lock: number;
  readonly stalled: number;
}

/** A job that ended this many workers fails, so that the others are done. */
const MOST_STALLS = 5;

/** Time in ms for which a worker that is told to stop waits for a Redis that does not answer. */
const PARTING_MS = 3000;
const POLL_MS = 50;

/**
 * A job that this worker must not run is offered again after the first time in ms. The worker takes no job in its place
 * for the second one: otherwise it would be the first to take the job again, because it knows that time.
 */
const OFFERED_MS = 20;
const OTHERS_MS = 200;

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
  const threads = openJobThreads(name, options.openRunner);
  const gate = openGate(concurrency);
  const own = kinds.map((kind) => queueName(kind));
  let done = 0;
  let running = 0;
  const counted = async <T>(work: Promise<T>): Promise<T> => {
    running++;
    try {
      return await work;
    } finally {
      running--;
    }
  };

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
    if (reason === null) await new Promise((resolve) => setTimeout(resolve, OTHERS_MS));
    throw new libraries.bullmq.DelayedError();
  };
  /** Repeats a command that Redis refuses, because its memory may be full for a while. */
  const insist = async <T>(id: string, cancelled: AbortSignal, command: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await graceAfter(signal, PARTING_MS, command());
      } catch (error) {
        if (signal.aborted) note(`job ${id.slice(0, 12)}: ${(error as Error).message}; it runs again elsewhere`);
        if (!isRefusal(error) || cancelled.aborted || signal.aborted) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS));
    }
  };
  const runJob = async (
    job: QueueJob,
    kind: QueueKind,
    token: string,
    cancelled: AbortSignal,
  ): Promise<{ kept: string }> => {
    const checked = received(job, kind);
    if (Array.isArray(job.data.not) && job.data.not.includes(name)) return goBack(job, token, OFFERED_MS, null);
    const missing = kind === 'programs' ? options.missingGames(String(checked.input.env)) : null;
    if (missing !== null) return goBack(job, token, locks.lock, missing);
    cancelled.throwIfAborted();
    // A worker that ended between storing its result and completing its job leaves both.
    const id = String(job.id);
    const stored = await insist(id, cancelled, () => withResult(redis, job.queueName, [id]));
    if (stored.length > 0) return { kept: 'stored' };
    const found = await threads.run(checked, cancelled);
    const kept = await insist(id, cancelled, () => keepResult(redis, job.queueName, id, checked.kind, found));
    if (kept === 'other') note(`job ${id.slice(0, 12)}: another worker stored another result`);
    done++;
    onDone(done);
    // The queue copies what is returned here to its events, so it is short.
    return { kept };
  };

  const workers = kinds.map((kind) => {
    const connection = openRedis(libraries, address, name);
    const worker = new libraries.bullmq.Worker(
      queueName(kind),
      // The queue passes a signal only to a function with three parameters.
      (job, token, cancelled) => counted(gate(() => runJob(job, kind, token ?? '', cancelled as AbortSignal))),
      {
        ...{ connection, prefix, name, concurrency, drainDelay: 5, runRetryDelay: 1000 },
        ...{ lockDuration: locks.lock, stalledInterval: locks.stalled, maxStalledCount: MOST_STALLS },
      },
    );
    // Another worker has the job now, so this one must stop its own run of it.
    worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) {
        note(`job ${id.slice(0, 12)}: its lock is lost; it runs again, here or elsewhere`);
        worker.cancelJob(id, 'the lock is lost');
      }
    });
    worker.on('failed', (job, error) => note(`job ${String(job?.id).slice(0, 12)} failed: ${error.message}`));
    const stopPauses = pauseAfterRefusals(worker, connection, note);
    return { worker, connection, stopPauses };
  });

  /** Returns whether Redis answers. */
  const closeOne = async ({ worker, connection, stopPauses }: (typeof workers)[number]): Promise<boolean> => {
    stopPauses();
    await worker.pause(true);
    while (running > 0) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    // Without Redis, an ordinary close does not end. It waits for a job that was taken in this moment.
    const answers = await within(PARTING_MS, connection.ping()).catch(() => null);
    await worker.close(answers === null).catch(() => {});
    connection.disconnect();
    return answers !== null;
  };

  const seen = new Set<string>();
  const report = async (): Promise<void> => {
    await reportWorker(redis, { name, queues: own, concurrency, done });
    for (const other of await otherQueues(redis, own)) {
      if (!seen.has(other))
        note(`jobs of ${other} are left to workers of that kind; this worker takes ${own.join(', ')}`);
      seen.add(other);
    }
  };
  let reporting = false;
  const tryReport = async (): Promise<void> => {
    if (reporting) return;
    reporting = true;
    await report().catch(() => {});
    reporting = false;
  };
  const reports = setInterval(() => void tryReport(), REPORT_MS);
  void tryReport();
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  clearInterval(reports);
  const answers = await Promise.all(workers.map(closeOne));
  threads.close();
  // Without Redis, its list of workers forgets this one.
  if (!answers.includes(false)) await within(PARTING_MS, removeWorker(redis, name)).catch(() => {});
  redis.disconnect();
  return done;
}
