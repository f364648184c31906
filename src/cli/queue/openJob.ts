/** Jobs of a command whose results are missing. */
import { jobStartsProgram } from '../../study/checkJob.ts';
import { type Job, jobHash } from '../../study/job.ts';
import type { QueueKind } from './names.ts';

export interface OpenJob {
  /** The id in the queue: the hash of the job. */
  readonly id: string;
  readonly job: Job;
  readonly kind: QueueKind;
}

export function openJob(job: Job): OpenJob {
  return { id: jobHash(job), job, kind: jobStartsProgram(job) ? 'programs' : 'plain' };
}

const HOUR = 3600;

/**
 * A job as BullMQ adds it. Equal jobs have one id, so two commands share them.
 *
 * @param not names of workers that must leave the job to others
 */
export function addedJob({ id, job: { kind, input, seconds } }: OpenJob, not: readonly string[] = []) {
  const opts = { jobId: id, attempts: 1, removeOnComplete: { age: HOUR }, removeOnFail: { age: 24 * HOUR } };
  return { name: kind, data: { kind, input, seconds, ...(not.length > 0 && { not }) }, opts };
}
