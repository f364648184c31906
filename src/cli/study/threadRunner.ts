/** Runs jobs in a thread of this process. */
import { Worker } from 'node:worker_threads';
import type { JsonRecord } from '../../record/json.ts';
import type { JobRunner } from '../../study/runJobs.ts';
import type { JobAnswer } from './jobThread.ts';

// From source the entry is TypeScript, from dist/ it is what became of it.
const entry = import.meta.url.endsWith('.ts') ? './jobThread.ts' : './jobThread.js';

export function openThreadRunner(): JobRunner {
  const worker = new Worker(new URL(entry, import.meta.url), { name: 'unbraid study' });
  // Of the newest job.
  let waiting: { resolve(result: JsonRecord): void; reject(error: Error): void } | null = null;
  let end: Error | null = null;
  const ended = (error: Error): void => {
    end ??= error;
    waiting?.reject(end);
  };
  worker.on('error', ended);
  worker.on('exit', (code) => ended(new Error(`the thread ended with exit code ${code}`)));
  worker.on('message', (answer: JobAnswer) => {
    if ('result' in answer) waiting?.resolve(answer.result);
    else waiting?.reject(new Error(answer.error));
  });
  return {
    run(job) {
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        if (end === null) worker.postMessage(job);
        else reject(end);
      });
    },
    close() {
      ended(new Error('the thread was closed'));
      void worker.terminate();
    },
  };
}
