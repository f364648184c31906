import { expect, test } from 'vitest';
import type { InputShape } from '../../../src/engine/layers/batch.ts';
import { clearStates, createStateList, inputShape, pushState } from '../../../src/engine/states/stateList.ts';

const bags: InputShape = {
  form: 'tokens',
  layout: 'slots',
  vocabularySize: 5,
  stateSlots: 3,
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

test('the shape of an environment: tokens keep their slots; an action of a fixed set is one token', () => {
  const common = { name: 'e', version: '1', maxSteps: 9, hasExpert: false };
  expect(
    inputShape({
      ...common,
      form: 'tokens',
      layout: 'slots',
      vocabulary: ['a', 'b', 'c', 'd', 'e'],
      stateSlots: 3,
      actionSlots: 2,
    }),
  ).toEqual(bags);
  expect(inputShape({ ...common, form: 'vector', vectorWidth: 2, actionCount: 4 })).toEqual(vectors);
});

test('features turn from slot * vocabulary + token to token * slots + slot, with offsets by state and action', () => {
  const list = createStateList(bags);
  // Tokens 4 and 1 in slot 0, token 2 in slot 2; actions: token 3 in slot 0; nothing; tokens 0 and 4 in slots 0 and 1.
  pushState(list, [4, 1, 12], [[3], [], [0, 9]]);
  pushState(list, [], [[8]]);
  expect([list.states, list.actions]).toEqual([2, 4]);
  expect([...list.stateFeatures.subarray(0, 3)]).toEqual([12, 3, 8]);
  expect([...list.stateOffsets.subarray(0, 3)]).toEqual([0, 3, 3]);
  expect([...list.actionFeatures.subarray(0, 4)]).toEqual([6, 0, 9, 7]);
  expect([...list.actionOffsets.subarray(0, 5)]).toEqual([0, 1, 1, 3, 4]);
  expect([...list.rowOffsets.subarray(0, 3)]).toEqual([0, 3, 4]);
});

test('vectors are copied and action ids are kept', () => {
  const list = createStateList(vectors);
  const observation = Float32Array.from([1.5, -2]);
  pushState(list, observation, [0, 3]);
  observation.fill(9);
  pushState(list, observation, [1]);
  expect([...list.vectors.subarray(0, 4)]).toEqual([1.5, -2, 9, 9]);
  expect([...list.actionFeatures.subarray(0, 3)]).toEqual([0, 3, 1]);
});

test.each([
  ['bags', bags],
  ['vectors', vectors],
] as const)('a list of %s grows past every first size without losing anything', (_, shape) => {
  const list = createStateList(shape);
  const states = 3000;
  const observation = (s: number) =>
    shape.form === 'vector' ? Float32Array.from([s, -s]) : [s % 5, 5 + (s % 3), 10 + (s % 4)];
  const actions = (s: number) =>
    Array.from({ length: 1 + (s % 9) }, (_, a) => (s + a) % 4).map((a) => (shape.form === 'vector' ? a : [a, 5 + a]));
  for (let s = 0; s < states; s++) pushState(list, observation(s), actions(s) as number[] | number[][]);
  let row = 0;
  for (let s = 0; s < states; s++) {
    expect(list.rowOffsets[s]).toBe(row);
    if (shape.form === 'vector') expect([...list.vectors.subarray(2 * s, 2 * s + 2)]).toEqual([s, s === 0 ? -0 : -s]);
    else {
      const from = list.stateOffsets[s];
      expect([...list.stateFeatures.subarray(from, list.stateOffsets[s + 1])]).toEqual([
        (s % 5) * 3,
        (s % 3) * 3 + 1,
        (s % 4) * 3 + 2,
      ]);
    }
    for (let a = 0; a <= s % 9; a++, row++) {
      const id = (s + a) % 4;
      const features = [...list.actionFeatures.subarray(list.actionOffsets[row], list.actionOffsets[row + 1])];
      expect(features).toEqual(shape.form === 'vector' ? [id] : [id * 2, id * 2 + 1]);
    }
  }
  expect(list.actions).toBe(row);
});

test('a cleared list holds what is pushed after, as a new one', () => {
  const list = createStateList(bags);
  pushState(list, [4, 1, 12], [[3], [0, 9]]);
  clearStates(list);
  pushState(list, [2], [[8], [1]]);
  const fresh = createStateList(bags);
  pushState(fresh, [2], [[8], [1]]);
  const content = ({
    states,
    actions,
    rowOffsets,
    stateFeatures,
    stateOffsets,
    actionFeatures,
    actionOffsets,
  }: typeof list) => ({
    states,
    actions,
    rowOffsets: [...rowOffsets.subarray(0, 2)],
    stateFeatures: [...stateFeatures.subarray(0, 1)],
    stateOffsets: [...stateOffsets.subarray(0, 2)],
    actionFeatures: [...actionFeatures.subarray(0, 2)],
    actionOffsets: [...actionOffsets.subarray(0, 3)],
  });
  expect(content(list)).toEqual(content(fresh));
});

test('a refused state leaves the list as it was', () => {
  const list = createStateList(bags);
  pushState(list, [1], [[2]]);
  expect(() => pushState(list, [2, 3], [[0], [99]])).toThrow(RangeError);
  pushState(list, [4], [[3], [1]]);
  expect([list.states, list.actions]).toEqual([2, 3]);
  expect([...list.stateFeatures.subarray(0, 2)]).toEqual([3, 12]);
  expect([...list.actionFeatures.subarray(0, 3)]).toEqual([4, 6, 2]);
  expect([...list.actionOffsets.subarray(0, 4)]).toEqual([0, 1, 2, 3]);
});

test('refuses a state without actions', () => {
  expect(() => pushState(createStateList(bags), [1], [])).toThrow(
    new RangeError(
      'pushState: admissibleActions must not be empty before the end of an episode, got []; check the environment',
    ),
  );
});

test.each([15, -1, 1.5, Number.NaN])('refuses feature %d of a state', (feature) => {
  expect(() => pushState(createStateList(bags), [0, feature], [[1]])).toThrow(
    new RangeError(
      `pushState: features must be integers slot * 5 + token with slot < 3, got ${feature}; check the environment's encoding`,
    ),
  );
});

test('refuses a feature of an action beyond its slots', () => {
  expect(() => pushState(createStateList(bags), [0], [[1], [10]])).toThrow(
    new RangeError(
      "pushState: features must be integers slot * 5 + token with slot < 2, got 10; check the environment's encoding",
    ),
  );
});

test('refuses a vector of another width', () => {
  expect(() => pushState(createStateList(vectors), new Float32Array(3), [0])).toThrow(
    new RangeError('pushState: observation must have 2 numbers, got 3; check the environment'),
  );
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses the number %d in a vector', (bad) => {
  expect(() => pushState(createStateList(vectors), Float32Array.from([1, bad]), [0])).toThrow(
    new RangeError(`pushState: observation must be finite, got ${bad} at 1; check the environment`),
  );
});

test.each([4, -1, 0.5])('refuses action id %d', (id) => {
  expect(() => pushState(createStateList(vectors), new Float32Array(2), [0, id])).toThrow(
    new RangeError(`pushState: action ids must be integers in [0, 4), got ${id}; check the environment`),
  );
});
