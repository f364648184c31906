/** What a worker holds of a run, and its share of each phase. Every method is one message there and one back. */
import { type Gram, gramMatrix, type Samples } from '../coupling/gram.ts';
import type { Environment, EnvironmentSpec } from '../env/environment.ts';
import { Arena, createArena } from '../kernels/arena.ts';
import { engineModule } from '../kernels/load.ts';
import { createLossInputs } from '../objective/objective.ts';
import { createPolicy } from '../policy/policy.ts';
import type { JsonRecord } from '../record/json.ts';
import { type CollectOptions, collect, play } from '../rollout/collect.ts';
import { packRollout } from '../rollout/pack.ts';
import type { GameChoice, Rollout } from '../rollout/rollout.ts';
import type { Config } from '../train/config.ts';
import { openEnvironments } from '../train/environments.ts';
import {
  addShard,
  computeShard,
  type LossSet,
  planShards,
  type ShardEngine,
  type ShardRoom,
  SUMS,
} from '../train/shards.ts';
import { claim, everyNth } from './claims.ts';

/** A run as a worker needs to know it. */
export interface SeatSetup {
  readonly config: Config;
  readonly spec: EnvironmentSpec;
  readonly vocabulary: JsonRecord | null;
  /** Whether workers play episodes: the environment is built in, not a process of its own. */
  readonly plays: boolean;
  /** Shared memory and the address of the weights in it, or null: the worker keeps copies on a memory of its own. */
  readonly shared: { readonly memory: WebAssembly.Memory; readonly weights: number } | null;
}

/** f32[network.size] where the worker keeps a copy, null where the weights are shared. */
export type Weights = Float32Array | null;

/** Episodes in chunks: number c of `chunks` holds the episodes c, c + chunks, ... of `games`. */
export interface PlayJob {
  readonly weights: Weights;
  readonly games: readonly GameChoice[];
  readonly chunks: number;
  /** On shared memory the word from which chunks are claimed, else the chunk that is this worker's. */
  readonly take: ClaimedRound | { readonly chunk: number };
  /** Episodes live at once. */
  readonly slots: number;
  readonly options: Pick<CollectOptions, 'key' | 'temperature'>;
}

/** A round of claims at an address. */
export interface ClaimedRound {
  readonly word: number;
  readonly round: number;
}

/** What came of one chunk. */
export type Chunk<T> = readonly [chunk: number, result: T];

/** A set of an update; its arrays by state come with the first update that has them. */
export type SentSet = Omit<LossSet, keyof SetSource> & { readonly id: number; readonly source: SetSource | null };
export type SetSource = Pick<
  LossSet,
  'list' | 'taken' | 'oldLogProb' | 'refLogProb' | 'advantage' | 'labels' | 'repeats'
>;

export interface ShardsJob {
  readonly weights: Weights;
  readonly sets: readonly SentSet[];
  /** Sources that will be asked for again. */
  readonly keep: readonly number[];
  /** On shared memory where all `shards` of the update go: any thread takes the next. Else the numbers of the shards that are this worker's. */
  readonly work:
    | (ShardRoom & { readonly shards: number; readonly round: number })
    | { readonly numbers: readonly number[] };
}

/** A shard of a worker that keeps copies. */
export interface ShardResult {
  readonly shard: number;
  readonly gradient: Float32Array;
  readonly sums: Float64Array;
}

export interface GramJob {
  readonly weights: Weights;
  readonly left: Samples;
  /** null: the same samples as on the left. */
  readonly right: Samples | null;
  readonly rows: readonly [number, number];
}

interface SeatRun {
  readonly engine: ShardEngine;
  readonly environments: Environment[];
  readonly createEnvironment: () => Environment;
  readonly sources: Map<number, SetSource>;
  /** Gradient vector and sums of shards whose results are sent. */
  readonly gradient: number;
  readonly sums: number;
}

export interface Seat {
  /** Proves that the worker runs and, given a memory, that it can be shared with it. */
  attach(memory: WebAssembly.Memory | null): Promise<void>;
  begin(setup: SeatSetup): Promise<void>;
  collect(job: PlayJob): Promise<Chunk<Rollout>[]>;
  play(job: PlayJob): Promise<Chunk<Float64Array>[]>;
  shards(job: ShardsJob): Promise<ShardResult[]>;
  gram(job: GramJob): Promise<Gram>;
}

