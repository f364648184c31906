/**
 * The worker API: the state of a run in a worker, and the worker's share of each phase. Each call is one message and
 * one reply.
 */

import type { Config } from '../config/config.ts';
import { importPart } from '../config/customModule.ts';
import { headsOf } from '../config/method.ts';
import { type Gram, gramRows } from '../coupling/gram.ts';
import type { GramPiece, GramRequest } from '../coupling/gramPieces.ts';
import { index32 } from '../engine/kernels/address.ts';
import type { Arena } from '../engine/kernels/arena.ts';
import { arenaOf, useKernels } from '../engine/kernels/createArena.ts';
import { engineModule, instantiateKernels } from '../engine/kernels/load.ts';
import { moduleFrom, type SentModule } from '../engine/kernels/moduleFrom.ts';
import { createLossInputs } from '../engine/learn/objective.ts';
import { valueLoss } from '../engine/learn/valueLoss.ts';
import { type ComposeNetwork, policyFor } from '../engine/policy/custom.ts';
import type { Environment, EnvironmentSpec } from '../env/environment.ts';
import { type MakeEnvironment, openEnvironments } from '../env/registry.ts';
import type { Pieces } from '../eventLoop.ts';
import type { JsonRecord } from '../record/json.ts';
import { partitionGames } from '../rollout/chunks.ts';
import { type CollectOptions, collect, type Played, play } from '../rollout/collect.ts';
import { packRollout } from '../rollout/pack.ts';
import type { GameChoice, Rollout } from '../rollout/rollout.ts';
import { claim, generationOf } from './workCounter.ts';
import {
  type BlockResult,
  computeBlocks,
  type ShardContext,
  type ShardsJob,
  type UpdatesJob,
  type Weights,
  workThroughUpdates,
} from './workerUpdates.ts';

/** The parts of a run that a worker needs. */
export interface RunSetup {
  readonly config: Config;
  readonly spec: EnvironmentSpec;
  readonly vocabulary: JsonRecord | null;
  /** Whether workers play episodes: the environment is built in, not a process of its own. */
  readonly plays: boolean;
  /** Shared memory and the address of the weights in it, or null: the worker keeps copies on a memory of its own. */
  readonly shared: { readonly memory: WebAssembly.Memory; readonly weights: number } | null;
  /** The engine's module for this memory, if it is not the one beside the code. */
  readonly module?: SentModule | undefined;
  /** Addresses of the modules of parts that the user supplies, which the worker imports by itself. */
  readonly custom: { readonly environment: string | null; readonly policy: string | null };
}

/** Episodes to play, partitioned into chunks by `partitionGames`. */
export interface PlayJob {
  readonly weights: Weights;
  readonly games: readonly GameChoice[];
  readonly chunks: number;
  /** On shared memory the counter from which chunks are claimed, otherwise the chunk assigned to this worker. */
  readonly take: CounterGeneration | { readonly chunk: number };
  /** Number of episodes that are played at once. */
  readonly slots: number;
  readonly options: Pick<CollectOptions, 'key' | 'temperature' | 'expert' | 'finals'>;
}

/** A generation of the work counter at an address. */
export interface CounterGeneration {
  readonly counter: number;
  readonly generation: number;
}

/** The result of one chunk. */
export type Chunk<T> = readonly [chunk: number, result: T];

/** Rows of Gram matrices. */
export interface GramsJob {
  readonly weights: Weights;
  readonly pieces: readonly (GramRequest & Pick<GramPiece, 'rows'>)[];
  /** Whether the matrices of parameters are computed, too. */
  readonly parts: boolean;
  /** On shared memory the worker stops once the counter leaves this generation; null: it computes all rows. */
  readonly during: CounterGeneration | null;
}

/** The methods of a worker. A worker executes calls one after another, in the order in which it receives them. */
export interface WorkerApi {
  /**
   * Tests that the worker runs and, given a memory, that the worker can share this memory.
   *
   * @param finished i32[1] on shared memory. Each call that ends, including this one, increments it; null: calls are
   * not counted
   * @param module the engine's module for threads, if it is not stored beside the code
   */
  attach(memory: WebAssembly.Memory | null, finished: Int32Array | null, module?: SentModule): Promise<void>;
  begin(setup: RunSetup): Promise<void>;
  /** Computes with the kernels of another build from now on, which computes the same bits. */
  useModule(module: WebAssembly.Module): Promise<void>;
  collect(job: PlayJob): Promise<Chunk<Rollout>[]>;
  play(job: PlayJob): Promise<Chunk<Played>[]>;
  shards(job: ShardsJob): Promise<BlockResult[]>;
  /** Resolves after the end of the job is published on the update board. */
  updates(job: UpdatesJob): Promise<void>;
  grams(job: GramsJob): Promise<Gram[]>;
}

interface WorkerRun extends ShardContext {
  /** The latest rollout. It was copied to be sent, so its arrays are reusable. */
  reusable: Rollout | null;
  readonly environments: Environment[];
  readonly createEnvironment: () => Environment;
}

/** The module that a setup names, or the narrow one beside the code. */
function moduleOf(module: SentModule | undefined, shared: boolean): Promise<WebAssembly.Module> {
  return module === undefined ? engineModule(shared ? 'threads' : 'single') : moduleFrom(module);
}

