/**
 * Blocks: consecutive shards that one thread computes and sums by itself. A block is a whole subtree of the sum of all
 * shards, so its size does not change the bits of the sum.
 */
import { index32, unsigned } from '../engine/kernels/address.ts';
import type { Arena } from '../engine/kernels/arena.ts';
import type { Network } from '../engine/layers/network.ts';
import { computeInOrder, type PlannedShard, type ShardEngine } from '../engine/learn/shards.ts';
import { sumPart } from '../engine/learn/treeSum.ts';

/** Smallest number of blocks per thread where there are enough shards: a delayed thread then computes fewer of them. */
export const BLOCKS_PER_THREAD = 4;

/** Number of shards of a block, a power of two. */
export function blockSize(shards: number, threads: number): number {
  let size = 1;
  while (shards / (2 * size) >= threads * BLOCKS_PER_THREAD) size *= 2;
  return size;
}

/** Numbers of the shards of block `block`. */
export function shardsOfBlock(block: number, size: number, shards: number): readonly [from: number, to: number] {
  return [block * size, Math.min(shards, (block + 1) * size)];
}

/**
 * Computes the shards of a block and sums their gradients.
 *
 * @param vectors `vectorsFor(size)` gradient vectors; the first one finally holds the sum
 * @param sums address of the loss sums of each shard of the update
 */
export function computeBlock(
  engine: ShardEngine,
  shards: readonly PlannedShard[],
  block: number,
  size: number,
  vectors: readonly number[],
  sums: readonly number[],
): void {
  const range = shardsOfBlock(block, size, shards.length);
  for (let n = range[0]; n < range[1]; n++) computeInOrder(engine, shards, n, range, vectors, sums);
}

/**
 * Sums part number `part` of `parts` of the vectors of the blocks in the tree, and adds this part of the gradient of the
 * contrastive loss. The first vector then holds this part of the gradient.
 */
export function sumBlocks(
  network: Pick<Network, 'addGradient'>,
  blocks: readonly number[],
  whole: number,
  part: number,
  parts: number,
): void {
  sumPart(network, blocks, part, parts);
  if (whole) network.addGradient(blocks[0], whole, part, parts);
}

/** Addresses that the threads of an update use. */
export interface UpdateTable {
  /** Gradient vector of each block. */
  readonly blocks: readonly number[];
  /** Gradient vector of the contrastive loss, or 0. */
  readonly whole: number;
  /** Loss sums of each shard. */
  readonly sums: readonly number[];
}

/** Number of words of a table. */
export function wordsOfTable({ blocks, sums }: UpdateTable): number {
  return blocks.length + 1 + sums.length;
}

/** Writes a table to memory that all threads share, as i32[blocks + 1 + shards]. */
export function writeTable({ i32 }: Arena, at: number, { blocks, whole, sums }: UpdateTable): void {
  i32.set([...blocks, whole, ...sums], index32(at));
}

export function readTable({ i32 }: Arena, at: number, blocks: number, shards: number): UpdateTable {
  const words = Array.from(i32.subarray(index32(at), index32(at) + blocks + 1 + shards), unsigned);
  return { blocks: words.slice(0, blocks), whole: words[blocks], sums: words.slice(blocks + 1) };
}
