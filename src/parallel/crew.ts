/**
 * The worker pool: opens worker threads, sends them the calls of each phase of a run, and reports a worker failure as
 * an error.
 */
import { checkInteger, checkKeys, refuse, shown } from '../check/values.ts';
import { type Config, resolveConfig } from '../config/config.ts';
import type { Arena } from '../engine/kernels/arena.ts';
import { type BuildChoice, type KernelChoice, notWide } from '../engine/kernels/buildChoice.ts';
import { arenaOf, useKernels } from '../engine/kernels/createArena.ts';
import { type Build, engineModule, instantiateKernels, type Width } from '../engine/kernels/load.ts';
import { type ModuleSource, moduleFrom, type SentModule, sendable } from '../engine/kernels/moduleFrom.ts';
import { createSharedMemory, openSharedMemory } from '../engine/kernels/sharedMemory.ts';
import { type CrewMember, crewMember, type WorkerHandle } from './crewMember.ts';
import { type KernelChoices, narrowKernels, wideKernels } from './kernelChoices.ts';
import { type MemoryMode, reasonOf, shareable, start } from './memoryMode.ts';
import { ADDRESS_SPACE, type BytesOf, needOf, threadsIn } from './need.ts';
import { availableCores } from './updateBoard.ts';
import type { WorkerApi } from './worker.ts';
import { workerFailure } from './workerFailure.ts';

/** Starts a worker: `spawnWorker` of `unbraid/workers`. */
export type SpawnWorker = (name: string) => WorkerHandle;

/**
 * The engine's modules, where they are not stored beside its code: `unbraid.wasm` for a memory of one thread,
 * `unbraid.threads.wasm` for a shared memory.
 */
export interface EngineModules {
  readonly single?: ModuleSource;
  readonly threads?: ModuleSource;
}

/** The calls of one run to the workers. */
export interface RunCalls {
  /**
   * Sends one message to each worker. The calling thread computes its own share meanwhile.
   *
   * @param send makes the call; `worker` is the worker's number, from 1
   * @returns the replies in the order of the workers. After a worker has failed or exited, all replies reject with an
   * error that names this worker and its phase
   * @throws the same error if a worker has failed in an earlier phase, even if no caller awaited the replies of that
   * phase
   */
  each<T>(phase: string, send: (api: WorkerApi, worker: number) => Promise<T>): Promise<T>[];
  /**
   * All replies of `each`. A caller that fails before it awaits them can leave them: their rejection counts as handled.
   */
  call<T>(phase: string, send: (api: WorkerApi, worker: number) => Promise<T>): Promise<T[]>;
}

/** Number of threads, kind of memory, and the reason for both as text. */
interface ThreadPlan {
  readonly size: number;
  readonly memory: MemoryMode;
  readonly reason: string;
}

/** The choice of a run whose module the user supplies. */
const given: KernelChoice = {
  build: 'narrow',
  buildReason: 'the module was given, and the wide build is read from beside the code',
  module: null,
};

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;

/**
 * A pool of threads for one run at a time. The thread that opens the crew counts as its first worker and computes its
 * own share of each phase.
 */
export class Crew {
  /** `relaxed`: the results of its runs can differ in their bits between processors. */
  readonly arithmetic: 'exact' | 'relaxed';
  readonly #members: readonly CrewMember[];
  readonly #opened: ThreadPlan;
  readonly #modules: EngineModules;
  readonly #kernels: KernelChoices;
  /** Of the latest run. */
  #plan: ThreadPlan;
  #choice: KernelChoice = notWide;
  #runs = 0;
  #closed = false;

  /** @internal */
  constructor(
    members: readonly CrewMember[],
    memory: MemoryMode,
    reason: string,
    arithmetic: 'exact' | 'relaxed' = 'exact',
    modules: EngineModules = {},
    kernels: KernelChoices = narrowKernels,
  ) {
    this.#members = members;
    this.#kernels = kernels;
    this.arithmetic = arithmetic;
    this.#opened = { size: members.length + 1, memory, reason };
    this.#plan = this.#opened;
    this.#modules = modules;
  }

  /** Number of threads, including the calling thread. */
  get size(): number {
    return this.#plan.size;
  }

  get memory(): MemoryMode {
    return this.#plan.memory;
  }

  /** The reason for `size` and `memory`, as text. */
  get reason(): string {
    return this.#plan.reason;
  }

  /** The build of the kernels of the latest run. The results are bitwise identical for both. */
  get build(): Width {
    return this.#choice.build;
  }

  /** The reason for `build`, as text. */
  get buildReason(): string {
    return this.#choice.buildReason;
  }

  /**
   * `build` and `buildReason`, with the times of the builds where the command has timed them.
   *
   * @internal
   */
  get choice(): BuildChoice {
    const { module: _, ...choice } = this.#choice;
    return choice;
  }

