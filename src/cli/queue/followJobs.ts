/**
 * Adds jobs to a queue, waits for their results and stores these.
 *
 * Events of the queue are hints that can be lost. All open jobs are therefore looked up at intervals, and a job that
 * has neither a stored result nor a place in the queue is added again.
 */
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { checkResult } from '../../study/checkResult.ts';
import type { Job } from '../../study/job.ts';
import type { FailedJob, JobHandlers } from '../../study/runJobs.ts';
import { type MadeResult, RefusedResult, type Reported } from '../study/executor.ts';
import { isRefusal, openRedis } from './connection.ts';
import { graceAfter, within } from './grace.ts';
import type { QueueLibraries } from './libraries.ts';
import { prefix, type QueueKind, queueKinds, queueName } from './names.ts';
import { type OpenJob, openJob } from './openJob.ts';
import { forgetResult, readResult, removeResult, withResult } from './results.ts';
import type { Verification } from './verification.ts';
import type { Workforce } from './workerNotes.ts';

/** Interval in ms at which the results of all open jobs are looked up. */
const SWEEP_MS = 2000;

/** The states of the jobs without a result are read in every look-up of this number. */
const STATES_EVERY = 5;

/** Most jobs of one command in the queue at the same time. */
const WINDOW = 2000;

/** Time in ms after an interruption for which the command waits for Redis. */
export const LEAVE_MS = 1000;

/** A job with this many results that were refused fails. */
const MOST_REFUSALS = 3;

export interface QueueParts {
  readonly redis: Redis;
  readonly libraries: QueueLibraries;
  readonly address: string;
  queueOf(kind: QueueKind): Queue;
  /** Adds jobs. @param not names of workers that must leave them to others */
  add(open: readonly OpenJob[], not: readonly string[]): Promise<void>;
  readonly verification: Verification;
  countWorkers(): Promise<Workforce>;
  note(text: string): void;
}

/** Why a job failed, for the user. */
function failureText(reason: string | undefined): string {
  if (reason === undefined || reason === '') return 'the worker stated no reason';
  if (/stalled/.test(reason)) return 'several workers ended while they ran the job';
  return reason;
}

function workersText({ names }: Workforce): string {
  const shown = names.slice(0, 3).join(', ');
  return `${names.length === 1 ? '1 worker' : `${names.length} workers`}${shown === '' ? '' : `: ${shown}`}${names.length > 3 ? ', ...' : ''}`;
}

/** Waits for `ms`, or until `wake` is called. */
function openPause() {
  let end = (): void => {};
  return {
    wait: (ms: number): Promise<void> =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        end = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
    wake: (): void => end(),
  };
}

/** Calls `hint` with the id of each job that ends; returns a function that stops this. */
function listen({ libraries, address }: QueueParts, hint: (id: string) => void): () => Promise<void> {
  const opened = queueKinds.map((kind) => {
    const connection = openRedis(libraries, address, 'unbraid-events');
    const events = new libraries.bullmq.QueueEvents(queueName(kind), { connection, prefix });
    events.on('error', () => {});
    events.on('completed', ({ jobId }) => hint(jobId));
    events.on('failed', ({ jobId }) => hint(jobId));
    return { connection, events };
  });
  return async () => {
    await Promise.all(opened.map(({ events }) => within(LEAVE_MS, events.close()).catch(() => {})));
    for (const { connection } of opened) connection.disconnect();
  };
}

