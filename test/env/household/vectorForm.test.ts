import { expect, test } from 'vitest';
import { stateVector, VECTOR_WIDTH } from '../../../src/env/household/vectorForm.ts';
import { act, startWorld, TAKE } from '../../../src/env/household/world.ts';

const ones = (vector: Float32Array): number[] => [...vector.keys()].filter((i) => vector[i] === 1);

/** First index of the memory of a place: after 6 + 12 + 13 + 12 + 2 + 2 + 13 + 5 + 2 + 2 + 2 + 12 numbers, 15 each. */
const memory = (place: number): number => 83 + 15 * place;

test('each part of the state sets the numbers of its segment', () => {
  const [SHELF, DESK, FRIDGE] = [6, 9, 10];
  const world = startWorld({
    ...{ task: 3, object: 4, target: 3, places: [SHELF, DESK, FRIDGE], lamp: DESK, start: DESK },
    ...{ kinds: [4, 0, 2], kindPlaces: [DESK, DESK, FRIDGE] },
  });
  expect(VECTOR_WIDTH).toBe(memory(24));
  // Task heat, mug, shelf, desk 2, open, nothing held, none placed, lamp here, no failed action, apple and mug visible.
  const start = [3, 6 + 4, 18 + 3, 31 + 4, 43 + 1, 45 + 1, 47, 60, 65, 67 + 1, 69, 71, 71 + 4];
  const seenDesk = [memory(DESK), memory(DESK) + 1, memory(DESK) + 2, memory(DESK) + 2 + 4, memory(DESK) + 14];
  expect(ones(stateVector(world))).toEqual([...start, memory(SHELF), ...seenDesk, memory(FRIDGE)]);
  act(world, TAKE + 4, true);
  act(world, FRIDGE, true);
  // Fridge 1, closed, a plain mug held, no lamp; the desk keeps its apple and lamp in memory.
  const later = [3, 6 + 4, 18 + 3, 31 + 5, 43, 45, 47 + 5, 60 + 1, 65, 67, 69];
  const keptDesk = [memory(DESK), memory(DESK) + 1, memory(DESK) + 2, memory(DESK) + 14];
  expect(ones(stateVector(world))).toEqual([...later, memory(SHELF), ...keptDesk, memory(FRIDGE)]);
});
