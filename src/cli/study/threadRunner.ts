/** Runs a study's jobs in a thread of this process. */
import type { JsonRecord } from '../../record/json.ts';
import type { Job } from '../../study/job.ts';
import type { JobRunner } from '../../study/runJobs.ts';
import type { Programs } from '../shared/bridges.ts';
import { openThread } from '../shared/thread.ts';
import type { CommandKernels } from '../width/commandKernels.ts';

// The entry is TypeScript in src/ and JavaScript in dist/.
const entry = import.meta.url.endsWith('.ts') ? './jobThread.ts' : './jobThread.js';

/** A job, and the module of the wide build if that is chosen. */
export interface ThreadJob {
  readonly job: Job;
  readonly module: WebAssembly.Module | null;
  /** Programs that the environment of the job may start. */
  readonly programs: Programs;
}

/**
 * @param kernels the first job waits until the build of the kernels is chosen
 * @param programs that environments may start. By default only those of this package, because a job may come from a
 *   file
 */
export function openThreadRunner(kernels: CommandKernels, programs: Programs = 'shipped'): JobRunner {
  const { run, close } = openThread<ThreadJob, JsonRecord>(new URL(entry, import.meta.url), 'unbraid study');
  return {
    async run(job) {
      const { module } = await kernels.settled('single');
      return run({ job, module, programs });
    },
    close,
  };
}
