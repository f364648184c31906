/**
 * The update board: a slot in shared memory in which the calling thread publishes one task after another to the
 * workers. An update has two tasks: its blocks of shards, and the sum of the blocks in parts.
 *
 * The first word is a work counter from which threads claim the pieces of the task. Its generation also serves as a
 * sequence word, used like a futex: a thread waits until the word differs from the value that it has seen, first by
 * polling, then in a blocking wait (`Atomics.wait`), and the publisher wakes it (`Atomics.notify`). Workers stay in
 * this loop for a whole phase, so an update needs no message.
 */
import { unsigned } from '../engine/kernels/address.ts';
import { yieldToEventLoop } from '../eventLoop.ts';
import { closeGeneration, generationOf, startGeneration } from './workCounter.ts';

/**
 * Bytes of a board. It holds i32 values: the work counter and the fields of the task in one cache line, and in another
 * line the number of pieces that are not complete, to which each thread writes.
 */
export const BOARD_BYTES = 128;
const fields = ['job', 'update', 'kind', 'count', 'size', 'shards', 'table'] as const;
const REMAINING = 16;

/** Number of threads that can run at once, or null where the runtime does not report it. */
export function availableCores(): number | null {
  if (typeof navigator !== 'undefined') return navigator.hardwareConcurrency;
  // Node 20 has no navigator.
  return globalThis.process?.getBuiltinModule?.('node:os').availableParallelism() ?? null;
}

/** Whether each of `threads` threads can have a core of its own. */
export function haveCores(threads: number): boolean {
  return threads <= (availableCores() ?? 1);
}

/**
 * Number of polls before a thread blocks. If each thread can have its own core: 30,000 (about 300 µs, which is as long
 * as the end of an update takes). Otherwise: 50, because a polling thread occupies the core that the other thread
 * needs.
 */
export function spinCountOf(threads: number): number {
  return haveCores(threads) ? 30_000 : 50;
}

/** Number of threads that each woken thread wakes: to wake all in turn would delay the publisher by 40 µs for each. */
const WOKEN_EACH = 2;

/** Kinds of tasks: the end of the job, blocks of shards, parts of the sum of the blocks. */
export const END = 0;
export const BLOCKS = 1;
export const SUM = 2;

/** A task on the board. */
export interface PublishedTask {
  readonly job: number;
  /** Index of the update in its job. */
  readonly update: number;
  /** END, BLOCKS or SUM. */
  readonly kind: number;
  /** Number of pieces. */
  readonly count: number;
  /** Number of shards of a block; the last block can have fewer. */
  readonly size: number;
  /** Number of shards of the sets of the update. */
  readonly shards: number;
  /** Address of the table of the update; see `writeTable`. */
  readonly table: number;
}

/** Publishes a task as the given generation and wakes the workers. `at` is the board's index in `i32`. */
export function publishTask(i32: Int32Array, at: number, generation: number, task: PublishedTask): void {
  // A late worker must not claim pieces of the earlier task by the count of this one.
  closeGeneration(i32, at);
  for (const [k, field] of fields.entries()) Atomics.store(i32, at + 1 + k, task[field]);
  Atomics.store(i32, at + REMAINING, task.count);
  startGeneration(i32, at, generation);
  Atomics.notify(i32, at, WOKEN_EACH);
}

/** Waits for a generation other than `seen` and returns it. Polls `spinCount` times, then blocks the thread. */
export function waitForGeneration(i32: Int32Array, at: number, seen: number, spinCount: number): number {
  let blocked = false;
  for (let spin = 0; ; spin++) {
    const word = Atomics.load(i32, at);
    if (generationOf(word) !== seen) {
      if (blocked) Atomics.notify(i32, at, WOKEN_EACH);
      return generationOf(word);
    }
    if (spin < spinCount) continue;
    Atomics.wait(i32, at, word);
    blocked = true;
  }
}

/**
 * The current task. A read during a write can mix two tasks. This is safe: no piece of the old task can be claimed any
 * more.
 */
export function readTask(i32: Int32Array, at: number): PublishedTask {
  const [job, update, kind, count, size, shards, table] = fields.map((_, k) => Atomics.load(i32, at + 1 + k));
  return { job, update, kind, count, size, shards, table: unsigned(table) };
}

/** Marks one piece of the task as complete. The last one wakes the calling thread. */
export function completePiece(i32: Int32Array, at: number): void {
  if (Atomics.sub(i32, at + REMAINING, 1) === 1) Atomics.notify(i32, at + REMAINING);
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
 * Resolves once all pieces of the task are complete. Polls `spinCount` times. After that the thread blocks for at most
 * 1 ms where it can, then yields to the event loop so that it can handle Ctrl-C and worker failures, and repeats.
 *
 * @param failure returns the error with which to reject, or null
 */
export async function waitUntilComplete(
  i32: Int32Array,
  at: number,
  spinCount: number,
  failure: () => Error | null,
): Promise<void> {
  for (let spin = 0; spin < spinCount; spin++) if (Atomics.load(i32, at + REMAINING) === 0) return;
  blocks ??= canBlock();
  for (;;) {
    const left = Atomics.load(i32, at + REMAINING);
    if (left > 0 && blocks) Atomics.wait(i32, at + REMAINING, left, 1);
    if (Atomics.load(i32, at + REMAINING) === 0) return;
    await yieldToEventLoop();
    const error = failure();
    if (error) throw error;
  }
}
