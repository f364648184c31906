/** Runs a study's jobs in a thread of this process. */
import type { JsonRecord } from '../../record/json.ts';
import type { Job } from '../../study/job.ts';
import type { JobRunner } from '../../study/runJobs.ts';
import { openThread } from '../shared/thread.ts';

// The entry is TypeScript in src/ and JavaScript in dist/.
const entry = import.meta.url.endsWith('.ts') ? './jobThread.ts' : './jobThread.js';

export function openThreadRunner(): JobRunner {
  const { run, close } = openThread<Job, JsonRecord>(new URL(entry, import.meta.url), 'unbraid study');
  return { run: (job) => run(job), close };
}
