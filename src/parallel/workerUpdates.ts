/** Computes a worker's shards of updates. */
import { index32, index64, unsigned } from '../engine/kernels/address.ts';
import type { Arena } from '../engine/kernels/arena.ts';
import {
  addShard,
  computeShard,
  planAhead,
  planShards,
  type ShardBuffers,
  type ShardEngine,
  SUMS,
  shardsIn,
} from '../engine/learn/shards.ts';
import { receiveSets, type SentSet, type SetSource } from './sources.ts';
import { type PublishedUpdate, readUpdate, waitForGeneration } from './updateBoard.ts';
import { claim } from './workCounter.ts';

/** f32[network.size] for a worker that keeps a copy of the weights, null where the weights are shared. */
export type Weights = Float32Array | null;

/** Shards of one update, for a worker that has a memory of its own. */
export interface ShardsJob {
  readonly weights: Weights;
  readonly sets: readonly SentSet[];
  /** Ids of the sources that later jobs use. */
  readonly keep: readonly number[];
  /** The shards that this worker computes. */
  readonly numbers: readonly number[];
}

/** The updates of a phase, for a worker on shared memory. They are published one by one on the update board. */
export interface UpdatesJob {
  readonly sets: readonly (readonly SentSet[])[];
  readonly keep: readonly number[];
  /** Address of the board. */
  readonly board: number;
  /** This job's number. */
  readonly job: number;
  /** Generation on the board when the job was sent. */
  readonly generation: number;
  /** Number of polls before the thread blocks. */
  readonly spinCount: number;
}

/** Results of a shard from a worker that has a memory of its own. */
export interface ShardResult {
  readonly shard: number;
  readonly gradient: Float32Array;
  readonly sums: Float64Array;
}

/** State from which a worker computes shards. */
export interface ShardContext {
  readonly engine: ShardEngine;
  readonly sources: Map<number, SetSource>;
  /** Address of the gradient vector of a shard whose results are sent in a message; 0 on shared memory. */
  readonly gradient: number;
  /** Address of f64[SUMS], the loss sums of such a shard; 0 on shared memory. */
  readonly sums: number;
}

/** Computes the worker's shards of one update, for a worker that has a memory of its own. */
export function computeShards(run: ShardContext, { sets, keep, numbers }: ShardsJob): ShardResult[] {
  const { engine, gradient, sums } = run;
  const { arena, network } = engine.policy;
  const [received] = receiveSets(arena, run.sources, [sets], keep);
  const shards = shardsIn(received.map((set) => planShards(set, engine.policy)));
  return numbers.map((n) => {
    computeShard(engine, shards[n].plan, shards[n].shard, gradient, sums);
    const values = arena.f64.slice(index64(sums), index64(sums) + SUMS);
    return { shard: n, gradient: arena.read(gradient, network.vectorSize), sums: values };
  });
}

/** Addresses of the results of a published update's shards. */
function roomOf(arena: Arena, { shards, table, counters }: PublishedUpdate): ShardBuffers {
  const addresses = Array.from(arena.i32.subarray(index32(table), index32(table) + 2 * shards), unsigned);
  return { gradients: addresses.slice(0, shards), sums: addresses.slice(shards), counters };
}

/**
 * For a worker on shared memory: claims and computes shards of each published update until the end of the job is
 * published.
 */
export function workThroughUpdates(
  run: ShardContext,
  { sets, keep, board, job, generation, spinCount }: UpdatesJob,
): void {
  const { engine } = run;
  const { arena, network } = engine.policy;
  arena.refresh();
  const plansOf = planAhead(receiveSets(arena, run.sources, sets, keep), engine.policy);
  const at = index32(board);
  let seen = generation;
  for (let next = 0; ; ) {
    if (next < sets.length) plansOf(next);
    seen = waitForGeneration(arena.i32, at, seen, spinCount);
    const published = readUpdate(arena.i32, at);
    if (published.job !== job) return;
    next = published.update + 1;
    const shards = shardsIn(plansOf(published.update));
    arena.refresh();
    let room: ShardBuffers | null = null;
    const take = (): number => claim(arena.i32, at, seen, shards.length);
    for (let n = take(); n >= 0; n = take()) {
      // After a shard is claimed, the calling thread publishes no further update until the shard is complete.
      room ??= roomOf(arena, published);
      computeShard(engine, shards[n].plan, shards[n].shard, room.gradients[n], room.sums[n]);
      addShard(network, room, n, published.shards);
    }
  }
}