async function openRun(setup: RunSetup): Promise<WorkerRun> {
  const { config, spec, vocabulary, plays, shared, module, custom } = setup;
  const compose = custom.policy === null ? null : await importPart<ComposeNetwork>('policy', custom.policy);
  const arena = arenaOf(await moduleOf(module, shared !== null), shared?.memory);
  const own = policyFor(arena, spec, { ...config, ...headsOf(config), logitScale: 1 }, compose);
  const policy = shared ? { ...own, weights: shared.weights } : own;
  const makeEnvironment =
    custom.environment === null ? null : await importPart<MakeEnvironment>('environment', custom.environment);
  const pool = plays ? await openEnvironments(config, null, vocabulary, { makeEnvironment }) : null;
  return {
    engine: { policy, inputs: createLossInputs(policy, valueLoss) },
    reusable: null,
    environments: [],
    createEnvironment() {
      if (!pool) throw new Error(`worker: env "${config.env}" is played by the calling thread, got a job for a worker`);
      return pool.create();
    },
    sources: new Map(),
    vectors: [],
    sums: [],
  };
}

function takeWeights({ engine: { policy } }: WorkerRun, weights: Weights): void {
  const { arena, network } = policy;
  arena.refresh();
  if (!weights) return;
  arena.write(policy.weights, weights);
  network.prepare(policy.weights);
}

function environmentsFor(run: WorkerRun, count: number): readonly Environment[] {
  while (run.environments.length < count) run.environments.push(run.createEnvironment());
  return run.environments.slice(0, count);
}

/**
 * Whether the counter has left this generation: the run was aborted, has failed or has moved on, so the results are no
 * longer needed.
 */
function isOver({ i32 }: Arena, { counter, generation }: CounterGeneration): boolean {
  return generationOf(Atomics.load(i32, index32(counter))) !== generation;
}

/** Thrown between two steps to stop episodes whose results are no longer needed. */
const cancelled = new Error('worker: the generation of the work counter is over');

/**
 * Executes the pieces one after another. Returns [result], or [] if `isCancelled` returned true before the last piece.
 */
function unlessCancelled<T>(pieces: Pieces<T>, isCancelled: () => boolean): T[] {
  try {
    while (!isCancelled()) {
      const { done, value } = pieces.next();
      if (done) return [value];
    }
    return [];
  } finally {
    // Runs the generator's `finally` blocks, which release its buffers.
    pieces.return(undefined as T);
  }
}

/** Executes `perform` on the chunks that this worker claims or is assigned. */
async function eachChunk<T>(
  run: WorkerRun,
  { games, chunks, take, options }: PlayJob,
  perform: (games: readonly GameChoice[], options: CollectOptions) => Promise<T>,
): Promise<Chunk<T>[]> {
  const { arena } = run.engine.policy;
  const cut = partitionGames(games, chunks);
  const done: Chunk<T>[] = [];
  const one = async (chunk: number, check: (() => void) | null): Promise<void> => {
    const numbers = cut[chunk];
    done.push([
      chunk,
      await perform(
        numbers.map((e) => games[e]),
        { ...options, numbers, yields: false, ...(check && { check }) },
      ),
    ]);
  };
  if ('chunk' in take) {
    await one(take.chunk, null);
    return done;
  }
  const check = (): void => {
    if (isOver(arena, take)) throw cancelled;
  };
  const next = (): number => claim(arena.i32, index32(take.counter), take.generation, chunks);
  try {
    for (let chunk = next(); chunk >= 0; chunk = next()) await one(chunk, check);
  } catch (error) {
    if (error !== cancelled) throw error;
  }
  return done;
}

/** Creates the API object of a worker. It has no run until `begin` is called. */
export function createWorkerApi(): WorkerApi {
  let run: WorkerRun | null = null;
  let finished: Int32Array | null = null;
  let latest: Promise<unknown> = Promise.resolve();
  /** Wraps a method so that it starts after the previous call has ended, and is counted when it ends. */
  const inOrder = <J extends unknown[], T>(perform: (...job: J) => Promise<T>): ((...job: J) => Promise<T>) => {
    const count = (): void => {
      if (finished) Atomics.add(finished, 0, 1);
    };
    return (...job) => {
      // An aborted run can leave pending calls. The calls of the next run must wait for them.
      const reply = latest.then(() => perform(...job)).finally(count);
      latest = reply.catch(() => {});
      return reply;
    };
  };
  const currentRun = (weights: Weights): WorkerRun => {
    if (!run) throw new Error('worker: a run must have begun, got none; call begin first');
    takeWeights(run, weights);
    return run;
  };
  return {
    attach: inOrder(async (memory, count, module) => {
      finished = count;
      if (memory) arenaOf(await moduleOf(module, true), memory);
    }),
    begin: inOrder(async (setup) => {
      run = null;
      run = await openRun(setup);
    }),
    useModule: inOrder(async (module) => {
      const { arena } = currentRun(null).engine.policy;
      useKernels(arena, instantiateKernels(module, arena.memory));
    }),
    collect: inOrder(async (job) => {
      const own = currentRun(job.weights);
      return eachChunk(own, job, async (games, options) => {
        const environments = environmentsFor(own, games.length);
        own.reusable = await collect(own.engine.policy, environments, games, options, own.reusable);
        return packRollout(own.reusable);
      });
    }),
    play: inOrder(async (job) => {
      const own = currentRun(job.weights);
      const live = environmentsFor(own, job.slots);
      return eachChunk(own, job, (games, options) => play(own.engine.policy, live, games, options));
    }),
    shards: inOrder(async (job) => computeBlocks(currentRun(job.weights), job)),
    updates: inOrder(async (job) => workThroughUpdates(currentRun(null), job)),
    grams: inOrder(async ({ weights, pieces, parts, during }) => {
      const { policy } = currentRun(weights).engine;
      const isCancelled = (): boolean => during !== null && isOver(policy.arena, during);
      return pieces.flatMap(({ left, right, rows }) =>
        unlessCancelled(gramRows(policy, policy.weights, left, right ?? left, rows, parts), isCancelled),
      );
    }),
  };
}
