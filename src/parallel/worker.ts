/** What a worker holds of a run, and its share of each phase. Every method is one message there and one back. */

import type { Config } from '../config/config.ts';
import { importPart } from '../config/customModule.ts';
import { headsOf } from '../config/method.ts';
import { type Gram, gramRows } from '../coupling/gram.ts';
import type { GramPiece, GramRequest } from '../coupling/gramPieces.ts';
import { index32 } from '../engine/kernels/address.ts';
import { type Arena, createArena } from '../engine/kernels/arena.ts';
import { engineModule } from '../engine/kernels/load.ts';
import type { SentModule } from '../engine/kernels/moduleFrom.ts';
import { createLossInputs } from '../engine/learn/objective.ts';
import { SUMS } from '../engine/learn/shards.ts';
import { type ComposeNetwork, policyFor } from '../engine/policy/custom.ts';
import type { Environment, EnvironmentSpec } from '../env/environment.ts';
import { type MakeEnvironment, openEnvironments } from '../env/registry.ts';
import type { Pieces } from '../eventLoop.ts';
import type { JsonRecord } from '../record/json.ts';
import { cutGames } from '../rollout/chunks.ts';
import { type CollectOptions, collect, play } from '../rollout/collect.ts';
import { packRollout } from '../rollout/pack.ts';
import type { GameChoice, Rollout } from '../rollout/rollout.ts';
import { claim, roundOf } from './workCounter.ts';
import {
  computeShards,
  type ShardResult,
  type ShardsJob,
  type ShardWork,
  type UpdatesJob,
  type Weights,
  workThroughUpdates,
} from './workerUpdates.ts';

/** A run as a worker needs to know it. */
export interface SeatSetup {
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

/** Episodes in chunks, as `cutGames` cuts them. */
export interface PlayJob {
  readonly weights: Weights;
  readonly games: readonly GameChoice[];
  readonly chunks: number;
  /** On shared memory the word from which chunks are claimed, else the chunk that is this worker's. */
  readonly take: ClaimedRound | { readonly chunk: number };
  /** Episodes live at once. */
  readonly slots: number;
  readonly options: Pick<CollectOptions, 'key' | 'temperature' | 'expert'>;
}

/** A round of claims at an address. */
export interface ClaimedRound {
  readonly word: number;
  readonly round: number;
}

/** What came of one chunk. */
export type Chunk<T> = readonly [chunk: number, result: T];

/** Rows of Gram matrices. */
export interface GramsJob {
  readonly weights: Weights;
  readonly pieces: readonly (GramRequest & Pick<GramPiece, 'rows'>)[];
  /** On shared memory the round for which the rows are wanted. */
  readonly during: ClaimedRound | null;
}

/** Calls are done one after another, in the order in which they come. */
export interface Seat {
  /**
   * Proves that the worker runs and, given a memory, that it can be shared with it.
   *
   * @param finished i32[1] on shared memory, counted up by each call that ends, this one included; null: nothing is counted
   * @param module the engine's module for threads, if it is not the one beside the code
   */
  attach(memory: WebAssembly.Memory | null, finished: Int32Array | null, module?: SentModule): Promise<void>;
  begin(setup: SeatSetup): Promise<void>;
  collect(job: PlayJob): Promise<Chunk<Rollout>[]>;
  play(job: PlayJob): Promise<Chunk<Float64Array>[]>;
  shards(job: ShardsJob): Promise<ShardResult[]>;
  /** Resolves when the job's end is posted. */
  updates(job: UpdatesJob): Promise<void>;
  grams(job: GramsJob): Promise<Gram[]>;
}

interface SeatRun extends ShardWork {
  /** The newest rollout, which was copied to be sent. */
  spent: Rollout | null;
  readonly environments: Environment[];
  readonly createEnvironment: () => Environment;
}

async function openRun(setup: SeatSetup): Promise<SeatRun> {
  const { config, spec, vocabulary, plays, shared, module, custom } = setup;
  const compose = custom.policy === null ? null : await importPart<ComposeNetwork>('policy', custom.policy);
  const arena = await (shared
    ? createArena(module ?? (await engineModule('threads')), shared.memory)
    : createArena(module));
  const own = policyFor(arena, spec, { ...config, ...headsOf(config.method), logitScale: 1 }, compose);
  const policy = shared ? { ...own, weights: shared.weights } : own;
  const makeEnvironment =
    custom.environment === null ? null : await importPart<MakeEnvironment>('environment', custom.environment);
  const pool = plays ? await openEnvironments(config, null, vocabulary, { makeEnvironment }) : null;
  return {
    engine: { policy, inputs: createLossInputs(policy) },
    spent: null,
    environments: [],
    createEnvironment() {
      if (!pool) throw new Error(`seat: env "${config.env}" is played by the calling thread, got a job for a worker`);
      return pool.create();
    },
    sources: new Map(),
    gradient: shared ? 0 : arena.floats(policy.network.vectorSize),
    sums: shared ? 0 : arena.reserve(SUMS * 8),
  };
}

function takeWeights({ engine: { policy } }: SeatRun, weights: Weights): void {
  const { arena, network } = policy;
  arena.refresh();
  if (!weights) return;
  arena.write(policy.weights, weights);
  network.prepare(policy.weights);
}

function environmentsFor(run: SeatRun, count: number): readonly Environment[] {
  while (run.environments.length < count) run.environments.push(run.createEnvironment());
  return run.environments.slice(0, count);
}

/** Whether a round is over: the run was aborted or has failed, and what belongs to the round is not wanted any more. */
function isOver({ i32 }: Arena, { word, round }: ClaimedRound): boolean {
  return roundOf(Atomics.load(i32, index32(word))) !== round;
}

/** What ends episodes that are not wanted any more. */
const unwanted = new Error('seat: the round is over');

/** Does the pieces one after another while they are wanted; gives nothing once they are not. */
function whileWanted<T>(pieces: Pieces<T>, isUnwanted: () => boolean): T[] {
  try {
    while (!isUnwanted()) {
      const { done, value } = pieces.next();
      if (done) return [value];
    }
    return [];
  } finally {
    // What the work holds is given back.
    pieces.return(undefined as T);
  }
}

/** Does the chunks that fall to this worker. */
async function eachChunk<T>(
  run: SeatRun,
  { games, chunks, take, options }: PlayJob,
  perform: (games: readonly GameChoice[], options: CollectOptions) => Promise<T>,
): Promise<Chunk<T>[]> {
  const { arena } = run.engine.policy;
  const cut = cutGames(games, chunks);
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
    if (isOver(arena, take)) throw unwanted;
  };
  const next = (): number => claim(arena.i32, index32(take.word), take.round, chunks);
  try {
    for (let chunk = next(); chunk >= 0; chunk = next()) await one(chunk, check);
  } catch (error) {
    if (error !== unwanted) throw error;
  }
  return done;
}

