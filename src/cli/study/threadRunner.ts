/** Runs a study's jobs in a thread of this process. */
import type { KernelChoice } from '../../engine/kernels/buildChoice.ts';
import type { JsonRecord } from '../../record/json.ts';
import type { Job } from '../../study/job.ts';
import type { JobRunner } from '../../study/runJobs.ts';
import { runKind } from '../../study/trained/runFolderJob.ts';
import type { Programs } from '../shared/bridges.ts';
import { openThread } from '../shared/thread.ts';
import type { CommandKernels } from '../width/commandKernels.ts';
import { withTemporaryFolder } from './temporaryFolder.ts';

// The entry is TypeScript in src/ and JavaScript in dist/.
const entry = import.meta.url.endsWith('.ts') ? './jobThread.ts' : './jobThread.js';

/** A job, and what the thread needs for it. */
export interface ThreadJob {
  readonly job: Job;
  /** The build of the kernels. */
  readonly choice: KernelChoice;
  /** Programs that the environment of the job may start. */
  readonly programs: Programs;
  /** An empty folder for a job whose result is the folder of a run; otherwise null. */
  readonly folder: string | null;
}

/**
 * @param kernels the first job waits until the build of the kernels is chosen
 * @param programs that environments may start. By default only those of this package, because a job may come from a
 *   file
 */
export function openThreadRunner(kernels: CommandKernels, programs: Programs = 'shipped'): JobRunner {
  let closing: Promise<unknown> | null = null;
  const { run, close } = openThread<ThreadJob, JsonRecord>(new URL(entry, import.meta.url), 'unbraid study');
  return {
    async run(job) {
      const choice = await kernels.settled('single');
      if (job.kind !== runKind.name) return run({ job, choice, programs, folder: null });
      return withTemporaryFolder(async (folder) => {
        try {
          return await run({ job, choice, programs, folder });
        } catch (error) {
          // A thread that was closed can write until it has ended.
          await closing;
          throw error;
        }
      });
    },
    close() {
      closing ??= close();
    },
  };
}
