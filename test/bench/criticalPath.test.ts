import { expect, test } from 'vitest';
import { type Phase, predictMs } from '../../bench/criticalPath.ts';

const costs = { waitMs: 0.5, waitPerThreadMs: 0.25, messageMs: 1 };
const phase: Phase = {
  name: 'updates',
  count: 3,
  sharedMs: 120,
  pieces: () => 5,
  aloneMs: 7,
  waits: 2,
  messages: 0,
};

test('one thread: the sum of all times, without waits and messages', () => {
  expect(predictMs([phase, { ...phase, messages: 4 }], 1, costs)).toBe(254);
});

test('the thread with the most pieces determines the time, and each wait adds its cost', () => {
  // 3 of 5 pieces, and 3 * 2 waits of 0.5.
  expect(predictMs([phase], 2, costs)).toBeCloseTo(7 + 72 + 3, 9);
  // 2 of 5 pieces, and 3 * 2 waits of 0.5 + 2 * 0.25.
  expect(predictMs([phase], 4, costs)).toBeCloseTo(7 + 48 + 6, 9);
  // More threads than pieces: one piece each.
  expect(predictMs([phase], 8, costs)).toBeCloseTo(7 + 24 + 3 * 2 * 2, 9);
});

test('each message to each worker takes time of the calling thread', () => {
  expect(predictMs([{ ...phase, waits: 0, messages: 2 }], 4, costs)).toBeCloseTo(7 + 48 + 3 * 2 * 3, 9);
});

test('the number of pieces can depend on the number of threads, and is at least one', () => {
  expect(predictMs([{ ...phase, waits: 0, pieces: (threads) => 2 * threads }], 4, costs)).toBeCloseTo(7 + 30, 9);
  expect(predictMs([{ ...phase, waits: 0, pieces: () => 0 }], 4, costs)).toBeCloseTo(127, 9);
});
