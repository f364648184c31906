/** A thread that does a study's jobs, one after another. */
import { type MessagePort, parentPort } from 'node:worker_threads';
import type { JsonRecord } from '../../record/json.ts';
import type { Job } from '../../study/job.ts';
import { runJob } from '../../study/jobKinds.ts';
import { openNamedBridge } from '../trainRun.ts';

/** What the thread answers to a job. */
export type JobAnswer = { readonly result: JsonRecord } | { readonly error: string };

const port = parentPort as MessagePort;

async function answer(job: Job): Promise<JobAnswer> {
  try {
    return { result: await runJob(job, { openBridge: openNamedBridge }) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

port.on('message', async (job: Job) => port.postMessage(await answer(job)));
