/** Runs jobs of a gateway in this thread, which can be that of a worker. */
import { type ModuleSource, moduleFrom } from '../../engine/kernels/moduleFrom.ts';
import type { JsonRecord } from '../../record/json.ts';
import { checkJob } from '../checkJob.ts';
import { runJob } from '../jobKinds.ts';
import type { JobAnswer, VolunteerRunner } from './workerRunner.ts';

/** The part of a worker's global scope, or of a port, that `serveJobs` uses. */
export interface JobScope {
  /** Sends the answer of a job. */
  postMessage(message: unknown): void;
  /** Receives jobs. */
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

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

/** Runs jobs in the calling thread. While a job runs, the thread does little else, and it cannot be stopped. */
export function localRunner(): VolunteerRunner {
  return { run: (job) => runVolunteerJob(job), close() {} };
}
