/** Starts workers as Web Workers: pages. */
import { wrap } from 'comlink';
import type { SpawnWorker, WorkerHandle } from '../src/parallel/crew.ts';
import type { Seat } from '../src/parallel/worker.ts';

/** What a crew needs of a Web Worker whose script serves a seat. */
function handleOf(worker: Worker): WorkerHandle {
  const listening = new AbortController();
  const ended = new Promise<never>((_, reject) => {
    const { signal } = listening;
    worker.addEventListener('error', (event) => reject(new Error(event.message || 'its script did not load')));
    worker.addEventListener('messageerror', () => reject(new Error('a message could not be read')));
    // A hidden page's workers stand still or are gone, and tell nobody. Workers that start workers see no such event.
    addEventListener('pagehide', () => reject(new Error('the page was hidden or closed')), { signal });
  });
  ended.catch(() => {});
  return {
    seat: wrap<Seat>(worker),
    ended,
    terminate() {
      listening.abort();
      worker.terminate();
    },
  };
}

/** Starts workers from another file, where a bundler put `unbraid/worker`; see `openCrew`. */
export function spawnFrom(url: URL | string): SpawnWorker {
  return (name) => handleOf(new Worker(url, { type: 'module', name }));
}

/** Starts a worker; see `openCrew`. */
export function spawnWorker(name: string): WorkerHandle {
  // In one expression: bundlers look for it.
  return handleOf(new Worker(new URL('./worker.web.js', import.meta.url), { type: 'module', name }));
}