async function openRun({ config, spec, vocabulary, plays, shared }: SeatSetup): Promise<SeatRun> {
  const arena = shared ? new Arena(await engineModule('threads'), shared.memory) : await createArena();
  const own = createPolicy(arena, spec, { ...config, logitScale: 1 });
  const policy = shared ? { ...own, weights: shared.weights } : own;
  const pool = plays ? await openEnvironments(config, null, vocabulary) : null;
  return {
    engine: { policy, inputs: createLossInputs(policy) },
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

function setsOf({ sources }: SeatRun, job: ShardsJob): LossSet[] {
  for (const { id, source } of job.sets) if (source) sources.set(id, source);
  const sets = job.sets.map(({ id, source: _, ...set }) => ({ ...set, ...(sources.get(id) as SetSource) }));
  for (const id of [...sources.keys()]) if (!job.keep.includes(id)) sources.delete(id);
  return sets;
}

function computeShards(run: SeatRun, job: ShardsJob): ShardResult[] {
  const { engine } = run;
  const { arena, network } = engine.policy;
  const shards = setsOf(run, job)
    .map((set) => planShards(set, engine.policy))
    .flatMap((plan) => plan.ends.map((_, shard) => ({ plan, shard })));
  const { work } = job;
  if ('numbers' in work) {
    return work.numbers.map((n) => {
      computeShard(engine, shards[n].plan, shards[n].shard, run.gradient, run.sums);
      const sums = arena.f64.slice(run.sums >> 3, (run.sums >> 3) + SUMS);
      return { shard: n, gradient: arena.read(run.gradient, network.vectorSize), sums };
    });
  }
  const next = (): number => claim(arena.i32, work.counters >> 2, work.round, shards.length);
  for (let n = next(); n >= 0; n = next()) {
    computeShard(engine, shards[n].plan, shards[n].shard, work.gradients[n], work.sums[n]);
    addShard(arena, work, n, work.shards, network.vectorSize);
  }
  return [];
}

/** Does the chunks that fall to this worker. */
async function eachChunk<T>(
  run: SeatRun,
  { games, chunks, take, options }: PlayJob,
  perform: (games: readonly GameChoice[], options: CollectOptions) => Promise<T>,
): Promise<Chunk<T>[]> {
  const { arena } = run.engine.policy;
  const done: Chunk<T>[] = [];
  const one = async (chunk: number): Promise<void> => {
    const numbers = everyNth(games.length, chunk, chunks);
    done.push([
      chunk,
      await perform(
        numbers.map((e) => games[e]),
        { ...options, numbers },
      ),
    ]);
  };
  if ('chunk' in take) await one(take.chunk);
  else {
    const next = (): number => claim(arena.i32, take.word >> 2, take.round, chunks);
    for (let chunk = next(); chunk >= 0; chunk = next()) await one(chunk);
  }
  return done;
}

/** A worker's seat, empty until a run begins. */
export function createSeat(): Seat {
  let run: SeatRun | null = null;
  const began = (weights: Weights): SeatRun => {
    if (!run) throw new Error('seat: a run must have begun, got none; call begin first');
    takeWeights(run, weights);
    return run;
  };
  return {
    async attach(memory) {
      if (memory) new Arena(await engineModule('threads'), memory);
    },
    async begin(setup) {
      run = null;
      run = await openRun(setup);
    },
    async collect(job) {
      const seated = began(job.weights);
      return eachChunk(seated, job, async (games, options) => {
        const rollout = await collect(seated.engine.policy, environmentsFor(seated, games.length), games, options);
        return packRollout(rollout);
      });
    },
    async play(job) {
      const seated = began(job.weights);
      const live = environmentsFor(seated, job.slots);
      return eachChunk(seated, job, (games, options) => play(seated.engine.policy, live, games, options));
    },
    async shards(job) {
      return computeShards(began(job.weights), job);
    },
    async gram({ weights, left, right, rows }) {
      const { policy } = began(weights).engine;
      return gramMatrix(policy, policy.weights, left, right ?? left, rows);
    },
  };
}
