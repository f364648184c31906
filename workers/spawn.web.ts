/** Starts workers as Web Workers, in pages. */
import { wrap } from 'comlink';
import type { SpawnWorker } from '../src/parallel/crew.ts';
import type { WorkerHandle } from '../src/parallel/crewMember.ts';
import type { WorkerApi } from '../src/parallel/worker.ts';

/** The handle through which a crew uses a Web Worker. The script of the worker must call `serve`. */
function handleOf(worker: Worker): WorkerHandle {
  const listening = new AbortController();
  const ended = new Promise<never>((_, reject) => {
    const { signal } = listening;
    worker.addEventListener('error', (event) => reject(new Error(event.message || 'its script did not load')));
    worker.addEventListener('messageerror', () => reject(new Error('a message could not be read')));
    // A browser can suspend or terminate the workers of a hidden page without an event, so `pagehide` counts as a
    // failure. Inside a worker that starts workers, `pagehide` never fires.
    addEventListener('pagehide', () => reject(new Error('the page was hidden or closed')), { signal });
  });
  ended.catch(() => {});
  return {
    api: wrap<WorkerApi>(worker),
    ended,
    terminate() {
      listening.abort();
      worker.terminate();
    },
  };
}

/** Starts workers from another file: the URL to which a bundler wrote `unbraid/worker`. For use with `openCrew`. */
export function spawnFrom(url: URL | string): SpawnWorker {
  return (name) => handleOf(new Worker(url, { type: 'module', name }));
}

/** Starts a worker. For use with `openCrew`. */
export function spawnWorker(name: string): WorkerHandle {
  // Bundlers detect a worker only if `new Worker(new URL(...))` is one expression.
  return handleOf(new Worker(new URL('./worker.web.js', import.meta.url), { type: 'module', name }));
}
