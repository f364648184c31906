/**
 * The update board: a slot in shared memory in which the calling thread publishes one update after another to the
 * workers.
 *
 * The first word is a work counter from which threads claim shards. Its generation also serves as a sequence word, used
 * like a futex: a thread waits until the word differs from the value that it has seen, first by polling, then in a
 * blocking wait (`Atomics.wait`), and the publisher wakes it (`Atomics.notify`). Workers stay in this loop for a whole
 * phase, so an update needs no message.
 */
import { unsigned } from '../engine/kernels/address.ts';
import { yieldToEventLoop } from '../eventLoop.ts';
import { generationOf, startGeneration } from './workCounter.ts';

/**
 * Bytes of a board. It holds i32 values: work counter, job, update, shards, address of the table, address of the
 * counters.
 */
export const BOARD_BYTES = 64;
const JOB = 1;
const UPDATE = 2;
const SHARDS = 3;
const TABLE = 4;
const COUNTERS = 5;

/** Number of threads that can run at once, or null where the runtime does not report it. */
export function availableCores(): number | null {
  if (typeof navigator !== 'undefined') return navigator.hardwareConcurrency;
  // Node 20 has no navigator.
  return globalThis.process?.getBuiltinModule?.('node:os').availableParallelism() ?? null;
}

/**
 * Number of polls before a thread blocks. If each thread can have its own core: 30,000 (about 300 µs, which is as long
 * as the end of an update takes). Otherwise: 50, because a polling thread occupies the core that the other thread
 * needs.
 */
export function spinCountOf(threads: number): number {
  return threads <= (availableCores() ?? 1) ? 30_000 : 50;
}

/** An update on the board. Job 0 ends the current job. */
export interface PublishedUpdate {
  readonly job: number;
  /** Index of the update in its job. */
  readonly update: number;
  /** Number of shards, including those of the contrastive loss. */
  readonly shards: number;
  /** Address of i32[2 * shards]: the address of each shard's gradient, then the address of each shard's sums. */
  readonly table: number;
  /** Address of the counters of `ShardRoom`. */
  readonly counters: number;
}

/** Publishes an update as the given generation and wakes the workers. `at` is the board's index in `i32`. */
export function publishUpdate(
  i32: Int32Array,
  at: number,
  generation: number,
  { job, update, shards, table, counters }: PublishedUpdate,
): void {
  i32[at + JOB] = job;
  i32[at + UPDATE] = update;
  i32[at + SHARDS] = shards;
  i32[at + TABLE] = table;
  i32[at + COUNTERS] = counters;
  startGeneration(i32, at, generation);
  Atomics.notify(i32, at);
}

/** Waits for a generation other than `seen` and returns it. Polls `spinCount` times, then blocks the thread. */
export function waitForGeneration(i32: Int32Array, at: number, seen: number, spinCount: number): number {
  for (let spin = 0; ; spin++) {
    const word = Atomics.load(i32, at);
    if (generationOf(word) !== seen) return generationOf(word);
    if (spin >= spinCount) Atomics.wait(i32, at, word);
  }
}

/**
 * The current update. A read during a write can mix two updates. This is safe: no shard of the old update can be
 * claimed any more.
 */
export function readUpdate(i32: Int32Array, at: number): PublishedUpdate {
  return {
    job: i32[at + JOB],
    update: i32[at + UPDATE],
    shards: i32[at + SHARDS],
    table: unsigned(i32[at + TABLE]),
    counters: unsigned(i32[at + COUNTERS]),
  };
}

/** Whether this thread may block in `Atomics.wait`. The main thread of a page may not. */
function canBlock(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}

let blocks: boolean | undefined;

/**
 * Resolves once the word at index `at` is 1. Polls `spinCount` times. After that the thread blocks for at most 1 ms
 * where it can, then yields to the event loop so that it can handle Ctrl-C and worker failures, and repeats.
 *
 * @param failure returns the error with which to reject, or null
 */
export async function waitUntilSet(
  i32: Int32Array,
  at: number,
  spinCount: number,
  failure: () => Error | null,
): Promise<void> {
  for (let spin = 0; spin < spinCount; spin++) if (Atomics.load(i32, at) === 1) return;
  blocks ??= canBlock();
  for (;;) {
    if (blocks) Atomics.wait(i32, at, 0, 1);
    if (Atomics.load(i32, at) === 1) return;
    await yieldToEventLoop();
    const error = failure();
    if (error) throw error;
  }
}
