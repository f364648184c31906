/** Starts workers as `worker_threads`: Node, Deno and Bun. */
import { Worker } from 'node:worker_threads';
import { wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { WorkerHandle } from '../src/parallel/crew.ts';
import type { Seat } from '../src/parallel/seat.ts';

// From source the entry is TypeScript, from dist/ it is what became of it.
const entry = import.meta.url.endsWith('.ts') ? './worker.node.ts' : './worker.node.js';

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

/** Starts a worker; see `openCrew`. */
export function spawnWorker(name: string): WorkerHandle {
  return handleOf(new Worker(new URL(entry, import.meta.url), { name }));
}
