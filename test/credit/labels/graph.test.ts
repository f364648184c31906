import { describe, expect, test } from 'vitest';
import { createGraphLabels, type GraphLabels } from '../../../src/credit/labels/graph.ts';
import { randomStream } from '../../../src/random.ts';
import type { GameChoice } from '../../../src/rollout/rollout.ts';
import { handMade, type Transition } from './rollouts.ts';

const source = (graphMaxEdges = 1000, graphDiscount = 0.9, graphMinSuccesses = 1, graphMinVisits = 1) =>
  createGraphLabels({ graphDiscount, graphMaxEdges, graphMinSuccesses, graphMinVisits });

/** Labels of the last state of the last episode, from a new or given source. */
function lastLabels(episodes: Transition[][], graph = source(), games: Partial<GameChoice>[] = []): number[] {
  const rollout = handMade(episodes, games);
  const { rowOffsets, states } = rollout.states;
  return [...graph.label(rollout)].slice(rowOffsets[states - 1]);
}

const success: Transition[] = [
  { hash: 1, taken: 0, next: 2 },
  { hash: 2, taken: 0, next: 3, reward: 1, terminated: true },
];

describe('each rule', () => {
  test('an end without reward is bad, with or without a known success', () => {
    const ruin: Transition = { hash: 1, taken: 2, next: 9, terminated: true };
    expect(lastLabels([[ruin]])).toEqual([-1, -1, 0]);
    expect(lastLabels([success, [ruin]])).toEqual([1, -1, 0]);
    expect(lastLabels([[{ ...ruin, reward: -1 }]])).toEqual([-1, -1, 0]);
  });

  test('where a success is known, actions on the best known path are good and every other known action is bad', () => {
    expect(lastLabels([success, [{ hash: 1, taken: 1, next: 5 }]])).toEqual([1, 0, -1]);
    const detour: Transition[] = [
      { hash: 1, taken: 1, next: 5 },
      { hash: 5, taken: 0, next: 2 },
    ];
    const again: Transition[] = [{ hash: 1, taken: 2, next: 2 }];
    expect(lastLabels([success, detour, again])).toEqual([1, 0, 1]);
  });

  test('the best known path changes when a shorter one is found', () => {
    const graph = source();
    expect(lastLabels([[{ hash: 0, taken: 0, next: 1 }, ...success], [{ hash: 0, taken: 0, next: 1 }]], graph)).toEqual(
      [1, -1, -1],
    );
    const short: Transition = { hash: 0, taken: 1, next: 3, reward: 1, terminated: true };
    expect(lastLabels([[short]], graph)).toEqual([0, 1, -1]);
  });

  test('where no success is known, actions that left the state unchanged are bad and the others have no label', () => {
    const stay: Transition = { hash: 1, taken: 0, next: 1 };
    expect(lastLabels([[{ hash: 1, taken: 1, next: 2 }], [stay]])).toEqual([0, -1, -1]);
  });

  test('a truncated episode has no known end, and a reward without an end counts', () => {
    expect(lastLabels([[{ hash: 1, taken: 1, next: 2 }]])).toEqual([-1, -1, -1]);
    const part: Transition = { hash: 1, taken: 2, next: 4, reward: 0.5 };
    expect(lastLabels([[{ hash: 1, taken: 1, next: 2 }], [part]])).toEqual([-1, 0, 1]);
  });

  test('the discount determines the choice between a small early reward and a large late one', () => {
    const late: Transition[] = [
      { hash: 1, taken: 0, next: 2 },
      { hash: 2, taken: 0, next: 3, reward: 1, terminated: true },
    ];
    const soon: Transition[] = [{ hash: 1, taken: 1, next: 3, reward: 0.6, terminated: true }];
    expect(lastLabels([late, soon], source(1000, 0.9))).toEqual([1, 0, -1]);
    expect(lastLabels([late, soon], source(1000, 0.5))).toEqual([0, 1, -1]);
  });

  test('paths that are equal up to rounding are both good', () => {
    expect(0.9 * 1.1).toBeGreaterThan(0.99);
    const late: Transition[] = [
      { hash: 1, taken: 0, next: 2 },
      { hash: 2, taken: 0, next: 3, reward: 1.1, terminated: true },
    ];
    expect(lastLabels([late, [{ hash: 1, taken: 1, next: 3, reward: 0.99, terminated: true }]])).toEqual([1, 1, -1]);
  });
});

