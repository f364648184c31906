/**
 * Replays a share of the results of a queue on another worker, and decides who is right where they differ. Workers
 * cannot predict which results are replayed: the choice depends on a key that only this process knows.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { JsonRecord } from '../../record/json.ts';
import { textSha256 } from '../../record/sha256.ts';
import { checkResult } from '../../study/checkResult.ts';
import type { Job } from '../../study/job.ts';
import { resultSha } from '../../study/resultIdentity.ts';
import type { Dispute, MadeResult, Verified } from '../study/executor.ts';
import { type QueueKind, queueName } from './names.ts';
import { addedJob, type OpenJob } from './openJob.ts';
import { readResult, removeResult } from './results.ts';

export interface VerificationParts {
  readonly redis: Redis;
  queueOf(kind: QueueKind): Queue;
  /** In [0, 1]. */
  readonly fraction: number;
  /** Decides with the id of a job whether its result is replayed. */
  readonly key: Uint8Array;
  /** Runs a job on this machine. Its result decides. */
  replay(job: Job): Promise<JsonRecord>;
  note(text: string): void;
}

/** A result that is being replayed. */
interface Pending {
  readonly each: OpenJob;
  readonly found: MadeResult;
  /** The id of the replay in the queue. */
  readonly id: string;
}

export interface Decided {
  readonly each: OpenJob;
  readonly found: MadeResult | { readonly failure: string };
}

export interface Verification {
  /** Workers that returned a wrong result. None of their results is accepted. */
  readonly wrong: ReadonlySet<string>;
  /** Whether the result of this job is replayed. */
  chooses(id: string): boolean;
  /** Puts the replay of a result on the queue. The result must have been removed from Redis. */
  begin(each: OpenJob, found: MadeResult): Promise<void>;
  /**
   * Looks for finished replays.
   *
   * @param workers names of the workers of the queue
   * @returns the jobs that are decided, each with the right result, or with the reason why none is known
   */
  step(workers: readonly string[]): Promise<readonly Decided[]>;
  verified(): Verified;
}

/** Part of [0, 1) that stands for an id, uniform over ids and unknown without the key. */
function shareOf(key: Uint8Array, id: string): number {
  return createHmac('sha256', key).update(id).digest().readUInt32BE(0) / 2 ** 32;
}

function receiptOf({ result }: MadeResult): string | null {
  const { receipt } = result as { receipt?: { hash?: unknown } };
  return typeof receipt?.hash === 'string' ? receipt.hash : null;
}

export function openVerification({ redis, queueOf, fraction, key, replay, note }: VerificationParts): Verification {
  const wrong = new Set<string>();
  const disputes: Dispute[] = [];
  const pending = new Map<string, Pending>();
  let elsewhere = 0;
  let here = 0;

  const claimOf = ({ job }: OpenJob, of: MadeResult) => ({
    ...{ worker: of.made.worker, sha256: resultSha(job.kind, of.result), receipt: receiptOf(of) },
  });
  /** The job is run on this machine, and each of the claims is compared with its result. */
  const decide = async ({ each, found }: Pending, claims: readonly MadeResult[]): Promise<Decided['found']> => {
    let result: JsonRecord;
    try {
      result = await replay(each.job);
    } catch (error) {
      const reason = (error as Error).message;
      if (claims.length > 1)
        return { failure: `two workers disagree, and the replay on this machine failed: ${reason}` };
      note(
        `job ${each.id.slice(0, 12)} is not verified: there is no other worker, and its replay here failed: ${reason}`,
      );
      return found;
    }
    here++;
    const decided = resultSha(each.job.kind, result);
    const stated = claims.map((claim) => claimOf(each, claim));
    const liars = stated.filter(({ sha256 }) => sha256 !== decided).map(({ worker }) => worker);
    if (liars.length === 0) return found;
    for (const liar of liars) {
      wrong.add(liar);
      note(`worker ${liar} returned a wrong result of job ${each.id.slice(0, 12)}; all of its results are replaced`);
    }
    disputes.push({ job: each.id, claims: stated, decided, wrong: liars });
    return { result, made: { ...found.made, worker: 'local' } };
  };
  const replayOf = async ({ each, found, id }: Pending): Promise<MadeResult | null> => {
    try {
      const second = await readResult(redis, queueName(each.kind), id, each.job.kind);
      if (second === null) return null;
      checkResult(each.job, second.result);
      // A replay counts only if another worker made it.
      if (second.made.worker !== found.made.worker) return second;
    } catch {
      // A replay that is no result says nothing about the first one: it is made again.
    }
    await removeResult(redis, queueName(each.kind), id);
    return null;
  };
  const add = async ({ each, found, id }: Pending): Promise<void> => {
    const queue = queueOf(each.kind);
    const state = await queue.getJobState(id);
    if (state === 'failed' || state === 'completed') await queue.remove(id);
    const { name, data, opts } = addedJob({ ...each, id }, [found.made.worker, ...wrong]);
    await queue.add(name, data, opts);
  };

  return {
    wrong,
    chooses: (id) => shareOf(key, id) < fraction,
    async begin(each, found) {
      const id = textSha256(`verify ${each.id} ${randomBytes(8).toString('hex')}`);
      const one = { each, found, id };
      pending.set(id, one);
      await add(one);
    },
    async step(workers) {
      const decided: Decided[] = [];
      for (const one of [...pending.values()]) {
        const { each, found, id } = one;
        const others = workers.filter((name) => name !== found.made.worker && !wrong.has(name));
        const second = await replayOf(one);
        if (second === null && others.length > 0) {
          // Redis may have lost the replay, or it failed on the other worker.
          const state = await queueOf(each.kind).getJobState(id);
          if (state === 'unknown' || state === 'failed' || state === 'completed') await add(one);
          continue;
        }
        pending.delete(id);
        await queueOf(each.kind).remove(id);
        await removeResult(redis, queueName(each.kind), id);
        if (second !== null) elsewhere++;
        const { kind } = each.job;
        const agrees = second !== null && resultSha(kind, second.result) === resultSha(kind, found.result);
        decided.push({ each, found: agrees ? found : await decide(one, second === null ? [found] : [found, second]) });
      }
      return decided;
    },
    verified: () => ({ fraction, elsewhere, here, disputes }),
  };
}
