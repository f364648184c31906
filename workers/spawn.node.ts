/** Starts workers as `worker_threads`: Node, Deno and Bun. */
import { Worker } from 'node:worker_threads';
import type { SpawnWorker } from '../src/parallel/crew.ts';
import type { WorkerHandle } from '../src/parallel/crewMember.ts';
import { handleOf } from './handle.node.ts';

// The entry is TypeScript when this file runs from source, and JavaScript when it runs from dist/.
const entry = import.meta.url.endsWith('.ts') ? './worker.node.ts' : './worker.node.js';

/** Starts workers from another file: the URL to which a bundler wrote `unbraid/worker`. For use with `openCrew`. */
export function spawnFrom(url: URL | string): SpawnWorker {
  return (name) => handleOf(new Worker(new URL(url), { name }));
}

/** Starts a worker. For use with `openCrew`. */
export function spawnWorker(name: string): WorkerHandle {
  return handleOf(new Worker(new URL(entry, import.meta.url), { name }));
}
