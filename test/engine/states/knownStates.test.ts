import { expect, test } from 'vitest';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { closeKnownStates, copyStates, meetStates, openKnownStates } from '../../../src/engine/states/knownStates.ts';
import { findRepeats } from '../../../src/engine/states/repeats.ts';
import { createStateList, inputShape, pushState, type StateList } from '../../../src/engine/states/stateList.ts';
import type { EnvironmentSpec, Step } from '../../../src/env/environment.ts';

const common = { name: 'e', version: '1', maxSteps: 9, hasExpert: false };
const bags: EnvironmentSpec = {
  ...common,
  form: 'tokens',
  layout: 'slots',
  vocabulary: ['a', 'b', 'c', 'd', 'e'],
  stateSlots: 3,
  actionSlots: 2,
};
const vectors: EnvironmentSpec = { ...common, form: 'vector', vectorWidth: 2, actionCount: 4 };

const shown = (observation: Step['observation'], admissibleActions: readonly number[] | readonly number[][]): Step => ({
  observation,
  reward: 0,
  terminated: false,
  truncated: false,
  info: { admissibleActions },
});

/** Step s of a sequence that comes again after `period`, with up to `most` actions of many features. */
function stepOf(spec: EnvironmentSpec, s: number, period: number, most: number): Step {
  const n = s % period;
  const observation =
    spec.form === 'vector' ? Float32Array.from([n, -n]) : [n % 5, 5 + (n % 3), ...new Array(n % 7).fill(12)];
  const actions = Array.from({ length: 1 + (n % most) }, (_, a) => (n + a) % 4);
  const features = actions.map((a) => [a, ...new Array(n % 9).fill(5 + a)]);
  return shown(observation, spec.form === 'vector' ? actions : features);
}

/** What a list holds, without the room that its arrays have left. */
function contentOf({ states, actions, shape, ...arrays }: StateList) {
  return {
    rowOffsets: arrays.rowOffsets.slice(0, states + 1),
    stateOffsets: arrays.stateOffsets.slice(0, states + 1),
    stateFeatures: arrays.stateFeatures.slice(0, arrays.stateOffsets[states]),
    actionOffsets: arrays.actionOffsets.slice(0, actions + 1),
    actionFeatures: arrays.actionFeatures.slice(0, arrays.actionOffsets[actions]),
    vectors: arrays.vectors.slice(0, states * shape.vectorWidth),
  };
}

test.each([
  ['bags', bags],
  ['vectors', vectors],
] as const)(
  '%s: 3,000 states met in parts outgrow every first room, the table too; list and repeats are those of pushState and findRepeats',
  async (_, spec) => {
    const arena = await createArena();
    const shape = inputShape(spec);
    const expected = createStateList(shape);
    const steps = Array.from({ length: 3000 }, (_, s) => stepOf(spec, s, 1900, 11));
    for (const { observation, info } of steps) pushState(expected, observation, info.admissibleActions);
    const repeats = findRepeats(expected, new Int8Array(expected.actions));
    // The second time in the room that the first one left.
    for (const part of [1, 700]) {
      const known = openKnownStates(arena, spec);
      for (let s = 0; s < steps.length; s += part)
        meetStates(known, steps.slice(s, s + part), Math.min(part, 3000 - s));
      const list = createStateList(shape, 1);
      const first = new Int32Array(3000);
      copyStates(known, list, first);
      expect([list.states, list.actions]).toEqual([3000, expected.actions]);
      expect(contentOf(list)).toEqual(contentOf(expected));
      expect(first).toEqual(repeats);
      expect(known.distinct).toBe(1900);
      expect([...arena.i32.subarray(known.arrays.addresses.waiting >> 2).subarray(0, known.waiting)]).toEqual(
        Array.from({ length: 1900 }, (_, n) => n),
      );
      closeKnownStates(known);
    }
  },
);

test('of two that are open at once neither disturbs the other', async () => {
  const arena = await createArena();
  const [one, other] = [openKnownStates(arena, bags), openKnownStates(arena, bags)];
  for (let s = 0; s < 50; s++) {
    meetStates(one, [stepOf(bags, s, 20, 3)], 1);
    meetStates(other, [stepOf(bags, 3 * s, 20, 3)], 1);
  }
  const lists = [createStateList(inputShape(bags)), createStateList(inputShape(bags))];
  for (const [k, known] of [one, other].entries()) {
    const expected = createStateList(inputShape(bags));
    for (let s = 0; s < 50; s++) {
      const { observation, info } = stepOf(bags, (1 + 2 * k) * s, 20, 3);
      pushState(expected, observation, info.admissibleActions);
    }
    const first = new Int32Array(50);
    copyStates(known, lists[k], first);
    expect(contentOf(lists[k])).toEqual(contentOf(expected));
    expect(first).toEqual(findRepeats(expected, new Int8Array(expected.actions)));
  }
});

const rule = 'pushState: features must be integers slot * 5 + token with';
test.each([
  [
    'no action',
    bags,
    [1],
    [],
    'pushState: admissibleActions must not be empty before the end of an episode, got []; check the environment',
  ],
  ['a feature past the last slot', bags, [15], [[1]], `${rule} slot < 3, got 15; check the environment's encoding`],
  ['a fraction', bags, [1], [[1.5]], `${rule} slot < 2, got 1.5; check the environment's encoding`],
  ['a missing feature', bags, [Number.NaN], [[1]], `${rule} slot < 3, got NaN; check the environment's encoding`],
  [
    'a feature beyond 32 bits',
    bags,
    [1],
    [[2 ** 32]],
    `${rule} slot < 2, got 4294967296; check the environment's encoding`,
  ],
  [
    'a short vector',
    vectors,
    Float32Array.from([1]),
    [0],
    'pushState: observation must have 2 numbers, got 1; check the environment',
  ],
  [
    'a long vector',
    vectors,
    Float32Array.from([1, 2, 3]),
    [0],
    'pushState: observation must have 2 numbers, got 3; check the environment',
  ],
  [
    'a number that is not finite',
    vectors,
    Float32Array.from([1, Number.POSITIVE_INFINITY]),
    [0],
    'pushState: observation must be finite, got Infinity at 1; check the environment',
  ],
  [
    'an action that does not exist',
    vectors,
    Float32Array.from([1, 2]),
    [4],
    'pushState: action ids must be integers in [0, 4), got 4; check the environment',
  ],
  [
    'half an action',
    vectors,
    Float32Array.from([1, 2]),
    [0.5],
    'pushState: action ids must be integers in [0, 4), got 0.5; check the environment',
  ],
] as const)('refuses %s among good states', async (_, spec, observation, actions, message) => {
  const known = openKnownStates(await createArena(), spec);
  const good = stepOf(spec, 1, 9, 3);
  const bad = shown(observation as Step['observation'], actions as unknown as number[]);
  expect(() => meetStates(known, [good, bad, good], 3)).toThrow(new RangeError(message));
});
