import { expect, test } from 'vitest';
import { stateVector, VECTOR_WIDTH } from '../../../src/env/crafting/vectorForm.ts';
import { DROP, MIX, TAKE } from '../../../src/env/crafting/world.ts';
import { CELLAR, HALL, inkWorld, KITCHEN, MINT, OIL, SOOT } from './fixture.ts';

const ones = (vector: Float32Array): number[] => [...vector.keys()].filter((i) => vector[i] === 1);

/** First index of the memory of a room: after 6 + 6 + 10 + 12 + 1 numbers, 17 each. */
const memory = (room: number): number => 35 + 17 * room;

test('each part of the state sets the numbers of its segment', () => {
  expect(VECTOR_WIDTH).toBe(memory(10));
  const hall = [memory(HALL), memory(HALL) + 1];
  expect(ones(stateVector(inkWorld()))).toEqual([
    ...[3, 6 + 3, 12 + HALL, memory(CELLAR)],
    ...[...hall, memory(HALL) + 5 + MINT, memory(HALL) + 5 + SOOT, memory(HALL) + 5 + OIL, memory(KITCHEN)],
  ]);
  // Mint and oil held, a failed mix at the press in the cellar.
  const cellar = [memory(CELLAR), memory(CELLAR) + 1, memory(CELLAR) + 2 + 2];
  const failed = inkWorld(TAKE + OIL, TAKE + MINT, CELLAR, MIX);
  expect(ones(stateVector(failed))).toEqual([
    ...[3, 6 + 3, 12 + CELLAR, 22 + MINT, 22 + OIL, 34],
    ...[...cellar, ...hall, memory(HALL) + 5 + SOOT, memory(KITCHEN)],
  ]);
  const dropped = inkWorld(TAKE + SOOT, CELLAR, DROP + SOOT, KITCHEN);
  expect(ones(stateVector(dropped))).toEqual([
    ...[3, 6 + 3, 12 + KITCHEN, ...cellar, memory(CELLAR) + 5 + SOOT, ...hall],
    ...[memory(HALL) + 5 + MINT, memory(HALL) + 5 + OIL, memory(KITCHEN), memory(KITCHEN) + 1, memory(KITCHEN) + 2 + 1],
  ]);
});
