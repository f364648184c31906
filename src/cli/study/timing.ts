/**
 * timing.json of a study: who ran each job, on what, and for how long. It is kept apart from the report, which is
 * byte-identical on every machine.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeFileAtomic } from '../../record/files.node.ts';
import { encodeJson, isJsonObject, type JsonRecord } from '../../record/json.ts';
import type { Made } from './executor.ts';

const timingName = 'timing.json';

/** The runs of jobs by the hash of the job, as stored; a file that cannot be read counts as empty. */
function storedRuns(path: string): JsonRecord {
  if (!existsSync(path)) return {};
  try {
    const content = readJson(path);
    return isJsonObject(content) && isJsonObject(content.jobs) ? (content.jobs as JsonRecord) : {};
  } catch {
    // Times are no result: a damaged file must not end a study.
    return {};
  }
}

/** Adds the runs of this command to those of earlier ones in `directory`. @param made by the hash of the job */
export function writeTiming(directory: string, made: ReadonlyMap<string, Made>): void {
  if (made.size === 0) return;
  const path = join(directory, timingName);
  const added = Object.fromEntries([...made].map(([hash, each]) => [hash, { ...each }]));
  const jobs = { ...storedRuns(path), ...added };
  writeFileAtomic(path, `${encodeJson({ jobs }, timingName, 1)}\n`);
}

/** Names of the workers that made the results of earlier commands, by the hash of the job. */
export function storedWorkers(directory: string): ReadonlyMap<string, string> {
  const runs = Object.entries(storedRuns(join(directory, timingName)));
  return new Map(
    runs.flatMap(([hash, made]) =>
      isJsonObject(made) && typeof made.worker === 'string' ? [[hash, made.worker]] : [],
    ),
  );
}
