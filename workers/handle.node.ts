import type { Worker } from 'node:worker_threads';
import { wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { WorkerHandle } from '../src/parallel/crewMember.ts';
import type { WorkerApi } from '../src/parallel/worker.ts';

/** The handle through which a crew uses a thread. The script of the thread must call `serve`. */
export function handleOf(worker: Worker): WorkerHandle {
  const ended = new Promise<never>((_, reject) => {
    worker.once('error', reject);
    worker.once('messageerror', reject);
    worker.once('exit', (code) => reject(new Error(`the thread ended with exit code ${code}`)));
  });
  // A crew may not be listening when the worker exits: without this line the rejection would count as unhandled.
  ended.catch(() => {});
  return { api: wrap<WorkerApi>(nodeEndpoint(worker)), ended, terminate: () => void worker.terminate() };
}