  /** The module that the user supplies for the memory of the latest run. */
  get #given(): ModuleSource | undefined {
    return this.memory === 'shared' ? this.#modules.threads : this.#modules.single;
  }

  /** The kind of module that fits the memory of the latest run. */
  get #kind(): Build {
    if (this.memory === 'shared') return 'threads';
    return this.arithmetic === 'relaxed' ? 'relaxed' : 'single';
  }

  /**
   * The module that the workers of a run load; undefined: the narrow one stored beside the engine's code.
   *
   * @internal
   */
  get module(): SentModule | undefined {
    return this.#choice.module ?? sendable(this.#given);
  }

  /**
   * A new memory for a run; a shared one if the crew opened in mode `shared`. If the memory cannot hold all threads,
   * the run has fewer threads, or one thread on an unshared memory.
   *
   * @param estimate returns the bytes that the run needs, by number of threads; null: the run has all threads
   * @internal
   */
  async arena(estimate: (() => BytesOf) | null = null): Promise<Arena> {
    this.#plan = this.#opened;
    const memory = this.memory === 'shared' ? this.#openShared(estimate?.() ?? null) : null;
    const source = this.#given;
    const kind = this.#kind;
    this.#choice = source === undefined || this.#kernels === narrowKernels ? await this.#kernels.atStart(kind) : given;
    const narrow = (): Promise<WebAssembly.Module> => (source === undefined ? engineModule(kind) : moduleFrom(source));
    return arenaOf(this.#choice.module ?? (await narrow()), memory ?? undefined, this.#choice);
  }

  /**
   * Between two iterations: if another build was chosen since the arena was made, replaces the kernels of the arena.
   *
   * @param left number of iterations that follow in the run
   * @returns the module whose kernels the workers must use from now on; null: no change
   * @internal
   */
  renewKernels(arena: Arena, left: number): WebAssembly.Module | null {
    if (this.#given !== undefined || this.build === 'wide') return null;
    const choice = this.#kernels.atBorder(this.#kind, left);
    if (choice === null) return null;
    this.#choice = choice;
    if (choice.module) useKernels(arena, instantiateKernels(choice.module, arena.memory), choice);
    return choice.module;
  }

  /**
   * Allocates a shared memory and sets `size` to the number of threads that it can hold. Returns null if this number
   * is 1.
   */
  #openShared(need: BytesOf | null): WebAssembly.Memory | null {
    if (!need) return createSharedMemory();
    const { size } = this.#opened;
    const singleThread = (reason: string): null => {
      this.#plan = { size: 1, memory: 'own', reason };
      return null;
    };
    try {
      // Twice the estimate: a run can reach larger states than the estimate assumes.
      const { memory, bytes } = openSharedMemory(2 * need(size), need(2));
      const fit = threadsIn(bytes, need, size);
      const reason = `${size} threads need about ${mebibytes(need(size))} of memory, and a shared memory holds ${mebibytes(bytes)}`;
      if (fit === 1) return singleThread(reason);
      if (fit < size) this.#plan = { size: fit, memory: 'shared', reason };
      return memory;
    } catch (error) {
      return singleThread(
        `two threads need about ${mebibytes(need(2))} of shared memory, which this runtime cannot allocate: ${reasonOf(error)}`,
      );
    }
  }

  /**
   * Calls for a new run. Workers hold one run at a time, so later calls of the previous run are rejected.
   *
   * @internal
   */
  forRun(): RunCalls {
    const run = ++this.#runs;
    let failure: Error | null = null;
    const fail = (worker: number, phase: string, error: unknown): Error => {
      const advice =
        phase === 'start'
          ? 'the run has not started; start it again'
          : 'the latest checkpoint is valid; resume with: unbraid train --resume DIR';
      const message = `worker ${worker} of ${this.size} failed in phase "${phase}": ${reasonOf(error)}; ${advice}`;
      failure ??= workerFailure(new Error(message, { cause: error }));
      return failure;
    };
    const each: RunCalls['each'] = (phase, send) => {
      this.#mayCall(run, phase);
      if (failure) throw failure;
      const replies = this.#members.slice(0, this.size - 1).map(async (member, i) => {
        try {
          return await member.call((api) => send(api, i + 1));
        } catch (error) {
          throw fail(i + 2, phase, error);
        }
      });
      // The caller can fail in its own share, or have a complete result, before it awaits these replies.
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
    if (this.#closed)
      throw new Error(`Crew: the crew must be open in phase "${phase}", got a closed crew; open another`);
    if (run !== this.#runs) {
      throw new Error(
        `Crew: workers hold one run at a time, got phase "${phase}" of an earlier run; await each run before the next, or open a crew for each`,
      );
    }
  }

  /** Terminates the workers. Pending calls reject. */
  close(): void {
    this.#closed = true;
    for (const member of this.#members) member.close();
  }
}

/** A crew that consists of the calling thread. */
export function soloCrew(reason = 'one thread', modules: EngineModules = {}, kernels?: KernelChoices): Crew {
  return new Crew([], 'own', reason, 'exact', modules, kernels);
}

/**
 * A crew that consists of the calling thread and uses relaxed SIMD: matrix products may round a * b + c once. This is
 * faster on some processors, and the results are not reproducible. Its runs are marked, and verification rejects their
 * receipts.
 *
 * @param module `unbraid.relaxed.wasm`, compiled, or its URL, if it is not stored beside the engine's code
 * @param options `wide` as in `CrewOptions`
 */
export function relaxedCrew(module?: ModuleSource, options: Pick<CrewOptions, 'wide' | 'kernels'> = {}): Crew {
  const { wide = false, kernels = kernelsOf(wide) } = options;
  const modules = module ? { single: module } : {};
  return new Crew([], 'own', 'relaxed arithmetic has one thread', 'relaxed', modules, kernels);
}

function kernelsOf(wide: boolean): KernelChoices {
  return wide ? wideKernels() : narrowKernels;
}

/** Options of `openCrew`. */
export interface CrewOptions {
  /** Gives each worker a memory of its own even where all threads could share one. */
  readonly copied?: boolean;
  /** Number of threads that can run at once. Default: the number that the runtime reports. */
  readonly cores?: number | null;
  /** Config of the next run. The crew starts at most as many threads as the shared memory of this run can hold. */
  readonly config?: Partial<Config>;
  readonly modules?: EngineModules;
  /**
   * Requests the wide build, which is faster where the runtime merges vector operations, and bitwise identical: Node 24
   * and newer on x64. `build` and `buildReason` of the crew state which build its latest run had and why. The first run
   * of the crew checks the wide build against stored hashes, which blocks the thread for some 200 ms. Not with
   * `modules`.
   */
  readonly wide?: boolean;
  /** @internal */
  readonly kernels?: KernelChoices;
}

/**
 * Opens `size` threads, including the calling thread. The crew has size 1 and no worker in these cases: `size` is 1;
 * there is one core, on which threads cannot run in parallel; the runtime cannot allocate shared memory; a shared
 * memory cannot hold two threads of `options.config`. `reason` states which case holds.
 *
 * @throws if size is not a positive integer, or a worker does not start
 */
export async function openCrew(spawnWorker: SpawnWorker, size: number, options: CrewOptions = {}): Promise<Crew> {
  if (typeof spawnWorker !== 'function') {
    refuse('openCrew', 'spawnWorker', 'a function', spawnWorker, 'pass spawnWorker of unbraid/workers');
  }
  if (!(Number.isSafeInteger(size) && size >= 1)) {
    throw new RangeError(`openCrew: size must be an integer >= 1, got ${shown(size)}; pass the number of threads`);
  }
  checkKeys('openCrew', 'options', options, { copied: 1, cores: 1, config: 1, modules: 1, wide: 1, kernels: 1 });
  const { copied, cores: askedCores, wide = false } = options;
  if (askedCores !== undefined && askedCores !== null)
    checkInteger('openCrew', 'options.cores', askedCores, 1, 65_536, 'leave it out');
  if (copied !== undefined && typeof copied !== 'boolean') {
    refuse('openCrew', 'options.copied', 'true or false', copied, 'leave it out to share memory');
  }
  if (typeof wide !== 'boolean') refuse('openCrew', 'options.wide', 'true or false', wide, 'leave it out');
  const { cores = availableCores(), modules = {}, kernels = kernelsOf(wide) } = options;
  if (size === 1) return soloCrew('one thread', modules, kernels);
  if (cores === 1) return soloCrew('one core, on which threads cannot run in parallel', modules, kernels);
  const need = options.config && !options.copied ? await needOf(resolveConfig(options.config)) : null;
  const fit = need ? threadsIn(ADDRESS_SPACE, need, size) : size;
  const tooMany =
    need && fit < size
      ? `${size} threads need about ${mebibytes(need(size))} of memory, and a shared memory holds ${mebibytes(ADDRESS_SPACE)}`
      : null;
  if (fit === 1) return soloCrew(tooMany as string, modules, kernels);
  const members: CrewMember[] = [];
  try {
    for (let worker = 2; worker <= fit; worker++) members.push(crewMember(spawnWorker(`unbraid worker ${worker}`)));
    await start(members);
    const { memory, reason } = options.copied
      ? { memory: 'copied' as const, reason: 'the option copied is set' }
      : await shareable(members, sendable(modules.threads));
    if (memory === 'own') {
      for (const member of members) member.close();
      return soloCrew(reason, modules, kernels);
    }
    return new Crew(members, memory, tooMany ?? reason, 'exact', modules, kernels);
  } catch (error) {
    for (const member of members) member.close();
    throw new Error(`openCrew: ${fit - 1} workers must start, but one failed: ${reasonOf(error)}; use one thread`, {
      cause: error,
    });
  }
}
