import { expect, test } from 'vitest';
import { createGameGraphs } from '../../../src/credit/labels/gameGraphs.ts';
import { createGraphLabels } from '../../../src/credit/labels/graph.ts';
import { handMade, type Transition } from './rollouts.ts';

const step: Transition = { hash: 1, taken: 0, next: 2 };
const other: Transition = { hash: 1, taken: 1, next: 3 };

test('each step has its edge, and is untried where the graph lacked it before the rollout', () => {
  const graphs = createGameGraphs(100);
  graphs.add(handMade([[step]]));
  const { edge, untried, graphs: byEpisode } = graphs.add(handMade([[step, other], [other]]));
  expect([[...edge], [...untried]]).toEqual([
    [0, 1, 1],
    [0, 1, 1],
  ]);
  expect(byEpisode[0]).toBe(byEpisode[1]);
  expect(byEpisode[0].visits).toEqual([2, 2]);
});

test('a rollout is added once: the label source and the advantages of a run share its graphs', () => {
  const graphs = createGameGraphs(100);
  const settings = { graphDiscount: 0.9, graphMaxEdges: 100, graphMinSuccesses: 1, graphMinVisits: 1 };
  const labels = createGraphLabels(settings, graphs);
  const rollout = handMade([[step]]);
  labels.label(rollout);
  const steps = graphs.add(rollout);
  expect([steps.graphs[0].visits, [...steps.untried]]).toEqual([[1], [1]]);
  expect(graphs.add(rollout)).toBe(steps);
  labels.label(handMade([[step]]));
  expect(graphs.add(rollout).graphs[0].visits).toEqual([3]);
  expect(labels.save()).toEqual(graphs.save());
});

test('a game under another goal has a graph of its own, which is saved and restored', () => {
  const graphs = createGameGraphs(100);
  graphs.add(handMade([[step]], [{ seed: 5 }]));
  expect(Object.keys(graphs.save())).toEqual(['games', 'edges']);
  graphs.add(
    handMade(
      [[other], [step]],
      [
        { seed: 5, goal: 7 },
        { seed: 5, goal: 0 },
      ],
    ),
  );
  const saved = graphs.save();
  expect([...saved.goals]).toEqual([-1, 7, 0]);
  expect([...saved.games]).toEqual([0, 5, 1, 0, 5, 1, 0, 5, 1]);
  const restored = createGameGraphs(100);
  restored.restore('graph', saved);
  expect(restored.save()).toEqual(saved);
  for (const [goal, expected] of [
    [undefined, 1],
    [7, 0],
    [0, 1],
  ] as const) {
    const { untried } = restored.add(handMade([[other]], [{ seed: 5, ...(goal !== undefined && { goal }) }]));
    expect([...untried], `goal ${goal}`).toEqual([expected]);
  }
});
