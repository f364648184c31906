/** Computes a worker's shards of updates. */
import { index32, index64 } from '../engine/kernels/address.ts';
import { planAhead, planShards, type ShardEngine, SUMS, shardsIn } from '../engine/learn/shards.ts';
import { vectorsFor } from '../engine/learn/treeSum.ts';
import { computeBlock, readTable, shardsOfBlock, sumBlocks, type UpdateTable } from './blocks.ts';
import { receiveSets, type SentSet, type SetSource } from './sources.ts';
import { BLOCKS, completePiece, END, readTask, SUM, waitForGeneration } from './updateBoard.ts';
import { claim } from './workCounter.ts';

/** f32[network.savedSize] for a worker that keeps a copy of the weights, null where the weights are shared. */
export type Weights = Float32Array | null;

/** Shards of one update, for a worker that has a memory of its own. */
export interface ShardsJob {
  readonly weights: Weights;
  readonly sets: readonly SentSet[];
  /** Ids of the sources that later jobs use. */
  readonly keep: readonly number[];
  /** Number of shards of a block. */
  readonly size: number;
  /** The blocks that this worker computes. */
  readonly blocks: readonly number[];
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
  /** Whether the threads also share the sum of the blocks of an update. */
  readonly sharesSums: boolean;
}

/** Results of a block from a worker that has a memory of its own. */
export interface BlockResult {
  readonly block: number;
  readonly gradient: Float32Array;
  /** f64[SUMS] of each shard of the block. */
  readonly sums: readonly Float64Array[];
}

/** State from which a worker computes shards. */
export interface ShardContext {
  readonly engine: ShardEngine;
  readonly sources: Map<number, SetSource>;
  /** Gradient vectors in which this worker sums the shards of a block. */
  readonly vectors: number[];
  /** Addresses of f64[SUMS] of loss sums of shards whose results are sent in a message. */
  readonly sums: number[];
}

function reserveVectors({ engine, vectors }: ShardContext, count: number): void {
  const { arena, network } = engine.policy;
  while (vectors.length < count) vectors.push(arena.floats(network.vectorSize));
}

/** Computes the worker's blocks of one update, for a worker that has a memory of its own. */
export function computeBlocks(run: ShardContext, { sets, keep, size, blocks }: ShardsJob): BlockResult[] {
  const { engine, vectors, sums } = run;
  const { arena, network } = engine.policy;
  const [received] = receiveSets(arena, run.sources, [sets], keep);
  const shards = shardsIn(received.map((set) => planShards(set, engine.policy)));
  reserveVectors(run, vectorsFor(size));
  while (sums.length < shards.length) sums.push(arena.reserve(SUMS * 8));
  return blocks.map((block) => {
    computeBlock(engine, shards, block, size, vectors, sums);
    const own = sums.slice(...shardsOfBlock(block, size, shards.length));
    return {
      block,
      gradient: arena.read(vectors[0], network.vectorSize),
      sums: own.map((address) => arena.f64.slice(index64(address), index64(address) + SUMS)),
    };
  });
}

/**
 * For a worker on shared memory: claims and performs pieces of each published task until the end of the job is
 * published.
 */
export function workThroughUpdates(
  run: ShardContext,
  { sets, keep, board, job, generation, spinCount, sharesSums }: UpdatesJob,
): void {
  const { engine } = run;
  const { arena, network } = engine.policy;
  arena.refresh();
  const plansOf = planAhead(receiveSets(arena, run.sources, sets, keep), engine.policy);
  const at = index32(board);
  let seen = generation;
  const performClaimed = (count: number, perform: (piece: number) => void): void => {
    const take = (): number => claim(arena.i32, at, seen, count);
    for (let piece = take(); piece >= 0; piece = take()) {
      perform(piece);
      completePiece(arena.i32, at);
    }
  };
  let table: UpdateTable | null = null;
  for (let next = 0; ; ) {
    if (next < sets.length) plansOf(next);
    seen = waitForGeneration(arena.i32, at, seen, spinCount);
    const task = readTask(arena.i32, at);
    if (task.job !== job || task.kind === END) return;
    const { update, kind, count, size } = task;
    arena.refresh();
    // After a piece is claimed, the calling thread publishes no further task until the piece is complete.
    const tableOf = (blocks: number): UpdateTable => readTable(arena, task.table, blocks, task.shards);
    table = null;
    if (kind === BLOCKS) {
      const shards = shardsIn(plansOf(update));
      reserveVectors(run, vectorsFor(size) - 1);
      performClaimed(count, (block) => {
        table ??= tableOf(count);
        computeBlock(engine, shards, block, size, [table.blocks[block], ...run.vectors], table.sums);
      });
    } else {
      performClaimed(count, (part) => {
        table ??= tableOf(Math.ceil(task.shards / size));
        sumBlocks(network, table.blocks, table.whole, part, count);
      });
    }
    if (kind === SUM || !sharesSums) next = update + 1;
  }
}
