/** Worker threads that share the phases of a run with the thread that opened them, and what happens when one of them ends. */
import { checkInteger, checkKeys, refuse, shown } from '../check/values.ts';
import { type Config, resolveConfig } from '../config/config.ts';
import { type Arena, createArena, createSharedMemory, openSharedMemory } from '../engine/kernels/arena.ts';
import { engineModule } from '../engine/kernels/load.ts';
import { type ModuleSource, type SentModule, sendable } from '../engine/kernels/moduleFrom.ts';
import { ADDRESS_SPACE, type BytesOf, needOf, threadsIn } from './need.ts';
import { coresOfHost } from './updateBoard.ts';
import type { Seat } from './worker.ts';
import { workerFailure } from './workerFailure.ts';

/** A worker as its host gives it. */
export interface WorkerHandle {
  /**
   * Calls of its seat; each is one message there and one back.
   *
   * @internal
   */
  readonly seat: Seat;
  /** Rejects, with the host's reason, when the worker ends by itself; never resolves. */
  readonly ended: Promise<never>;
  /** Ends the worker at once. */
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
  attach(memory: WebAssembly.Memory | null, module?: SentModule): Promise<void>;
  close(): void;
}

/** Where the engine's modules are, if not beside its code: `unbraid.wasm`, and `unbraid.threads.wasm` for threads that share memory. */
export interface EngineModules {
  readonly single?: ModuleSource;
  readonly threads?: ModuleSource;
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
    attach(memory, module) {
      finished = memory && new Int32Array(new SharedArrayBuffer(4));
      finished?.fill(questions);
      return ask((seat) => seat.attach(memory, finished, module));
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

/** How many threads work on whose memory, and why, in words. */
interface Team {
  readonly size: number;
  readonly memory: MemoryMode;
  readonly reason: string;
}

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;

/** Threads of one or more runs, one after another. The thread that opens a crew is its first worker and does its share of each phase. */
export class Crew {
  /** `relaxed`: the bits of its runs depend on the processor. */
  readonly arithmetic: 'exact' | 'relaxed';
  readonly #members: readonly Member[];
  readonly #opened: Team;
  readonly #modules: EngineModules;
  /** Of the newest run. */
  #team: Team;
  #runs = 0;
  #closed = false;

  /** @internal */
  constructor(
    members: readonly Member[],
    memory: MemoryMode,
    reason: string,
    arithmetic: 'exact' | 'relaxed' = 'exact',
    modules: EngineModules = {},
  ) {
    this.#members = members;
    this.arithmetic = arithmetic;
    this.#opened = { size: members.length + 1, memory, reason };
    this.#team = this.#opened;
    this.#modules = modules;
  }

  /** Threads, the calling one included. */
  get size(): number {
    return this.#team.size;
  }

  get memory(): MemoryMode {
    return this.#team.memory;
  }

  /** Why `size` and `memory` are what they are, in words. */
  get reason(): string {
    return this.#team.reason;
  }

  /**
   * What workers are told to load in a run; undefined: the module beside the engine's code.
   *
   * @internal
   */
  get module(): SentModule | undefined {
    return sendable(this.memory === 'shared' ? this.#modules.threads : this.#modules.single);
  }

  /**
   * A new memory for a run, shared where the crew's mode is. Where it does not hold all threads, the run has fewer, or one on a memory of its own.
   *
   * @param estimate what the run takes; without it the run has all threads
   * @internal
   */
  async arena(estimate: (() => BytesOf) | null = null): Promise<Arena> {
    this.#team = this.#opened;
    const memory = this.memory === 'shared' ? this.#share(estimate?.() ?? null) : null;
    const { single, threads } = this.#modules;
    if (memory) return createArena(threads ?? (await engineModule('threads')), memory);
    return createArena(single ?? (await engineModule(this.arithmetic === 'relaxed' ? 'relaxed' : 'single')));
  }

  /** A memory for as many threads as it holds; null if that is one. */
  #share(need: BytesOf | null): WebAssembly.Memory | null {
    if (!need) return createSharedMemory();
    const { size } = this.#opened;
    const alone = (reason: string): null => {
      this.#team = { size: 1, memory: 'own', reason };
      return null;
    };
    try {
      // Twice as much, for what a run meets that the estimate does not know.
      const { memory, bytes } = openSharedMemory(2 * need(size), need(2));
      const fit = threadsIn(bytes, need, size);
      const reason = `${size} threads take some ${mebibytes(need(size))} of memory, and a shared one holds ${mebibytes(bytes)}`;
      if (fit === 1) return alone(reason);
      if (fit < size) this.#team = { size: fit, memory: 'shared', reason };
      return memory;
    } catch (error) {
      return alone(
        `two threads take some ${mebibytes(need(2))} of shared memory, which this host does not give: ${reasonOf(error)}`,
      );
    }
  }

  /**
   * For a new run. Workers hold one run at a time: calls of the run before are refused from now on.
   *
   * @internal
   */
  forRun(): RunCalls {
    const run = ++this.#runs;
    let failure: Error | null = null;
    const fail = (worker: number, phase: string, error: unknown): Error => {
      const advice =
        phase === 'start'
          ? 'the run has not begun; start it again'
          : 'the run has stopped, its newest checkpoint is good; go on from it (unbraid train --resume DIR)';
      const message = `worker ${worker} of ${this.size} failed in phase "${phase}": ${reasonOf(error)}; ${advice}`;
      failure ??= workerFailure(new Error(message, { cause: error }));
      return failure;
    };
    const each: RunCalls['each'] = (phase, send) => {
      this.#mayCall(run, phase);
      if (failure) throw failure;
      const replies = this.#members.slice(0, this.size - 1).map(async (member, i) => {
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
export function soloCrew(reason = 'one thread', modules: EngineModules = {}): Crew {
  return new Crew([], 'own', reason, 'exact', modules);
}

/**
 * The calling thread alone, with products of matrices that may round a * b + c once: faster on some processors, and not reproducible. Its
 * runs are marked, and their receipts refused.
 *
 * @param module `unbraid.relaxed.wasm`, compiled, or its URL, if it is not beside the engine's code
 */
export function relaxedCrew(module?: ModuleSource): Crew {
  return new Crew([], 'own', 'relaxed arithmetic has one thread', 'relaxed', module ? { single: module } : {});
}

/** Whether workers can be given a shared memory, and why not. */
async function shareable(
  members: readonly Member[],
  module: SentModule | undefined,
): Promise<{ memory: MemoryMode; reason: string }> {
  if (typeof SharedArrayBuffer === 'undefined') {
    const advice =
      'a page needs the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp';
    return { memory: 'copied', reason: `this host has no SharedArrayBuffer; ${advice}` };
  }
  let memory: WebAssembly.Memory;
  try {
    // One page, to see whether there is shared memory at all: a run asks for what it needs.
    memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  } catch (error) {
    // Copies would take no less.
    return { memory: 'own', reason: `this host gives no shared memory: ${reasonOf(error)}` };
  }
  try {
    await Promise.all(members.map((member) => member.attach(memory, module)));
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

/** How a crew is opened. */
export interface CrewOptions {
  /** Keeps workers on memories of their own even where they could share one. */
  readonly copied?: boolean;
  /** How many threads can run at once; what the host tells, if not given. */
  readonly cores?: number | null;
  /** Of the run to come: no more threads start than the memory holds that they will share. */
  readonly config?: Partial<Config>;
  readonly modules?: EngineModules;
}

/**
 * Opens `size` threads, the calling one included: a crew of one starts no worker. Neither does one on a single core, where threads would only
 * take turns, nor one where the host has no memory to share: its size is 1, and its reason says so.
 *
 * @throws if size is not a positive integer, or a worker does not start
 */
export async function openCrew(spawnWorker: SpawnWorker, size: number, options: CrewOptions = {}): Promise<Crew> {
  if (typeof spawnWorker !== 'function') {
    refuse('openCrew', 'spawnWorker', 'a function', spawnWorker, 'give spawnWorker of unbraid/workers');
  }
  if (!(Number.isSafeInteger(size) && size >= 1)) {
    throw new RangeError(`openCrew: size must be an integer >= 1, got ${shown(size)}; give the number of threads`);
  }
  checkKeys('openCrew', 'options', options, { copied: 1, cores: 1, config: 1, modules: 1 });
  const { copied, cores: given } = options;
  if (given !== undefined && given !== null)
    checkInteger('openCrew', 'options.cores', given, 1, 65_536, 'leave it out');
  if (copied !== undefined && typeof copied !== 'boolean') {
    refuse('openCrew', 'options.copied', 'true or false', copied, 'leave it out to share memory');
  }
  const { cores = coresOfHost(), modules = {} } = options;
  if (size === 1) return soloCrew('one thread', modules);
  if (cores === 1) return soloCrew('one core, on which more threads would only take turns', modules);
  const need = options.config && !options.copied ? await needOf(resolveConfig(options.config)) : null;
  const fit = need ? threadsIn(ADDRESS_SPACE, need, size) : size;
  const tooMany =
    need && fit < size
      ? `${size} threads take some ${mebibytes(need(size))} of memory, and a shared one holds ${mebibytes(ADDRESS_SPACE)}`
      : null;
  if (fit === 1) return soloCrew(tooMany as string, modules);
  const members: Member[] = [];
  try {
    for (let worker = 2; worker <= fit; worker++) members.push(enlist(spawnWorker(`unbraid worker ${worker}`)));
    await start(members);
    const { memory, reason } = options.copied
      ? { memory: 'copied' as const, reason: 'copies were asked for' }
      : await shareable(members, sendable(modules.threads));
    if (memory === 'own') {
      for (const member of members) member.close();
      return soloCrew(reason, modules);
    }
    return new Crew(members, memory, tooMany ?? reason, 'exact', modules);
  } catch (error) {
    for (const member of members) member.close();
    throw new Error(`openCrew: ${fit - 1} workers must start, but one ended: ${reasonOf(error)}; use one thread`, {
      cause: error,
    });
  }
}
