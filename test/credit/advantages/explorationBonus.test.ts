import { expect, test } from 'vitest';
import { explorationBonus, firstTriedShare } from '../../../src/credit/advantages/explorationBonus.ts';
import { createGameGraphs } from '../../../src/credit/labels/gameGraphs.ts';
import { handMade, type Transition } from '../labels/rollouts.ts';

const old: Transition = { hash: 1, taken: 0, next: 2 };
const new1: Transition = { hash: 1, taken: 1, next: 3 };
const new2: Transition = { hash: 2, taken: 0, next: 3 };

test('a case computed by hand: 1 / sqrt(steps of the rollout on a new edge), minus the mean of the group', () => {
  const graphs = createGameGraphs(1000);
  graphs.add(handMade([[old]]));
  // Group 0: one known edge; one new edge taken by two steps of this group and by two of group 1; one taken once.
  // Bonuses of group 0: 0, 1/2, 1/2, 1; mean 1/2. Group 1: 1/2, 1/2, 0; mean 1/3.
  const rollout = handMade([[old, new1], [new1, new2], [new1, new1], [old]]);
  const bonus = [...explorationBonus(graphs.add(rollout), rollout, 2)];
  const expected = [-1 / 2, 0, 0, 1 / 2, 1 / 6, 1 / 6, -1 / 3];
  for (const [s, value] of expected.entries()) expect(Math.abs(bonus[s] - value)).toBeLessThan(1e-7);
  expect(firstTriedShare(graphs.add(rollout))).toBe(5 / 7);
});

test('an edge of another game is another edge', () => {
  const graphs = createGameGraphs(1000);
  graphs.add(handMade([[new1]], [{ seed: 1 }]));
  const rollout = handMade([[new1], [new1]], [{ seed: 1 }, { seed: 2 }]);
  expect([...explorationBonus(graphs.add(rollout), rollout, 2)]).toEqual([-0.5, 0.5]);
});

test('where every edge is known, or every edge is new and taken once, all bonuses are 0', () => {
  const graphs = createGameGraphs(1000);
  const rollout = (): ReturnType<typeof handMade> => handMade([[old, new2], [new1]]);
  const first = rollout();
  const again = rollout();
  expect([...explorationBonus(graphs.add(first), first, 2)]).toEqual([0, 0, 0]);
  expect(firstTriedShare(graphs.add(first))).toBe(1);
  expect([...explorationBonus(graphs.add(again), again, 2)]).toEqual([0, 0, 0]);
  expect(firstTriedShare(graphs.add(again))).toBe(0);
});
