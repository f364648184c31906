/** Worker threads that share the phases of a run with the thread that opened them, and what happens when one of them ends. */
import { Arena, createArena, createSharedMemory } from '../kernels/arena.ts';
import { engineModule } from '../kernels/load.ts';
import type { Seat } from './seat.ts';

/** A worker as its host gives it. */
export interface WorkerHandle {
  /** Calls of its seat; each is one message there and one back. */
  readonly seat: Seat;
  /** Rejects, with the host's reason, when the worker ends by itself; never resolves. */
  readonly ended: Promise<never>;
  terminate(): void;
}

/** Starts a worker: `spawnWorker` of `unbraid/workers`. */
export type SpawnWorker = (name: string) => WorkerHandle;

/**
 * Where the workers of a crew find parameters and leave gradients:
 * - `own`: there is one thread, with a memory of its own;
 * - `shared`: all threads share one memory;
 * - `copied`: each has its own, and parameters and gradients travel in messages: slower, the same bits.
 */
export type MemoryMode = 'own' | 'shared' | 'copied';

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Threads of one or more runs, one after another. The thread that opens a crew is its first worker and does its share of each phase. */
export class Crew {
  /** Threads, the calling one included. */
  readonly size: number;
  readonly memory: MemoryMode;
  /** Why `memory` is what it is, in words. */
  readonly reason: string;
  readonly #workers: readonly WorkerHandle[];
  #closed = false;

  constructor(workers: readonly WorkerHandle[], memory: MemoryMode, reason: string) {
    this.#workers = workers;
    this.size = workers.length + 1;
    this.memory = memory;
    this.reason = reason;
  }

  /** A new memory for a run, shared where the crew's mode is. */
  async arena(): Promise<Arena> {
    return this.memory === 'shared' ? new Arena(await engineModule('threads'), createSharedMemory()) : createArena();
  }

  /**
   * One message to each worker but the calling thread, which does its own share meanwhile.
   *
   * @param send makes the call; workers are numbered from 1
   * @returns the replies in the order of the workers; each rejects as soon as its worker fails or ends, naming it and the phase
   */
  each<T>(phase: string, send: (seat: Seat, worker: number) => Promise<T>): Promise<T>[] {
    if (this.#closed)
      throw new Error(`Crew.each: the crew must be open in phase "${phase}", got a closed one; open another`);
    const replies = this.#workers.map(async ({ seat, ended }, i) => {
      try {
        return await Promise.race([send(seat, i + 1), ended]);
      } catch (error) {
        throw new Error(
          `worker ${i + 2} of ${this.size} failed in phase "${phase}": ${reasonOf(error)}; the run has stopped, its newest checkpoint is good; go on from it (unbraid train --resume DIR)`,
          { cause: error },
        );
      }
    });
    // The caller may fail in its own share, or have all it needs, before it comes to wait for these.
    for (const reply of replies) reply.catch(() => {});
    return replies;
  }

  /** All replies of `each`. */
  async call<T>(phase: string, send: (seat: Seat, worker: number) => Promise<T>): Promise<T[]> {
    return Promise.all(this.each(phase, send));
  }

  close(): void {
    this.#closed = true;
    for (const worker of this.#workers) worker.terminate();
  }
}

/** The calling thread alone. */
export function soloCrew(): Crew {
  return new Crew([], 'own', 'one thread');
}

/** Whether workers can be given a shared memory, and why not. */
async function shareable(workers: readonly WorkerHandle[]): Promise<{ memory: MemoryMode; reason: string }> {
  if (typeof SharedArrayBuffer === 'undefined') {
    const advice =
      'a page needs the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp';
    return { memory: 'copied', reason: `this host has no SharedArrayBuffer; ${advice}` };
  }
  try {
    const memory = createSharedMemory();
    await Promise.all(workers.map(({ seat, ended }) => Promise.race([seat.attach(memory), ended])));
    return { memory: 'shared', reason: 'the host shares memory between threads' };
  } catch (error) {
    return { memory: 'copied', reason: `this host does not share memory between threads: ${reasonOf(error)}` };
  }
}

/**
 * Opens `size` threads, the calling one included: a crew of one starts no worker.
 *
 * @param options.copied keeps workers on memories of their own even where they could share one
 * @throws if size is not a positive integer, or a worker does not start
 */
export async function openCrew(
  spawnWorker: SpawnWorker,
  size: number,
  options: { readonly copied?: boolean } = {},
): Promise<Crew> {
  if (!(Number.isSafeInteger(size) && size >= 1)) {
    throw new RangeError(`openCrew: size must be an integer >= 1, got ${size}; give the number of threads`);
  }
  if (size === 1) return soloCrew();
  const workers = Array.from({ length: size - 1 }, (_, i) => spawnWorker(`unbraid worker ${i + 2}`));
  try {
    await Promise.all(workers.map(({ seat, ended }) => Promise.race([seat.attach(null), ended])));
    const { memory, reason } = options.copied
      ? { memory: 'copied' as const, reason: 'copies were asked for' }
      : await shareable(workers);
    return new Crew(workers, memory, reason);
  } catch (error) {
    for (const worker of workers) worker.terminate();
    throw new Error(`openCrew: ${size - 1} workers must start, but one ended: ${reasonOf(error)}; use one thread`, {
      cause: error,
    });
  }
}
