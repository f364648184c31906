/** A worker's part in updates. */
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
import { nextRoundOn, type Post, readPost } from './updateBoard.ts';
import { claim } from './workCounter.ts';

/** f32[network.size] where the worker keeps a copy, null where the weights are shared. */
export type Weights = Float32Array | null;

/** Shards of one update for a worker that keeps copies. */
export interface ShardsJob {
  readonly weights: Weights;
  readonly sets: readonly SentSet[];
  /** Sources that will be asked for again. */
  readonly keep: readonly number[];
  /** The shards that are this worker's. */
  readonly numbers: readonly number[];
}

/** The updates of a phase for a worker that shares memory; they are posted one by one on the board. */
export interface UpdatesJob {
  readonly sets: readonly (readonly SentSet[])[];
  readonly keep: readonly number[];
  /** Address of the board, this job's number, and the round on the board when it was sent. */
  readonly board: number;
  readonly job: number;
  readonly round: number;
  /** Looks before a thread sleeps. */
  readonly looks: number;
}

/** A shard of a worker that keeps copies. */
export interface ShardResult {
  readonly shard: number;
  readonly gradient: Float32Array;
  readonly sums: Float64Array;
}

/** What a worker computes shards with. */
export interface ShardWork {
  readonly engine: ShardEngine;
  readonly sources: Map<number, SetSource>;
  /** Gradient vector and sums of shards whose results are sent. */
  readonly gradient: number;
  readonly sums: number;
}

/** For a worker that keeps copies: its shards of one update. */
export function computeShards(run: ShardWork, { sets, keep, numbers }: ShardsJob): ShardResult[] {
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

/** Where the shards of a posted update go. */
function roomOf(arena: Arena, { shards, table, counters }: Post): ShardBuffers {
  const addresses = Array.from(arena.i32.subarray(index32(table), index32(table) + 2 * shards), unsigned);
  return { gradients: addresses.slice(0, shards), sums: addresses.slice(shards), counters };
}

/** For a worker that shares memory: takes shards of each update on the board until the job's end is posted. */
export function workThroughUpdates(run: ShardWork, { sets, keep, board, job, round, looks }: UpdatesJob): void {
  const { engine } = run;
  const { arena, network } = engine.policy;
  arena.refresh();
  const plansOf = planAhead(receiveSets(arena, run.sources, sets, keep), engine.policy);
  const at = index32(board);
  let seen = round;
  for (let next = 0; ; ) {
    if (next < sets.length) plansOf(next);
    seen = nextRoundOn(arena.i32, at, seen, looks);
    const posted = readPost(arena.i32, at);
    if (posted.job !== job) return;
    next = posted.update + 1;
    const shards = shardsIn(plansOf(posted.update));
    arena.refresh();
    let room: ShardBuffers | null = null;
    const take = (): number => claim(arena.i32, at, seen, shards.length);
    for (let n = take(); n >= 0; n = take()) {
      // Once a shard is claimed the post stays until it is in.
      room ??= roomOf(arena, posted);
      computeShard(engine, shards[n].plan, shards[n].shard, room.gradients[n], room.sums[n]);
      addShard(network, room, n, posted.shards);
    }
  }
}
