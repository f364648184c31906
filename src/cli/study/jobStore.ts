/**
 * Finished jobs in a folder, one file per job. A job with a file is not run again, whichever study needs its result.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureWritableDirectory, readJson, writeFileAtomic } from '../../record/files.node.ts';
import { canonicalJson, encodeJson, isJsonObject, type JsonRecord } from '../../record/json.ts';
import { finishedJob, type Job, jobHash } from '../../study/job.ts';

export interface JobStore {
  /** The result of a finished job; null if the job is not finished. */
  read(job: Job): JsonRecord | null;
  /**
   * Writes the result atomically.
   *
   * @returns the result as `read` returns it
   */
  keep(job: Job, result: JsonRecord): JsonRecord;
  /** Removes the result, so that the job runs again. */
  remove(job: Job): void;
}

/** A copy with the keys in alphabetical order, so that it does not depend on where the job ran. */
function inOrder(result: JsonRecord): JsonRecord {
  return JSON.parse(canonicalJson(result)) as JsonRecord;
}

/** @throws if `directory` is not writable. `read` throws if the file is damaged or belongs to another job. */
export function openJobStore(directory: string): JobStore {
  ensureWritableDirectory(directory);
  const pathOf = (job: Job): string => join(directory, `${jobHash(job)}.json`);
  return {
    read(job) {
      const path = pathOf(job);
      if (!existsSync(path)) return null;
      const content = readJson(path);
      const expected = finishedJob(job, {});
      const same =
        isJsonObject(content) &&
        isJsonObject(content.result) &&
        canonicalJson({ ...content, result: {} } as JsonRecord) === canonicalJson({ ...expected });
      if (same) return inOrder(content.result as JsonRecord);
      throw new Error(`study: ${path} must contain the job of its name; remove the file to run the job again`);
    },
    remove: (job) => rmSync(pathOf(job), { force: true }),
    keep(job, result) {
      const kept = inOrder(result);
      writeFileAtomic(pathOf(job), `${encodeJson(finishedJob(job, kept), `result of ${job.kind}`)}\n`);
      return kept;
    },
  };
}
