/**
 * Runs jobs of a gateway in a Web Worker. This file is separate, so that a page loads the engine in the worker alone.
 */
import type { JsonRecord } from '../../record/json.ts';
import type { ReceivedJob } from '../checkJob.ts';

/** Runs one job after another. */
export interface VolunteerRunner {
  /** @throws Error if the job fails, or the runner was closed */
  run(job: ReceivedJob): Promise<JsonRecord>;
  /** Ends it. A job that is running rejects. */
  close(): void;
}

/** What a worker answers. */
export type JobAnswer = { readonly result: JsonRecord } | { readonly error: string };

/** In a page: runs jobs in a Web Worker whose script calls `serveJobs`. */
export function workerRunner(worker: Worker): VolunteerRunner {
  let waiting: { resolve(result: JsonRecord): void; reject(error: Error): void } | null = null;
  let ended: Error | null = null;
  const end = (error: Error): void => {
    ended ??= error;
    waiting?.reject(ended);
  };
  worker.addEventListener('error', (event) => end(new Error(event.message || 'the script of the worker did not load')));
  worker.addEventListener('message', ({ data }) => {
    const answer = data as JobAnswer;
    if ('result' in answer) waiting?.resolve(answer.result);
    else waiting?.reject(new Error(answer.error));
  });
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        if (ended === null) worker.postMessage(job);
        else reject(ended);
      }),
    close() {
      worker.terminate();
      end(new Error('the worker was closed'));
    },
  };
}