describe('evidence', () => {
  const visit: Transition[] = [{ hash: 1, taken: 1, next: 5 }];
  const ruin: Transition[] = [{ hash: 1, taken: 2, next: 9, terminated: true }];

  test('below graphMinSuccesses a game has labels only for actions that ended the episode or left the state unchanged', () => {
    const stay: Transition[] = [{ hash: 1, taken: 1, next: 1 }];
    const of = (least: number, ...episodes: Transition[][]) => lastLabels(episodes, source(1000, 0.9, least));
    expect(of(2, success, visit, ruin)).toEqual([-1, -1, 0]);
    expect(of(2, success, stay)).toEqual([-1, 0, -1]);
    expect(of(2, success, success, visit, ruin)).toEqual([1, 0, 0]);
    expect(of(3, success, success, visit, ruin)).toEqual([-1, -1, 0]);
  });

  test('successes of one game do not count for another', () => {
    const graph = source(1000, 0.9, 2);
    graph.label(handMade([success, success], [{ seed: 7 }, { seed: 8 }]));
    expect(lastLabels([visit], graph, [{ seed: 7 }])).toEqual([-1, -1, -1]);
    expect(lastLabels([success, visit], graph, [{ seed: 8 }, { seed: 8 }])).toEqual([1, 0, -1]);
  });

  test('an action tried fewer than graphMinVisits times has no label, but its value counts', () => {
    const of = (...episodes: Transition[][]) => lastLabels(episodes, source(1000, 0.9, 1, 2));
    expect(of(success, visit, visit, ruin)).toEqual([-1, 0, -1]);
    expect(of(success, success, visit, ruin, ruin)).toEqual([1, -1, 0]);
  });
});

describe('chance', () => {
  const end = (taken: number, reward: number): Transition[] => [{ hash: 1, taken, next: 9, reward, terminated: true }];

  test('the action that succeeds more often is good, for any latest outcome', () => {
    const often = [end(0, 1), end(0, 1), end(0, 0)];
    const seldom = [end(1, 0), end(1, 0), end(1, 1)];
    expect(lastLabels([...often, ...seldom])).toEqual([1, 0, -1]);
    expect(lastLabels([...seldom, ...often])).toEqual([1, 0, -1]);
    expect(lastLabels([end(0, 1), end(0, 0), end(1, 0), end(1, 1)])).toEqual([1, 1, -1]);
  });

  test('an action that once ended without reward and once continued has no label without a known success', () => {
    const on: Transition[] = [{ hash: 1, taken: 0, next: 2 }];
    expect(lastLabels([end(0, 0)])).toEqual([0, -1, -1]);
    expect(lastLabels([end(0, 0), on])).toEqual([-1, -1, -1]);
    const stay: Transition[] = [{ hash: 1, taken: 0, next: 1 }];
    expect(lastLabels([stay])).toEqual([0, -1, -1]);
    expect(lastLabels([stay, on])).toEqual([-1, -1, -1]);
  });
});

test('seed and split distinguish games, and the rollouts of a group share one', () => {
  const visit: Transition[] = [{ hash: 1, taken: 1, next: 5 }];
  const labels = (game: Partial<GameChoice>) => lastLabels([success, visit], source(), [{ seed: 3 }, game]);
  expect(labels({ seed: 3, rollout: 7 })).toEqual([1, 0, -1]);
  expect(labels({ seed: 4 })).toEqual([-1, -1, -1]);
  expect(labels({ seed: 3, split: 'in-domain' })).toEqual([-1, -1, -1]);
});

test('all states of a rollout are labelled with all its steps, the first state also with the last step', () => {
  const rollout = handMade([[{ hash: 1, taken: 1, next: 5 }], success]);
  expect([...source().label(rollout)]).toEqual([1, 0, -1, 1, 0, -1, 1, -1, -1]);
});

