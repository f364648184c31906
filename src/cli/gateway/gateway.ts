/**
 * Serves jobs of a queue to volunteers. For the queue the gateway is a worker: it takes a job, opens it to volunteers,
 * and ends it once their results agree. So the queue keeps and restores the jobs, and Redis the leases and votes.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { gunzipSync } from 'node:zlib';
import type { Job as QueueJob } from 'bullmq';
import { parseJson } from '../../check/parseJson.ts';
import type { JsonRecord } from '../../record/json.ts';
import { checkJob, jobStartsProgram, type ReceivedJob } from '../../study/checkJob.ts';
import { resultSha } from '../../study/resultIdentity.ts';
import type { JobRunner } from '../../study/runJobs.ts';
import { runKind } from '../../study/trained/runFolderJob.ts';
import { openRedis } from '../queue/connection.ts';
import type { QueueLibraries } from '../queue/libraries.ts';
import { prefix, queueName } from '../queue/names.ts';
import { keepResult, removeResult, withResult } from '../queue/results.ts';
import { REPORT_MS, removeWorker, reportWorker } from '../queue/workerNotes.ts';
import { runMeasured } from '../study/executor.ts';
import { pauseAfterRefusals } from '../worker/pauses.ts';
import { type LockTimes, openGate } from '../worker/workJobs.ts';
import type { Tokens } from './identity.ts';
import { openLeases } from './leases.ts';
import { openRetry } from './rates.ts';
import { gatewayRoutes } from './routes.ts';
import { type Limits, openServer } from './server.ts';

/** Interval in ms at which late leases end and decisions of other gateways are found. */
const SWEEP_MS = 1000;

/** A job without a lease for this time in ms goes back to the queue, and without requests no job is taken. */
const IDLE_MS = 60_000;

/** Time in ms for which the queue holds a job that goes back, so that a worker can take it. */
const BACK_MS = 5000;

/** Interval in ms between two jobs that are too long for volunteers. */
const TOO_LONG_MS = 100;

/** A stalled gateway is no fault of its jobs. */
const MOST_STALLS = 50;

export interface GatewayOptions {
  readonly libraries: QueueLibraries;
  readonly address: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly origins: readonly string[];
  readonly proxy: boolean;
  readonly tokens: Tokens | null;
  readonly limits: Limits;
  /** Share of the accepted jobs that the gateway replays. With 0, a trusted identity must be among those that agree. */
  readonly spotCheck: number;
  readonly leaseMs: number;
  /** Longest estimate of a job in seconds. */
  readonly longest: number;
  /** Number of jobs that are open to volunteers at the same time. */
  readonly open: number;
  readonly locks: LockTimes;
  /** Time in ms for which leases may end after the signal. */
  readonly drainMs: number;
  openRunner(): JobRunner;
  note(text: string): void;
  /** Called once with the port. */
  onListening(port: number): void;
  readonly signal: AbortSignal;
}

/** A job that is open to volunteers in this process. */
interface Held {
  readonly job: ReceivedJob;
  /** Time of the latest result in seconds, from its lease to its arrival. */
  seconds: number;
  /** Its state may have changed. */
  readonly hint: ReturnType<typeof openHint>;
}

/** A wait that ends when it is fired, or at once if it was fired since the last one. */
function openHint() {
  let fired = false;
  let end = (): void => {};
  return {
    fire(): void {
      fired = true;
      end();
    },
    async wait(): Promise<void> {
      if (!fired)
        await new Promise<void>((resolve) => {
          end = resolve;
        });
      fired = false;
    },
  };
}

const short = (id: string): string => id.slice(0, 12);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Serves jobs until the signal is aborted, then waits for the results of open leases and gives all other jobs back.
 *
 * @returns the number of jobs that volunteers have finished
 */
