/** All kinds of jobs, by name. */
import type { JsonRecord } from '../record/json.ts';
import { dangerKind } from './danger/dangerJob.ts';
import type { Job, JobKind, JobTools } from './job.ts';
import { banditKind } from './similarity/banditJob.ts';
import { groupSignKind } from './theory/groupSignJob.ts';
import { riskyKind } from './theory/riskyActionJob.ts';
import { squeezeKind } from './theory/squeezingJob.ts';
import { stageKind } from './theory/stepErrorJob.ts';
import { runKind } from './trained/runFolderJob.ts';
import { trainKind } from './trained/trainJob.ts';

// The name of a job selects its kind, so each kind reads only inputs of its own type.
const kinds = [
  trainKind,
  dangerKind,
  banditKind,
  riskyKind,
  groupSignKind,
  squeezeKind,
  stageKind,
  runKind,
] as unknown as readonly JobKind<JsonRecord, JsonRecord>[];

/** The names of all kinds. */
export const jobKindNames: readonly string[] = kinds.map(({ name }) => name);

/** @throws RangeError if no kind has the job's name; any error that the job throws */
export async function runJob({ kind, input }: Pick<Job, 'kind' | 'input'>, tools: JobTools): Promise<JsonRecord> {
  const found = kinds.find(({ name }) => name === kind);
  if (found === undefined) {
    throw new RangeError(
      `runJob: kind must be one of ${jobKindNames.join(', ')}, got "${kind}"; add it to src/study/jobKinds.ts`,
    );
  }
  return found.run(input, tools);
}
