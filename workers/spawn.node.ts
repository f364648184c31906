/** Starts workers as `worker_threads`: Node, Deno and Bun. */
import { Worker } from 'node:worker_threads';
import type { SpawnWorker, WorkerHandle } from '../src/parallel/crew.ts';
import { handleOf } from './handle.node.ts';

// From source the entry is TypeScript, from dist/ it is what became of it.
const entry = import.meta.url.endsWith('.ts') ? './worker.node.ts' : './worker.node.js';

/** Starts workers from another file, where a bundler put `unbraid/worker`; see `openCrew`. */
export function spawnFrom(url: URL | string): SpawnWorker {
  return (name) => handleOf(new Worker(new URL(url), { name }));
}

/** Starts a worker; see `openCrew`. */
export function spawnWorker(name: string): WorkerHandle {
  return handleOf(new Worker(new URL(entry, import.meta.url), { name }));
}
