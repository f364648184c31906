import type { Worker } from 'node:worker_threads';
import { wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { WorkerHandle } from '../src/parallel/crew.ts';
import type { Seat } from '../src/parallel/worker.ts';

/** What a crew needs of a thread whose script serves a seat. */
export function handleOf(worker: Worker): WorkerHandle {
  const ended = new Promise<never>((_, reject) => {
    worker.once('error', reject);
    worker.once('messageerror', reject);
    worker.once('exit', (code) => reject(new Error(`the thread ended with exit code ${code}`)));
  });
  // Whoever calls the worker hears of it; nobody may be calling.
  ended.catch(() => {});
  return { seat: wrap<Seat>(nodeEndpoint(worker)), ended, terminate: () => void worker.terminate() };
}
