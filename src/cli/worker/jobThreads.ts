/** Threads in which a worker runs its jobs. */
import type { ReceivedJob } from '../../study/checkJob.ts';
import { checkResult } from '../../study/checkResult.ts';
import type { JobRunner } from '../../study/runJobs.ts';
import { type MadeResult, runMeasured } from '../study/executor.ts';

export interface JobThreads {
  /**
   * Runs a job in a free thread, or in a new one.
   *
   * @throws if the job fails, its result has the wrong form, or the signal is aborted
   */
  run(job: ReceivedJob, cancelled: AbortSignal): Promise<MadeResult>;
  close(): void;
}

/**
 * Threads that are used again. A thread whose job failed or was cancelled is closed.
 *
 * @param worker the name that is recorded
 */
export function openJobThreads(worker: string, openRunner: () => JobRunner): JobThreads {
  const free: JobRunner[] = [];
  return {
    async run(job, cancelled) {
      const runner = free.pop() ?? openRunner();
      const stop = (): void => runner.close();
      cancelled.addEventListener('abort', stop);
      try {
        const found = await runMeasured(runner, { ...job, seconds: 0 }, worker);
        checkResult(job, found.result);
        free.push(runner);
        return found;
      } catch (error) {
        runner.close();
        throw error;
      } finally {
        // The thread is free for another job now.
        cancelled.removeEventListener('abort', stop);
      }
    },
    close() {
      for (const runner of free.splice(0)) runner.close();
    },
  };
}
