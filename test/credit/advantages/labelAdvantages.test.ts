import { expect, test } from 'vitest';
import { labelAdvantages } from '../../../src/credit/advantages/labelAdvantages.ts';
import type { StateList } from '../../../src/engine/states/stateList.ts';

test('the advantage is the label of the action taken: good 1, bad -1, none 0', () => {
  const states = { states: 3, rowOffsets: Int32Array.from([0, 2, 5, 6]) } as StateList;
  const taken = Int32Array.from([1, 2, 0]);
  expect([...labelAdvantages({ states, taken }, Int8Array.from([1, 0, 0, 0, 1, -1]))]).toEqual([-1, 1, 0]);
});