export async function serveGateway(options: GatewayOptions): Promise<number> {
  const { libraries, address, name, tokens, spotCheck, leaseMs, note, signal } = options;
  const redis = openRedis(libraries, address, name);
  const connection = openRedis(libraries, address, name);
  const queue = new libraries.bullmq.Queue(queueName('plain'), { connection: redis, prefix });
  queue.on('error', () => {});
  const leases = openLeases(redis, queue.name);
  const held = new Map<string, Held>();
  const nowMs = (): number => performance.now();
  const retry = openRetry(nowMs);
  const oneReplay = openGate(1);
  const oneTooLong = openGate(1);
  const secret = randomBytes(32);
  let runner: JobRunner | null = null;
  let askedMs = Number.NEGATIVE_INFINITY;
  let done = 0;
  let out = 0;
  let ending = false;
  let forced = false;
  const closeRunner = (): void => {
    runner?.close();
    runner = null;
  };

  /** A client cannot predict this, because it does not have the secret. */
  const drawn = (id: string): boolean =>
    createHmac('sha256', secret).update(id).digest().readUInt32BE(0) / 2 ** 32 < spotCheck;

  /** Removes results that a disproved identity was a part of, and adds their jobs again. */
  const requeue = async (ids: readonly string[]): Promise<void> => {
    for (const id of ids) {
      // This process still has the job, and looks at its votes again before it ends.
      if (held.has(id)) continue;
      await removeResult(redis, queue.name, id);
      const job = await queue.getJob(id);
      if (job) {
        await queue.remove(id);
        await queue.add(job.name, job.data, { ...job.opts, jobId: id });
      }
      note(
        `job ${short(id)}: its result is in doubt, because an identity behind it was disproved by another job; ${job ? 'it runs again' : 'the queue no longer has it'}. A study that has collected it keeps it: remove ${id}.json from its folder of jobs, and run the study again`,
      );
    }
  };
  const takeVotes = async (id: string, job: ReceivedJob, sha: string): Promise<boolean> => {
    const body = await leases.body(id, sha);
    if (body !== null) {
      const result = parseJson(gunzipSync(body, { maxOutputLength: options.limits.resultBytes * 2 }).toString());
      const made = { worker: name, host: hostname(), runtime: 'volunteers', seconds: held.get(id)?.seconds ?? 0 };
      const kept = await keepResult(redis, queue.name, id, job.kind, { result: result as JsonRecord, made });
      if (kept === 'other') note(`job ${short(id)}: another worker stored another result`);
      if (await leases.finish(id)) return true;
      await removeResult(redis, queue.name, id);
    } else {
      await leases.finish(id);
    }
    note(`job ${short(id)}: the votes behind its result no longer count; it is open again`);
    await leases.open(id);
    return false;
  };
  /** Returns whether it was done; at the end of the gateway it is left to another one. */
  const replay = async (id: string, job: ReceivedJob): Promise<boolean> => {
    if (forced) return false;
    runner ??= options.openRunner();
    try {
      const found = await runMeasured(runner, { ...job, seconds: 0 }, name);
      const sha = resultSha(job.kind, found.result);
      const doubted = await leases.proven(id, sha);
      await keepResult(redis, queue.name, id, job.kind, found);
      await leases.finish(id);
      note(`job ${short(id)}: replayed`);
      await requeue(doubted);
      return true;
    } catch (error) {
      closeRunner();
      if (forced) return false;
      await leases.finish(id);
      throw error;
    }
  };
  const goBack = async (job: QueueJob, token: string, delayMs: number): Promise<never> => {
    await job.moveToDelayed(Date.now() + delayMs, token);
    throw new libraries.bullmq.DelayedError();
  };

  /** Holds a job until its result is stored, or until no client has leased it for a while. */
  const hold = async (queued: QueueJob, token: string, cancelled: AbortSignal): Promise<{ sha: string }> => {
    const id = String(queued.id);
    const job = checkJob(queued.data);
    if (jobStartsProgram(job)) throw new Error('gateway: a job of this queue must start no program, got one that does');
    const { seconds, not } = queued.data as { seconds?: unknown; not?: unknown };
    const refused = Array.isArray(not) && not.includes(name);
    // The files of a run are megabytes, which a browser would have to send.
    if (refused || job.kind === runKind.name || (typeof seconds === 'number' && seconds > options.longest)) {
      await oneTooLong(() => pause(TOO_LONG_MS));
      return goBack(queued, token, BACK_MS);
    }
    if ((await withResult(redis, queue.name, [id])).length > 0) return { sha: 'same' };
    await leases.open(id);
    const hint = openHint();
    held.set(id, { job, seconds: 0, hint });
    const stop = (): void => hint.fire();
    cancelled.addEventListener('abort', stop);
    try {
      for (; ; await hint.wait()) {
        cancelled.throwIfAborted();
        const [state] = await leases.states([id]);
        if (state.state === 'accepted' && state.sha !== null) {
          if (await takeVotes(id, job, state.sha)) break;
        } else if (state.state === 'replay' || (state.needs && !ending && state.out <= 0 && state.idleMs > IDLE_MS)) {
          if (await oneReplay(() => replay(id, job))) break;
          return await goBack(queued, token, 0);
        } else if (state.out <= 0 && (ending || state.idleMs > IDLE_MS)) {
          await leases.close(id);
          return await goBack(queued, token, ending ? 0 : BACK_MS);
        } else if (forced) {
          // Its leases stay: another gateway can take their results.
          return await goBack(queued, token, 0);
        }
      }
      done++;
      return { sha: 'new' };
    } finally {
      cancelled.removeEventListener('abort', stop);
      held.delete(id);
    }
  };

  const worker = new libraries.bullmq.Worker(
    queue.name,
    // The queue passes a signal only to a function with three parameters.
    (job, token, cancelled) => hold(job, token ?? '', cancelled as AbortSignal),
    {
      ...{ connection, prefix, name, concurrency: options.open, drainDelay: 5, autorun: false },
      ...{ lockDuration: options.locks.lock, stalledInterval: options.locks.stalled, maxStalledCount: MOST_STALLS },
    },
  );
  worker.on('lockRenewalFailed', (ids) => {
    for (const id of ids) worker.cancelJob(id, 'the lock is lost');
  });
  worker.on('failed', (job, error) => note(`job ${short(String(job?.id))} failed: ${error.message}`));
  const stopPauses = pauseAfterRefusals(worker, connection, note);

  const jobOf = async (id: string): Promise<ReceivedJob | null> => {
    const own = held.get(id)?.job;
    if (own) return own;
    // Another gateway holds it, or has ended and left its leases.
    const queued = await queue.getJob(id);
    return queued && (await queued.isActive()) ? checkJob(queued.data) : null;
  };
  /** Whether the worker takes jobs. It begins with the first request. */
  let taking = false;
  const takeJobs = (): void => {
    askedMs = nowMs();
    if (taking) return;
    taking = true;
    if (worker.isRunning()) void worker.resume();
    else void worker.run().catch((error: Error) => note(`queue: ${error.message}`));
  };

  const routes = gatewayRoutes({
    ...{ leases, leaseMs, retry, jobOf, requeue, note },
    ask: takeJobs,
    isEnding: () => ending,
    checks: spotCheck > 0,
    drawn,
    changed(id, seconds) {
      const own = held.get(id);
      if (own === undefined) return;
      own.seconds = seconds ?? own.seconds;
      own.hint.fire();
    },
  });

  const sweep = async (): Promise<void> => {
    out = await leases.sweep();
    if (taking && nowMs() - askedMs > IDLE_MS) {
      taking = false;
      await worker.pause(true);
    }
    const ids = [...held.keys()];
    const states = await leases.states(ids);
    for (const [i, state] of states.entries()) {
      const over = state.out <= 0 && (ending || state.idleMs > IDLE_MS);
      if (state.state !== null || over) held.get(ids[i])?.hint.fire();
    }
  };
  let server: Awaited<ReturnType<typeof openServer>> | null = null;
  const sweeps = setInterval(() => void sweep().catch(() => {}), SWEEP_MS);
  const report = (): Promise<void> =>
    reportWorker(redis, { name, queues: [queue.name], concurrency: Math.max(1, out), done });
  const reports = setInterval(() => void report().catch(() => {}), REPORT_MS);
  try {
    server = await openServer({ ...options, tokens, routes, nowMs });
    await report().catch(() => {});
    options.onListening(server.port);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    ending = true;
    note(`the gateway leases no more jobs, and waits at most ${options.drainMs / 1000} s for open leases`);
    // Jobs that go back to the queue must not be taken again.
    if (worker.isRunning()) await worker.pause(true);
    const emptied = async (ms: number): Promise<void> => {
      const untilMs = nowMs() + ms;
      for (const { hint } of held.values()) hint.fire();
      while (held.size > 0 && nowMs() < untilMs) await pause(50);
    };
    await emptied(options.drainMs);
    forced = true;
    // A replay is repeated by the next gateway.
    closeRunner();
    await emptied(2000);
    await worker.close(true);
  } finally {
    clearInterval(sweeps);
    clearInterval(reports);
    stopPauses();
    await server?.close();
    closeRunner();
    connection.disconnect();
    await removeWorker(redis, name).catch(() => {});
    redis.disconnect();
  }
  return done;
}
