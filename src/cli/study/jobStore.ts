/** Finished jobs in a folder, a file each: what is there is never done again, whichever study asks for it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureWritableDirectory, readJson, writeFileAtomic } from '../../record/files.node.ts';
import { canonicalJson, encodeJson, isJsonObject, type JsonRecord } from '../../record/json.ts';
import { finishedJob, type Job, jobHash } from '../../study/job.ts';

export interface JobStore {
  /** The result of a finished job; null where it is still to be done. */
  read(job: Job): JsonRecord | null;
  /** Writes a whole file or none. */
  keep(job: Job, result: JsonRecord): void;
}

/** @throws if `directory` cannot be written in; `read` if a file there is damaged or of another job */
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
      if (same) return content.result as JsonRecord;
      throw new Error(`study: ${path} must hold the job it is named after; remove the file to do the job again`);
    },
    keep(job, result) {
      writeFileAtomic(pathOf(job), `${encodeJson(finishedJob(job, result), `result of ${job.kind}`)}\n`);
    },
  };
}
