/** Worker threads that share the phases of a run with the thread that opened them, and what happens when one of them ends. */
import { type Arena, createArena, createSharedMemory } from '../kernels/arena.ts';
import { engineModule } from '../kernels/load.ts';
import { coresOfHost } from './board.ts';
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

/** A worker that is asked, and answers or is known to have ended. */
interface Member {
  ask<T>(send: (seat: Seat) => Promise<T>): Promise<T>;
  /** Calls `attach`; on shared memory the worker counts the calls that it has finished from then on. */
  attach(memory: WebAssembly.Memory | null): Promise<void>;
  close(): void;
}

/**
 * Messages to a worker that has ended are never answered, so every question ends with the worker, too. A race with `ended` would hold each
 * answer as long as the worker lives: gigabytes of rollouts and gradients in a long run.
 */
function enlist({ seat, ended, terminate }: WorkerHandle): Member {
  /** Rejections of the open questions by their number, from 1, in their order. */
  const asked = new Map<number, (reason: unknown) => void>();
  let questions = 0;
  /** On shared memory how many calls the worker has finished; on copies its replies alone say so. */
  let finished: Int32Array | null = null;
  let end: { readonly reason: unknown } | null = null;
  const stop = (reason: unknown): void => {
    end ??= { reason };
    // The end may overtake replies. The first to hear of it is the question that the worker left unfinished, else the last that it finished.
    const done = finished ? Atomics.load(finished, 0) : 0;
    const unfinished = [...asked.keys()].findIndex((question) => question > done);
    [...asked.values()].at(unfinished)?.(end.reason);
    for (const reject of asked.values()) reject(end.reason);
    asked.clear();
  };
  ended.catch(stop);
  const ask: Member['ask'] = (send) =>
    new Promise((resolve, reject) => {
      if (end) {
        reject(end.reason);
        return;
      }
      const question = ++questions;
      asked.set(question, reject);
      const forget = (): void => void asked.delete(question);
      send(seat).then(resolve, reject).then(forget, forget);
    });
  return {
    ask,
    attach(memory) {
      finished = memory && new Int32Array(new SharedArrayBuffer(4));
      finished?.fill(questions);
      return ask((seat) => seat.attach(memory, finished));
    },
    close() {
      stop(new Error('the crew was closed'));
      terminate();
    },
  };
}

/** How a run calls the workers. */
export interface RunCalls {
  /**
   * One message to each worker but the calling thread, which does its own share meanwhile.
   *
   * @param send makes the call; workers are numbered from 1
   * @returns the replies in the order of the workers. Once a worker has failed or ended, all of them reject with an error that names it and
   * the phase in which it did.
   * @throws the same error where a worker has failed before, be it in a phase whose replies nobody waited for
   */
  each<T>(phase: string, send: (seat: Seat, worker: number) => Promise<T>): Promise<T>[];
  /** All replies of `each`. A caller that fails before it waits for them may leave them: their rejection is not unhandled. */
  call<T>(phase: string, send: (seat: Seat, worker: number) => Promise<T>): Promise<T[]>;
}

/** Threads of one or more runs, one after another. The thread that opens a crew is its first worker and does its share of each phase. */
export class Crew {
  /** Threads, the calling one included. */
  readonly size: number;
  readonly memory: MemoryMode;
  /** `relaxed`: the bits of its runs depend on the processor. */
  readonly arithmetic: 'exact' | 'relaxed';
  /** Why `memory` is what it is, in words. */
  readonly reason: string;
  readonly #members: readonly Member[];
  #runs = 0;
  #closed = false;

  constructor(
    members: readonly Member[],
    memory: MemoryMode,
    reason: string,
    arithmetic: 'exact' | 'relaxed' = 'exact',
  ) {
    this.#members = members;
    this.arithmetic = arithmetic;
    this.size = members.length + 1;
    this.memory = memory;
    this.reason = reason;
  }

  /** A new memory for a run, shared where the crew's mode is. */
  async arena(): Promise<Arena> {
    if (this.memory === 'shared') return createArena(await engineModule('threads'), createSharedMemory());
    return createArena(await engineModule(this.arithmetic === 'relaxed' ? 'relaxed' : 'single'));
  }

