import { availableParallelism } from 'node:os';
import { afterEach, expect, test, vi } from 'vitest';
import {
  availableCores,
  BLOCKS,
  completePiece,
  type PublishedTask,
  publishTask,
  readTask,
  spinCountOf,
  waitForGeneration,
  waitUntilComplete,
} from '../../src/parallel/updateBoard.ts';
import { claim, closeGeneration, everyNth, nextGeneration, startGeneration } from '../../src/parallel/workCounter.ts';

afterEach(() => void vi.unstubAllGlobals());

const words = (): Int32Array => new Int32Array(new SharedArrayBuffer(256));

test('each index of a generation is claimed once, and a claim with an earlier generation returns -1', () => {
  const i32 = words();
  expect(claim(i32, 3, 1, 5)).toBe(-1);
  startGeneration(i32, 3, 1);
  expect([0, 1, 2, 3].map(() => claim(i32, 3, 1, 3))).toEqual([0, 1, 2, -1]);
  startGeneration(i32, 3, 2);
  expect(claim(i32, 3, 1, 3)).toBe(-1);
  expect([0, 1].map(() => claim(i32, 3, 2, 1))).toEqual([0, -1]);
});

test('generations differ from their predecessors without end, and none is 0, the value of memory before the first', () => {
  const i32 = words();
  let generation = 0;
  for (let n = 0; n < 1_100_000; n++) {
    const before = generation;
    generation = nextGeneration(generation);
    if (generation === 0 || generation === before) expect.fail(`generation ${generation} after ${before}`);
    if (n % 50_000 !== 0) continue;
    startGeneration(i32, 0, generation);
    const claimed = [generation, before, generation].map((claimant) => claim(i32, 0, claimant, 2));
    expect(claimed).toEqual([0, -1, 1]);
  }
});

test('everyNth: the parts are disjoint and cover all indices', () => {
  for (const count of [1, 2, 3, 7]) {
    const parts = Array.from({ length: count }, (_, k) => everyNth(10, k, count));
    expect(parts.flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(Math.max(...parts.map((part) => part.length)) - Math.min(...parts.map((part) => part.length))).toBeLessThan(
      2,
    );
  }
});

test('no index of a closed generation is claimed, whatever its count', () => {
  const i32 = words();
  startGeneration(i32, 0, 4);
  expect(claim(i32, 0, 4, 9)).toBe(0);
  closeGeneration(i32, 0);
  expect([claim(i32, 0, 4, 9), claim(i32, 0, 5, 9)]).toEqual([-1, -1]);
});

const task: PublishedTask = { job: 4, update: 2, kind: BLOCKS, count: 2, size: 4, shards: 8, table: 0xf000_0040 };

test('a task is read as it was published, with addresses above 2 GiB, and ends the wait for another generation', () => {
  const i32 = words();
  publishTask(i32, 1, 7, task);
  expect(waitForGeneration(i32, 1, 6, 0)).toBe(7);
  expect(readTask(i32, 1)).toEqual(task);
});

test('threads poll for long only where each can have its own core', () => {
  expect(spinCountOf(navigator.hardwareConcurrency)).toBeGreaterThan(spinCountOf(navigator.hardwareConcurrency + 1));
});

test('the runtime reports how many threads can run at once, also without navigator, as in Node 20', () => {
  expect(availableCores()).toBe(availableParallelism());
  vi.stubGlobal('navigator', undefined);
  expect(availableCores()).toBe(availableParallelism());
  vi.stubGlobal('process', undefined);
  expect(availableCores()).toBe(null);
});

test('waitUntilComplete resolves once all pieces are complete, and rejects with a failure that comes first', async () => {
  const i32 = words();
  publishTask(i32, 0, 1, task);
  completePiece(i32, 0);
  let complete = false;
  const waiting = waitUntilComplete(i32, 0, 9, () => null).then(() => {
    complete = true;
  });
  setTimeout(() => {
    expect(complete).toBe(false);
    completePiece(i32, 0);
  }, 20);
  await waiting;
  await waitUntilComplete(i32, 0, 0, () => new Error('too late to matter'));
  publishTask(i32, 0, 2, task);
  await expect(waitUntilComplete(i32, 0, 9, () => new Error('worker 2 has ended'))).rejects.toThrow(
    new Error('worker 2 has ended'),
  );
});