/** A worker's seat, empty until a run begins. */
export function createSeat(): Seat {
  let run: SeatRun | null = null;
  let finished: Int32Array | null = null;
  let newest: Promise<unknown> = Promise.resolve();
  const counted = <J extends unknown[], T>(perform: (...job: J) => Promise<T>): ((...job: J) => Promise<T>) => {
    const count = (): void => {
      if (finished) Atomics.add(finished, 0, 1);
    };
    return (...job) => {
      // A run that was aborted may have left calls; those of the next one must not overtake them.
      const reply = newest.then(() => perform(...job)).finally(count);
      newest = reply.catch(() => {});
      return reply;
    };
  };
  const began = (weights: Weights): SeatRun => {
    if (!run) throw new Error('seat: a run must have begun, got none; call begin first');
    takeWeights(run, weights);
    return run;
  };
  return {
    attach: counted(async (memory, count, module) => {
      finished = count;
      if (memory) await createArena(module ?? (await engineModule('threads')), memory);
    }),
    begin: counted(async (setup) => {
      run = null;
      run = await openRun(setup);
    }),
    collect: counted(async (job) => {
      const seated = began(job.weights);
      return eachChunk(seated, job, async (games, options) => {
        const environments = environmentsFor(seated, games.length);
        seated.spent = await collect(seated.engine.policy, environments, games, options, seated.spent);
        return packRollout(seated.spent);
      });
    }),
    play: counted(async (job) => {
      const seated = began(job.weights);
      const live = environmentsFor(seated, job.slots);
      return eachChunk(seated, job, (games, options) => play(seated.engine.policy, live, games, options));
    }),
    shards: counted(async (job) => computeShards(began(job.weights), job)),
    updates: counted(async (job) => workThroughUpdates(began(null), job)),
    grams: counted(async ({ weights, pieces, during }) => {
      const { policy } = began(weights).engine;
      const isUnwanted = (): boolean => during !== null && isOver(policy.arena, during);
      return pieces.flatMap(({ left, right, rows }) =>
        whileWanted(gramRows(policy, policy.weights, left, right ?? left, rows), isUnwanted),
      );
    }),
  };
}
