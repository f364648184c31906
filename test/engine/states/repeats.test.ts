import { expect, test } from 'vitest';
import type { InputShape } from '../../../src/engine/layers/batch.ts';
import { findRepeats } from '../../../src/engine/states/repeats.ts';
import { createStateList, pushState } from '../../../src/engine/states/stateList.ts';

const tokens: InputShape = {
  form: 'tokens',
  layout: 'slots',
  vocabularySize: 10,
  stateSlots: 2,
  actionSlots: 2,
  vectorWidth: 0,
};
const vectors: InputShape = {
  form: 'vector',
  layout: 'slots',
  vocabularySize: 4,
  stateSlots: 0,
  actionSlots: 1,
  vectorWidth: 2,
};

test('a state repeats an earlier one exactly when observation, actions and labels are equal', () => {
  const list = createStateList(tokens);
  pushState(list, [1, 12], [[3], [4, 15]]);
  pushState(list, [1, 13], [[3], [4, 15]]);
  pushState(list, [1, 12], [[3], [4, 15]]);
  pushState(list, [1, 12], [[4, 15], [3]]);
  pushState(list, [1, 12], [[3], [4], [15]]);
  pushState(list, [1, 12], [[3, 14], [15]]);
  pushState(list, [1, 12], [[3], [4, 15]]);
  const labels = new Int8Array(list.actions);
  expect([...findRepeats(list, labels)]).toEqual([0, 1, 0, 3, 4, 5, 0]);
  labels[list.rowOffsets[6] + 1] = 1;
  expect([...findRepeats(list, labels)]).toEqual([0, 1, 0, 3, 4, 5, 6]);
});

test('of states with one content those repeat that have the same labels, whichever came first', () => {
  const list = createStateList(tokens);
  for (const word of [1, 2, 1, 1, 1, 2, 1]) pushState(list, [word], [[3], [4, 15]]);
  const labels = Int8Array.from([0, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1]);
  expect([...findRepeats(list, labels)]).toEqual([0, 1, 2, 0, 4, 5, 2]);
});

test('vectors repeat when all their numbers are equal', () => {
  const list = createStateList(vectors);
  for (const vector of [
    [1, 2],
    [2, 1],
    [1, 2],
    [1, 2],
  ])
    pushState(list, Float32Array.from(vector), [0, 1]);
  pushState(list, Float32Array.from([1, 2]), [0, 2]);
  expect([...findRepeats(list, new Int8Array(list.actions))]).toEqual([0, 1, 0, 0, 4]);
});