describe('bounded memory', () => {
  const chain = (length: number): Transition[] =>
    Array.from({ length }, (_, i) => ({ hash: i, taken: 0, next: i + 1 }));
  const gamesOf = (graph: GraphLabels) => {
    const { games } = graph.save();
    return Array.from({ length: games.length / 3 }, (_, g) => [...games.subarray(3 * g, 3 * g + 3)]);
  };

  test('the least recently played games are dropped completely above graphMaxEdges edges', () => {
    const graph = source(10);
    for (const seed of [1, 2, 3, 1]) graph.label(handMade([chain(3)], [{ seed }]));
    expect(gamesOf(graph)).toEqual([
      [0, 2, 3],
      [0, 3, 3],
      [0, 1, 3],
    ]);
    graph.label(handMade([chain(2)], [{ seed: 4, split: 'out-of-domain' }]));
    expect(gamesOf(graph)).toEqual([
      [0, 3, 3],
      [0, 1, 3],
      [2, 4, 2],
    ]);
    expect(graph.save().edges.length).toBe(8 * 6);
  });

  test('no game of the current rollout is dropped, for any size', () => {
    const graph = source(4);
    graph.label(handMade([chain(3)], [{ seed: 1 }]));
    graph.label(handMade([chain(4), chain(5)], [{ seed: 2 }, { seed: 3 }]));
    expect(gamesOf(graph)).toEqual([
      [0, 2, 4],
      [0, 3, 5],
    ]);
    graph.label(handMade([chain(1)], [{ seed: 3 }]));
    expect(gamesOf(graph)).toEqual([[0, 3, 5]]);
  });
});

/**
 * Rollouts of random walks over 12 states in 6 games: recurring states, replaced edges, ends with and without reward.
 */
function walks(iterations: number) {
  const random = randomStream(8, 'test/walks');
  return Array.from({ length: iterations }, () => {
    const games = Array.from({ length: 4 }, () => ({ seed: random.below(6) }));
    return handMade(
      games.map(() => {
        let hash = random.below(12);
        return Array.from({ length: 6 }, (_, step): Transition => {
          const next = random.below(12);
          const terminated = step === 5 && random.below(2) === 0;
          const reward = terminated && random.below(3) === 0 ? 1 : 0;
          const transition = { hash, taken: random.below(3), next, terminated, reward };
          hash = next;
          return transition;
        });
      }),
      games,
    );
  });
}

test('after a restore at any point the labels are those of an uninterrupted run, also while games are dropped', () => {
  const rollouts = walks(40);
  for (const graphMaxEdges of [60, 1000]) {
    const uninterrupted = source(graphMaxEdges);
    let resumed = source(graphMaxEdges);
    const seen = new Set<number>();
    rollouts.forEach((rollout, i) => {
      const labels = [...uninterrupted.label(rollout)];
      expect([...resumed.label(rollout)]).toEqual(labels);
      for (const label of labels) seen.add(label);
      if (i % 7 !== 6) return;
      const saved = resumed.save();
      expect(saved).toEqual(uninterrupted.save());
      resumed = source(graphMaxEdges);
      // The restore replaces the stored episodes.
      resumed.label(rollouts[0]);
      resumed.restore({ ...saved });
      expect(resumed.save()).toEqual(saved);
    });
    expect([...seen].sort()).toEqual([-1, 0, 1]);
    expect(uninterrupted.save().games.length < 6 * 3).toBe(graphMaxEdges === 60);
  }
});

test('invalid input is rejected with the next step', () => {
  for (const graphDiscount of [0, 1, Number.NaN]) {
    expect(() => source(1000, graphDiscount)).toThrow(
      new RangeError(
        `labels: graphDiscount must be > 0 and < 1, got ${graphDiscount}; a recurring reward has no finite value otherwise`,
      ),
    );
  }
  expect(() => source().restore({ games: new Float64Array(0) })).toThrow(
    new Error(
      'labels: restore of source "graph" needs games and edges, got [games]; resume with the labels the run began with',
    ),
  );
  const graph = source();
  graph.label(handMade([[{ hash: 1, taken: 4, next: 2, candidates: 5 }]], [{ seed: 6 }]));
  expect(() => graph.label(handMade([[{ hash: 1, taken: 0, next: 2, candidates: 3 }]], [{ seed: 6 }]))).toThrow(
    new RangeError(
      "labels: states with the same hash must have the same actions, got action 4 of 3 in game 6 of train; check the environment's stateHash",
    ),
  );
});
