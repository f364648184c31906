import { expect, test } from 'vitest';
import { atOnce, inTurns, type Pieces, pauses } from '../src/eventLoop.ts';

/** Awaits pauses after pieces of `states` until an abort that comes by the event loop is thrown; gives how many pieces were done. */
async function piecesUntilHeard(states: number): Promise<number> {
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

test('an abort is heard after 256 states, in pieces of any size', async () => {
  expect(await piecesUntilHeard(1)).toBe(255);
  expect(await piecesUntilHeard(100)).toBe(2);
  expect(await piecesUntilHeard(5000)).toBe(0);
});

test('without a signal there are turns, too', async () => {
  const pause = pauses();
  let heard = false;
  setImmediate(() => {
    heard = true;
  });
  await pause(255);
  expect(heard).toBe(false);
  await pause(1);
  expect(heard).toBe(true);
});

test('pieces give the same at once and in turns, and give back what they hold when a pause throws', async () => {
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
  const told: number[] = [];
  const listen = async (states: number): Promise<void> => void told.push(states);
  expect([atOnce(sum()), await inTurns(sum(), listen), told, held]).toEqual([10, 10, [1, 2, 3, 4], 0]);
  const failing = async (states: number): Promise<void> => {
    if (states === 2) throw new Error(`stop with ${held} held`);
  };
  await expect(inTurns(sum(), failing)).rejects.toThrow('stop with 1 held');
  expect(held).toBe(0);
});
