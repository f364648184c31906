/** Loads the libraries of the queue, which are optional: only commands with a queue need them. */
import type * as BullMQ from 'bullmq';
import type * as IORedis from 'ioredis';
import { usageError } from '../shared/arguments.ts';

export interface QueueLibraries {
  readonly bullmq: typeof BullMQ;
  readonly ioredis: typeof IORedis;
}

/** The versions with which the queue was tested. package.json names the same. */
export const queuePackages = 'bullmq@6.7.0 ioredis@6.0.0';

/** @throws a usage error with the command that installs them, if one is missing */
export async function loadQueueLibraries(): Promise<QueueLibraries> {
  try {
    return { ioredis: await import('ioredis'), bullmq: await import('bullmq') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw usageError(
      `queue: the packages bullmq and ioredis must be installed, got an import that failed; run: npm install ${queuePackages}`,
      error,
    );
  }
}
