import { expect, test } from 'vitest';
import { type Pieces, pauses, runAtOnce, runWithPauses } from '../src/eventLoop.ts';

/**
 * Awaits pauses after pieces of `states` until one throws an abort from the event loop. Returns the number of finished
 * pieces.
 */
async function piecesUntilAbort(states: number): Promise<number> {
  const controller = new AbortController();
  const pause = pauses(controller.signal);
  setImmediate(() => controller.abort(new Error('stop')));
  let pieces = 0;
  const work = async (): Promise<void> => {
    for (; pieces < 10_000; pieces++) await pause(states);
  };
  await expect(work()).rejects.toThrow('stop');
  return pieces;
}

test('an abort is handled after 256 states, in pieces of any size', async () => {
  expect(await piecesUntilAbort(1)).toBe(255);
  expect(await piecesUntilAbort(100)).toBe(2);
  expect(await piecesUntilAbort(5000)).toBe(0);
});

test('without a signal a pause yields to the event loop, too', async () => {
  const pause = pauses();
  let yielded = false;
  setImmediate(() => {
    yielded = true;
  });
  await pause(255);
  expect(yielded).toBe(false);
  await pause(1);
  expect(yielded).toBe(true);
});

test('pieces have the same result with and without pauses, and release their buffers when a pause throws', async () => {
  let held = 0;
  function* sum(): Pieces<number> {
    held++;
    try {
      let total = 0;
      for (let i = 1; i <= 4; i++) {
        total += i;
        yield i;
      }
      return total;
    } finally {
      held--;
    }
  }
  const amounts: number[] = [];
  const record = async (states: number): Promise<void> => void amounts.push(states);
  expect([runAtOnce(sum()), await runWithPauses(sum(), record), amounts, held]).toEqual([10, 10, [1, 2, 3, 4], 0]);
  const failing = async (states: number): Promise<void> => {
    if (states === 2) throw new Error(`stop with ${held} held`);
  };
  await expect(runWithPauses(sum(), failing)).rejects.toThrow('stop with 1 held');
  expect(held).toBe(0);
});