/** As `runJobs`, with a report on the workers. */
export async function followJobs(
  parts: QueueParts,
  jobs: readonly Job[],
  { keep, onEnd, onReport, signal }: JobHandlers<Job, MadeResult> & { readonly onReport: (reported: Reported) => void },
): Promise<readonly FailedJob[]> {
  const { redis, queueOf, countWorkers, verification, note } = parts;
  const add = (of: readonly OpenJob[]): Promise<void> => parts.add(of, [...verification.wrong]);
  const waiting = jobs.map(openJob);
  const open = new Map<string, OpenJob>();
  const failed = new Map<Job, string>();
  const refusals = new Map<string, number>();
  const verifying = new Set<string>();
  const hinted = new Set<string>();
  /** After an interruption, a command of Redis may still be open, and its result is no longer wanted. */
  let left = false;
  const pause = openPause();

  const end = ({ id, job }: OpenJob): void => {
    open.delete(id);
    verifying.delete(id);
    onEnd?.(job);
  };
  const fail = (each: OpenJob, message: string): void => {
    failed.set(each.job, message);
    end(each);
  };
  const addAgain = async (each: OpenJob): Promise<void> => {
    await removeResult(redis, queueName(each.kind), each.id);
    await add([each]);
  };
  /** A result of the wrong form is removed, and its job is added again. */
  const refuse = async (each: OpenJob, reason: string): Promise<void> => {
    const count = (refusals.get(each.id) ?? 0) + 1;
    refusals.set(each.id, count);
    if (count >= MOST_REFUSALS) return fail(each, `${count} results were refused; the last: ${reason}`);
    note(`a result of job ${each.id.slice(0, 12)} is refused: ${reason}; the job is added again`);
    await addAgain(each);
  };
  const accept = async (each: OpenJob, found: MadeResult): Promise<void> => {
    try {
      keep(each.job, found);
    } catch (error) {
      if (error instanceof RefusedResult) return refuse(each, error.message);
      throw error;
    }
    end(each);
    await forgetResult(redis, queueName(each.kind), each.id, each.job.kind);
  };
  const collect = async (each: OpenJob): Promise<void> => {
    if (verifying.has(each.id)) return;
    let found: MadeResult;
    try {
      const stored = await readResult(redis, queueName(each.kind), each.id, each.job.kind);
      if (stored === null || left) return;
      checkResult(each.job, stored.result);
      found = stored;
    } catch (error) {
      if (left || isRefusal(error)) throw error;
      return refuse(each, (error as Error).message);
    }
    if (verification.wrong.has(found.made.worker)) return addAgain(each);
    if (verification.chooses(each.id)) {
      verifying.add(each.id);
      // The worker of the replay must not read the first result.
      await removeResult(redis, queueName(each.kind), each.id);
      return verification.begin(each, found);
    }
    await accept(each, found);
  };
  const verify = async ({ names }: Workforce): Promise<void> => {
    for (const { each, found } of await verification.step(names)) {
      if ('failure' in found) {
        fail(each, found.failure);
        continue;
      }
      verifying.delete(each.id);
      await accept(each, found);
    }
  };
  const collectAll = async (): Promise<void> => {
    for (const kind of queueKinds) {
      const own = [...open.values()].filter((each) => each.kind === kind).map(({ id }) => id);
      for (const id of await withResult(redis, queueName(kind), own)) await collect(open.get(id) as OpenJob);
    }
  };
  /** Ends the job if it failed. Returns whether the queue has lost it. */
  const readState = async (each: OpenJob): Promise<boolean> => {
    if (verifying.has(each.id)) return false;
    const queue = queueOf(each.kind);
    const state = await queue.getJobState(each.id);
    if (state !== 'failed' && state !== 'completed' && state !== 'unknown') return false;
    // A worker stores the result before its job ends.
    await collect(each);
    if (!open.has(each.id)) return false;
    if (state !== 'failed') return true;
    fail(each, failureText((await queue.getJob(each.id))?.failedReason));
    return false;
  };
  const readStates = async (of: readonly OpenJob[]): Promise<void> => {
    // All at once: one after another, each would wait for the network.
    const lost = await Promise.all(of.map(readState));
    if (lost.includes(true)) await add(of.filter((_, i) => lost[i]));
  };
  const fill = async (): Promise<void> => {
    const more = waiting.splice(0, WINDOW - open.size);
    if (more.length === 0) return;
    for (const each of more) open.set(each.id, each);
    // An earlier command may have left results.
    await collectAll();
    await add(more.filter(({ id }) => open.has(id)));
  };

  let sweeps = 0;
  let sweptMs = Number.NEGATIVE_INFINITY;
  const look = async (): Promise<void> => {
    await fill();
    const told = [...hinted].flatMap((id) => open.get(id) ?? []);
    hinted.clear();
    for (const each of told) await collect(each);
    await readStates(told.filter(({ id }) => open.has(id)));
    if (performance.now() - sweptMs < SWEEP_MS) return;
    sweptMs = performance.now();
    sweeps++;
    await collectAll();
    if (sweeps % STATES_EVERY === 0) await readStates([...open.values()]);
    const workforce = await countWorkers();
    if (verifying.size > 0) await verify(workforce);
    const replays = verifying.size > 0 ? `, ${verifying.size} being verified` : '';
    onReport({ lanes: workforce.lanes, detail: `${workersText(workforce)}${replays}` });
  };
  const noted = new Set<string>();
  const follow = async (): Promise<void> => {
    while (open.size > 0 || waiting.length > 0) {
      signal?.throwIfAborted();
      try {
        await look();
      } catch (error) {
        if (!isRefusal(error)) throw error;
        if (!noted.has(error.message)) note(`queue: ${error.message}; it is tried again every ${SWEEP_MS / 1000} s`);
        noted.add(error.message);
        await pause.wait(SWEEP_MS);
      }
      if (open.size > 0 && hinted.size === 0) await pause.wait(SWEEP_MS);
    }
  };

  const stopListening = listen(parts, (id) => {
    if (!open.has(id)) return;
    hinted.add(id);
    pause.wake();
  });
  signal?.addEventListener('abort', pause.wake);
  try {
    await (signal === undefined ? follow() : graceAfter(signal, LEAVE_MS, follow()));
  } finally {
    left = true;
    signal?.removeEventListener('abort', pause.wake);
    await stopListening();
  }
  return jobs.flatMap((job) => {
    const message = failed.get(job);
    return message === undefined ? [] : [{ job, message }];
  });
}
