/**
 * The board on which the calling thread posts one update after another, on memory that all threads share. Workers stay at it for a whole
 * phase: between updates they look for the next post, briefly by themselves, then asleep, and no message is needed.
 */
import { unsigned } from '../engine/kernels/address.ts';
import { turn } from '../eventLoop.ts';
import { openRound, roundOf } from './workCounter.ts';

/** Bytes of a board: i32 of the word from which shards are claimed, job, update, shards, and the addresses of table and counters. */
export const BOARD_BYTES = 64;
const JOB = 1;
const UPDATE = 2;
const SHARDS = 3;
const TABLE = 4;
const COUNTERS = 5;

/** How many threads can run at once, or null where the host does not tell. */
export function coresOfHost(): number | null {
  if (typeof navigator !== 'undefined') return navigator.hardwareConcurrency;
  // Node 20 has no navigator.
  return globalThis.process?.getBuiltinModule?.('node:os').availableParallelism() ?? null;
}

/**
 * Looks before a thread sleeps: some 300 microseconds where each thread may have a core of its own, as long as the end of an update takes, else
 * next to none, for who looks keeps the core from whom he waits for.
 */
export function looksOf(threads: number): number {
  return threads <= (coresOfHost() ?? 1) ? 30_000 : 50;
}

/** An update on the board. Job 0 ends the present one. */
export interface Post {
  readonly job: number;
  /** Its place among the job's updates. */
  readonly update: number;
  /** Shards in all, those of the contrastive loss included. */
  readonly shards: number;
  /** Addresses of i32[2 * shards], the addresses of each shard's gradient, then of its sums, and of the counters of `ShardBuffers`. */
  readonly table: number;
  readonly counters: number;
}

/** Posts an update and wakes the workers. `at` is the board's index in `i32`. */
export function post(i32: Int32Array, at: number, round: number, { job, update, shards, table, counters }: Post): void {
  i32[at + JOB] = job;
  i32[at + UPDATE] = update;
  i32[at + SHARDS] = shards;
  i32[at + TABLE] = table;
  i32[at + COUNTERS] = counters;
  openRound(i32, at, round);
  Atomics.notify(i32, at);
}

/** Waits for a round other than `seen`; blocks the thread, asleep after `looks`. */
export function nextRoundOn(i32: Int32Array, at: number, seen: number, looks: number): number {
  for (let spin = 0; ; spin++) {
    const word = Atomics.load(i32, at);
    if (roundOf(word) !== seen) return roundOf(word);
    if (spin >= looks) Atomics.wait(i32, at, word);
  }
}

/** The present post. One that is read while the next is written belongs to a round of which nothing can be claimed any more. */
export function readPost(i32: Int32Array, at: number): Post {
  return {
    job: i32[at + JOB],
    update: i32[at + UPDATE],
    shards: i32[at + SHARDS],
    table: unsigned(i32[at + TABLE]),
    counters: unsigned(i32[at + COUNTERS]),
  };
}

/** Whether this thread may sleep: the main thread of a page may not. */
function maySleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}

let sleeps: boolean | undefined;

/** Resolves once the word at index `at` is 1, looking `looks` times before it sleeps; rejects with what `failure` gives, if that comes first. */
export async function untilSet(i32: Int32Array, at: number, looks: number, failure: () => Error | null): Promise<void> {
  for (let spin = 0; spin < looks; spin++) if (Atomics.load(i32, at) === 1) return;
  sleeps ??= maySleep();
  for (;;) {
    if (sleeps) Atomics.wait(i32, at, 0, 1);
    if (Atomics.load(i32, at) === 1) return;
    await turn();
    const error = failure();
    if (error) throw error;
  }
}
