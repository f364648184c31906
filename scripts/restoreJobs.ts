/**
 * Unpacks the stored jobs of a study into the folder from which `unbraid study` takes finished jobs. The same command
 * as in docs/results then writes the report without a run.
 *
 *     node scripts/restoreJobs.ts decoupling runs/study
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { openJobStore } from '../src/cli/study/jobStore.ts';
import type { FinishedJob } from '../src/study/job.ts';
import { numericsVersion, unbraidVersion } from '../src/version.ts';

const [study, folder = 'runs/study'] = process.argv.slice(2);
if (study === undefined)
  throw new Error('restoreJobs: the study must be named, got none; name a folder of docs/results');
const packed = fileURLToPath(new URL(`../docs/results/${study}/jobs.jsonl.gz`, import.meta.url));
const store = openJobStore(join(folder, 'jobs'));
const lines = gunzipSync(readFileSync(packed)).toString().trimEnd().split('\n');
for (const line of lines) {
  const { job, unbraid, numerics, result } = JSON.parse(line) as FinishedJob;
  if (unbraid !== unbraidVersion || numerics !== numericsVersion)
    throw new Error(
      `restoreJobs: jobs must be of unbraid ${unbraidVersion} with numerics version ${numericsVersion}, got ${unbraid} and ${numerics}; use the unbraid that made them`,
    );
  store.keep({ ...job, seconds: 0 }, result);
}
console.log(`restored ${lines.length} jobs into ${join(folder, 'jobs')}`);
