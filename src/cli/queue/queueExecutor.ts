/** Runs the jobs of a study on a queue of Redis. */
import { randomBytes } from 'node:crypto';
import type { JobRunner } from '../../study/runJobs.ts';
import type { JobExecutor } from '../study/executor.ts';
import { openRedis, probeQueue } from './connection.ts';
import { followJobs, LEAVE_MS } from './followJobs.ts';
import { within } from './grace.ts';
import { loadQueueLibraries } from './libraries.ts';
import { prefix, type QueueKind, queueKinds, queueName, queuesKey } from './names.ts';
import { addedJob, type OpenJob, openJob } from './openJob.ts';
import { openVerification } from './verification.ts';
import { type Workforce, workforceOf } from './workerNotes.ts';

export interface QueueExecutorOptions {
  /** Share of the results that another worker replays, in [0, 1]. */
  readonly verifyFraction: number;
  /** Decides with the id of a job whether its result is replayed; random by default. */
  readonly key?: Uint8Array;
  /** Opens a thread of this process, for the replays that decide. */
  openRunner(): JobRunner;
  /** Prints a line. */
  note(text: string): void;
}

/**
 * Opens the queue.
 *
 * @param caller the command, for messages
 * @throws a usage error if the queue cannot be used
 */
export async function openQueueExecutor(
  caller: string,
  address: string,
  { verifyFraction, key = randomBytes(32), openRunner, note }: QueueExecutorOptions,
): Promise<JobExecutor> {
  const libraries = await loadQueueLibraries();
  await probeQueue(caller, libraries, address);
  const redis = openRedis(libraries, address, 'unbraid-submit');
  const [plain, programs] = queueKinds.map((kind) => {
    const queue = new libraries.bullmq.Queue(queueName(kind), { connection: redis, prefix });
    // An error also rejects the call that met it.
    queue.on('error', () => {});
    return queue;
  });
  const queueOf = (kind: QueueKind) => (kind === 'plain' ? plain : programs);
  let workforce: Workforce = { lanes: 0, names: [] };
  const countWorkers = async (): Promise<Workforce> => {
    workforce = await workforceOf(redis, plain.name);
    return workforce;
  };
  if ((await countWorkers()).lanes === 0) {
    note('no worker takes jobs from this queue yet; start one on any machine with: unbraid worker --queue');
  }

  /** Adds jobs. One that is in the queue stays as it is, unless it has ended there: it is then added again. */
  const add = async (open: readonly OpenJob[], not: readonly string[]): Promise<void> => {
    for (const kind of queueKinds) {
      const own = open.filter((each) => each.kind === kind);
      if (own.length === 0) continue;
      const queue = queueOf(kind);
      await redis.sadd(queuesKey, queue.name);
      const removeEnded = async ({ id }: OpenJob): Promise<void> => {
        const state = await queue.getJobState(id);
        if (state === 'failed' || state === 'completed') await queue.remove(id);
      };
      await Promise.all(own.map(removeEnded));
      await queue.addBulk(own.map((each) => addedJob(each, not)));
    }
  };

  let runner: JobRunner | null = null;
  const verification = openVerification({
    ...{ redis, queueOf, fraction: verifyFraction, key, note },
    replay(job) {
      runner ??= openRunner();
      return runner.run(job);
    },
  });

  return {
    get lanes() {
      return workforce.lanes;
    },
    get place() {
      const { lanes, names } = workforce;
      return lanes === 0
        ? 'one thread'
        : `${lanes} threads of ${names.length === 1 ? '1 worker' : `${names.length} workers`}`;
    },
    run: (jobs, handlers) =>
      followJobs({ redis, queueOf, add, countWorkers, verification, note, libraries, address }, jobs, handlers),
    interrupted: (left) => `detached; ${left} jobs stay in the queue, where workers run them`,
    async cancel(jobs) {
      let removed = 0;
      for (const { id, kind } of jobs.map(openJob)) {
        const state = await queueOf(kind).getJobState(id);
        if (state === 'waiting' || state === 'delayed') removed += await queueOf(kind).remove(id);
      }
      return removed;
    },
    verified: () => (verifyFraction > 0 ? verification.verified() : null),
    async close() {
      runner?.close();
      await Promise.all([plain, programs].map((queue) => within(LEAVE_MS, queue.close()).catch(() => {})));
      redis.disconnect();
    },
  };
}
