/** Times both builds of the kernels in a thread of its own, so that the command does not wait. */
import { Worker } from 'node:worker_threads';
import type { KernelChoice } from '../../engine/kernels/buildChoice.ts';
import type { Build } from '../../engine/kernels/load.ts';

export interface Timing {
  /** Resolves with the narrow build and the reason if the timing fails. */
  readonly choice: Promise<KernelChoice>;
  /** From now on the process waits for the timing. Otherwise it exits without it. */
  keepAlive(): void;
}

// The entry is TypeScript in src/ and JavaScript in dist/.
const entry = import.meta.url.endsWith('.ts') ? './timingThread.ts' : './timingThread.js';

/** @param url a module that posts one `KernelChoice` for the build that it receives as `workerData` */
export function timeInThread(build: Build, url: URL = new URL(entry, import.meta.url)): Timing {
  const worker = new Worker(url, { name: 'unbraid timing', workerData: build });
  worker.unref();
  const choice = new Promise<KernelChoice>((resolve) => {
    const failed = (why: string): void =>
      resolve({ build: 'narrow', buildReason: `the builds could not be timed: ${why}`, module: null });
    worker.once('message', resolve);
    worker.once('messageerror', (error) => failed(error.message));
    worker.once('error', (error) => failed(error instanceof Error ? error.message : String(error)));
    worker.once('exit', (code) => failed(`the thread ended with exit code ${code}`));
  });
  return { choice, keepAlive: () => worker.ref() };
}
