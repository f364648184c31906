import { describe, expect, test } from 'vitest';
import { createAnchorLabels } from '../../../src/credit/labels/anchor.ts';
import { handMade, type Transition } from './rollouts.ts';

const source = (anchorIterations = 1, labelMargin = 0) =>
  createAnchorLabels({ graphDiscount: 0.5, anchorIterations, labelMargin });
const end = (taken: number, reward: number, hash = 1): Transition[] => [
  { hash, taken, next: 9, reward, terminated: true },
];
/** Labels of the first state. */
const first = (labels: Int8Array): number[] => [...labels.subarray(0, 3)];

describe('labels', () => {
  test('above the mean of the state is good, below is bad; an action that was not taken there has no label', () => {
    expect(first(source().label(handMade([end(0, 1), end(1, 0)])))).toEqual([1, 0, -1]);
    const late: Transition[] = [
      { hash: 1, taken: 1, next: 2 },
      { hash: 2, taken: 0, next: 3, reward: 1, terminated: true },
    ];
    expect(first(source().label(handMade([end(0, 1), late])))).toEqual([1, 0, -1]);
  });

  test('no label where one action was taken, or where returns differ by rounding only', () => {
    expect(first(source().label(handMade([end(0, 1), end(0, 0)])))).toEqual([-1, -1, -1]);
    expect(first(source().label(handMade([end(0, 1), end(1, 1)])))).toEqual([-1, -1, -1]);
    expect((0.1 + 0.1 + 0.1) / 3).not.toBe(0.1);
    expect(first(source().label(handMade([end(0, 0.1), end(1, 0.1), end(1, 0.1), end(1, 0.1)])))).toEqual([-1, -1, -1]);
  });

  test('differences up to the margin give no label', () => {
    const rollout = () => handMade([end(0, 0.75), end(1, 0.25)]);
    expect(first(source(1, 0.2).label(rollout()))).toEqual([1, 0, -1]);
    expect(first(source(1, 0.3).label(rollout()))).toEqual([-1, -1, -1]);
  });

  test('games are kept separate', () => {
    const rollout = handMade([end(0, 1), end(1, 0)], [{ seed: 1 }, { seed: 2 }]);
    expect([...source().label(rollout)]).toEqual([-1, -1, -1, -1, -1, -1]);
  });
});

test('anchorIterations rollouts are compared, older ones are removed', () => {
  const labelled = (anchorIterations: number) => {
    const anchor = source(anchorIterations);
    anchor.label(handMade([end(0, 1)]));
    anchor.label(handMade([end(2, 1, 5)]));
    return first(anchor.label(handMade([end(1, 0)])));
  };
  expect([1, 2, 3].map(labelled)).toEqual([
    [-1, -1, -1],
    [-1, -1, -1],
    [1, 0, -1],
  ]);
});

test('after a restore the labels are those of an uninterrupted source', () => {
  const uninterrupted = source(2);
  const resumed = source(2);
  uninterrupted.label(handMade([end(0, 1)]));
  uninterrupted.label(handMade([end(1, 0)]));
  resumed.label(handMade([end(2, 1)]));
  resumed.restore(uninterrupted.save());
  expect(resumed.save()).toEqual(uninterrupted.save());
  const last = handMade([end(2, 0)]);
  expect(first(uninterrupted.label(last))).toEqual([-1, -1, -1]);
  expect(resumed.label(last)).toEqual(Int8Array.of(-1, -1, -1));
  resumed.restore(source(2).save());
  expect(first(resumed.label(handMade([end(0, 1), end(1, 0)])))).toEqual([1, 0, -1]);
});

test('invalid input is rejected with the next step', () => {
  expect(() => source().restore({ steps: new Float64Array(0) })).toThrow(
    new Error(
      'labels: restore of source "anchor" needs lengths and steps, got [steps]; resume with the labels the run began with',
    ),
  );
  const rollout = handMade([
    [{ hash: 1, taken: 4, next: 2, candidates: 5 }],
    [{ hash: 1, taken: 0, next: 2, candidates: 3 }],
  ]);
  expect(() => source().label(rollout)).toThrow(
    new RangeError(
      "labels: states with the same hash must have the same actions, got action 4 of 3 in game 0 of train; check the environment's stateHash",
    ),
  );
});