  /** For a new run. Workers hold one run at a time: calls of the run before are refused from now on. */
  forRun(): RunCalls {
    const run = ++this.#runs;
    let failure: Error | null = null;
    const fail = (worker: number, phase: string, error: unknown): Error => {
      failure ??= new Error(
        `worker ${worker} of ${this.size} failed in phase "${phase}": ${reasonOf(error)}; the run has stopped, its newest checkpoint is good; go on from it (unbraid train --resume DIR)`,
        { cause: error },
      );
      return failure;
    };
    const each: RunCalls['each'] = (phase, send) => {
      this.#mayCall(run, phase);
      if (failure) throw failure;
      const replies = this.#members.map(async (member, i) => {
        try {
          return await member.ask((seat) => send(seat, i + 1));
        } catch (error) {
          throw fail(i + 2, phase, error);
        }
      });
      // The caller may fail in its own share, or have all it needs, before it comes to wait for these.
      for (const reply of replies) reply.catch(() => {});
      return replies;
    };
    const all = async <T>(...given: Parameters<typeof each<T>>): Promise<T[]> => Promise.all(each<T>(...given));
    const call: RunCalls['call'] = (phase, send) => {
      const replies = all(phase, send);
      replies.catch(() => {});
      return replies;
    };
    return { each, call };
  }

  #mayCall(run: number, phase: string): void {
    if (this.#closed) throw new Error(`Crew: it must be open in phase "${phase}", got a closed one; open another`);
    if (run !== this.#runs) {
      throw new Error(
        `Crew: workers hold one run at a time, got phase "${phase}" of a run after another has begun; await each run before the next, or open a crew for each`,
      );
    }
  }

  /** Ends the workers; a call that they have not answered fails. */
  close(): void {
    this.#closed = true;
    for (const member of this.#members) member.close();
  }
}

/** The calling thread alone. */
export function soloCrew(reason = 'one thread'): Crew {
  return new Crew([], 'own', reason);
}

/**
 * The calling thread alone, with products of matrices that may round a * b + c once: faster on some processors, and not reproducible. Its
 * runs are marked, and their receipts refused.
 */
export function relaxedCrew(): Crew {
  return new Crew([], 'own', 'relaxed arithmetic has one thread', 'relaxed');
}

/** Whether workers can be given a shared memory, and why not. */
async function shareable(members: readonly Member[]): Promise<{ memory: MemoryMode; reason: string }> {
  if (typeof SharedArrayBuffer === 'undefined') {
    const advice =
      'a page needs the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp';
    return { memory: 'copied', reason: `this host has no SharedArrayBuffer; ${advice}` };
  }
  try {
    const memory = createSharedMemory();
    await Promise.all(members.map((member) => member.attach(memory)));
    return { memory: 'shared', reason: 'the host shares memory between threads' };
  } catch (error) {
    // A worker that ended is no reason to work on copies: this fails again.
    await start(members);
    return { memory: 'copied', reason: `this host does not share memory between threads: ${reasonOf(error)}` };
  }
}

async function start(members: readonly Member[]): Promise<void> {
  await Promise.all(members.map((member) => member.attach(null)));
}

/**
 * Opens `size` threads, the calling one included: a crew of one starts no worker. Neither does one on a single core, where threads would only
 * take turns: its size is 1, and its reason says so.
 *
 * @param options.copied keeps workers on memories of their own even where they could share one
 * @param options.cores how many threads can run at once; what the host tells, if not given
 * @throws if size is not a positive integer, or a worker does not start
 */
export async function openCrew(
  spawnWorker: SpawnWorker,
  size: number,
  options: { readonly copied?: boolean; readonly cores?: number | null } = {},
): Promise<Crew> {
  if (!(Number.isSafeInteger(size) && size >= 1)) {
    throw new RangeError(`openCrew: size must be an integer >= 1, got ${size}; give the number of threads`);
  }
  if (size === 1) return soloCrew();
  const { cores = coresOfHost() } = options;
  if (cores === 1) return soloCrew('one core, on which more threads would only take turns');
  const members: Member[] = [];
  try {
    for (let worker = 2; worker <= size; worker++) members.push(enlist(spawnWorker(`unbraid worker ${worker}`)));
    await start(members);
    const { memory, reason } = options.copied
      ? { memory: 'copied' as const, reason: 'copies were asked for' }
      : await shareable(members);
    return new Crew(members, memory, reason);
  } catch (error) {
    for (const member of members) member.close();
    throw new Error(`openCrew: ${size - 1} workers must start, but one ended: ${reasonOf(error)}; use one thread`, {
      cause: error,
    });
  }
}
