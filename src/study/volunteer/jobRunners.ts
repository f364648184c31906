/** Runs jobs of a gateway in this thread, or in a Web Worker. */
import type { ModuleSource } from '../../engine/kernels/moduleFrom.ts';
import { moduleFrom } from '../../engine/kernels/moduleFrom.ts';
import type { JsonRecord } from '../../record/json.ts';
import { checkJob, type ReceivedJob } from '../checkJob.ts';
import { runJob } from '../jobKinds.ts';

/** Runs one job after another. */
export interface VolunteerRunner {
  /** @throws Error if the job fails, or the runner was closed */
  run(job: ReceivedJob): Promise<JsonRecord>;
  /** Ends it. A job that is running rejects. */
  close(): void;
}

/** The part of a worker's global scope, or of a port, that `serveJobs` uses. */
export interface JobScope {
  /** Sends the answer of a job. */
  postMessage(message: unknown): void;
  /** Receives jobs. */
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

type JobAnswer = { readonly result: JsonRecord } | { readonly error: string };

const noBridge = (name: string): Promise<never> =>
  Promise.reject(new Error(`volunteer: the environment of a job must be built in, got ${name}; leave it to a worker`));

/**
 * Runs a job and returns its result, which is bitwise identical in every runtime. The job is checked first, because
 * another program sent it.
 *
 * @param module the kernels, if a bundler moved them: a compiled module or its URL
 * @throws RangeError if the job breaks the rules of jobs; the error of the job
 */
export async function runVolunteerJob(job: unknown, module?: ModuleSource): Promise<JsonRecord> {
  const checked = checkJob(job);
  return runJob(checked, { openBridge: noBridge, ...(module && { module: await moduleFrom(module) }) });
}

/**
 * In a worker: runs each job that the page sends, and answers with its result.
 *
 * @param scope `globalThis` of the worker
 * @param module see `runVolunteerJob`
 */
export function serveJobs(scope: JobScope, module?: ModuleSource): void {
  scope.addEventListener('message', ({ data }) => {
    void runVolunteerJob(data, module)
      .then((result): JobAnswer => ({ result }))
      .catch((error: unknown): JobAnswer => ({ error: error instanceof Error ? error.message : String(error) }))
      .then((answer) => scope.postMessage(answer));
  });
}

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
