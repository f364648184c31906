/** All sorts of jobs, by name. */
import type { JsonRecord } from '../record/json.ts';
import { banditKind } from './banditJob.ts';
import { dangerKind } from './dangerJob.ts';
import type { Job, JobKind, JobTools } from './job.ts';
import { riskyKind } from './riskyAction.ts';
import { squeezeKind } from './squeezing.ts';
import { stageKind } from './stepError.ts';
import { trainKind } from './trainJob.ts';

// Each kind reads only inputs of its own, which its name vouches for.
const kinds = [trainKind, dangerKind, banditKind, riskyKind, squeezeKind, stageKind] as unknown as readonly JobKind<
  JsonRecord,
  JsonRecord
>[];

/** @throws RangeError if no kind has the job's name; whatever the job throws */
export async function runJob({ kind, input }: Pick<Job, 'kind' | 'input'>, tools: JobTools): Promise<JsonRecord> {
  const found = kinds.find(({ name }) => name === kind);
  if (found === undefined) {
    const names = kinds.map(({ name }) => name).join(', ');
    throw new RangeError(`runJob: kind must be one of ${names}, got "${kind}"; add it to src/study/jobKinds.ts`);
  }
  return found.run(input, tools);
}
