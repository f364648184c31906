import { availableParallelism } from 'node:os';
import { afterEach, expect, test, vi } from 'vitest';
import { coresOfHost, looksOf, nextRoundOn, post, readPost, untilSet } from '../../src/parallel/updateBoard.ts';
import { claim, everyNth, nextRound, openRound } from '../../src/parallel/workCounter.ts';

afterEach(() => void vi.unstubAllGlobals());

const words = (): Int32Array => new Int32Array(new SharedArrayBuffer(64));

test('a round gives each number once, and none to a thread that comes late', () => {
  const i32 = words();
  expect(claim(i32, 3, 1, 5)).toBe(-1);
  openRound(i32, 3, 1);
  expect([0, 1, 2, 3].map(() => claim(i32, 3, 1, 3))).toEqual([0, 1, 2, -1]);
  openRound(i32, 3, 2);
  expect(claim(i32, 3, 1, 3)).toBe(-1);
  expect([0, 1].map(() => claim(i32, 3, 2, 1))).toEqual([0, -1]);
});

test('rounds follow one another for ever, and none is 0, what memory holds before the first', () => {
  const i32 = words();
  let round = 0;
  for (let n = 0; n < 1_100_000; n++) {
    const before = round;
    round = nextRound(round);
    if (round === 0 || round === before) expect.fail(`round ${round} after ${before}`);
    if (n % 50_000 !== 0) continue;
    openRound(i32, 0, round);
    expect([claim(i32, 0, round, 2), claim(i32, 0, before, 2), claim(i32, 0, round, 2)]).toEqual([0, -1, 1]);
  }
});

test('everyNth: the parts are disjoint and whole', () => {
  for (const count of [1, 2, 3, 7]) {
    const parts = Array.from({ length: count }, (_, k) => everyNth(10, k, count));
    expect(parts.flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(Math.max(...parts.map((part) => part.length)) - Math.min(...parts.map((part) => part.length))).toBeLessThan(
      2,
    );
  }
});

test('a post is read as it was written, addresses above 2 GiB too, and ends the wait for another round', () => {
  const i32 = words();
  const posted = { job: 4, update: 2, shards: 8, table: 0xf000_0040, counters: 0x9000_0000 };
  post(i32, 1, 7, posted);
  expect(nextRoundOn(i32, 1, 6, 0)).toBe(7);
  expect(readPost(i32, 1)).toEqual(posted);
});

test('threads look long only where each may have a core', () => {
  expect(looksOf(navigator.hardwareConcurrency)).toBeGreaterThan(looksOf(navigator.hardwareConcurrency + 1));
});

test('the host tells how many threads can run at once, also where it has no navigator, as Node 20', () => {
  expect(coresOfHost()).toBe(availableParallelism());
  vi.stubGlobal('navigator', undefined);
  expect(coresOfHost()).toBe(availableParallelism());
  vi.stubGlobal('process', undefined);
  expect(coresOfHost()).toBe(null);
});

test('untilSet resolves once the word is 1, and rejects with a failure that comes first', async () => {
  const i32 = words();
  Atomics.store(i32, 5, 1);
  await untilSet(i32, 5, 0, () => new Error('too late to matter'));
  const waiting = untilSet(i32, 6, 9, () => null);
  setTimeout(() => Atomics.store(i32, 6, 1), 20);
  await waiting;
  await expect(untilSet(i32, 7, 9, () => new Error('worker 2 has ended'))).rejects.toThrow(
    new Error('worker 2 has ended'),
  );
});
