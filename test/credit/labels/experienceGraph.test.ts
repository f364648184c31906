import { expect, test } from 'vitest';
import {
  alwaysLedTo,
  createExperienceGraph,
  edgeValue,
  observe,
  stateValues,
} from '../../../src/credit/labels/experienceGraph.ts';
import { randomStream } from '../../../src/random.ts';

interface Edge {
  from: number;
  action: number;
  to: number;
  reward: number;
  terminated: number;
}

const STATES = 60;

/** A random deterministic decision process. Part of its edges was observed, some of them twice. */
function randomEdges(seed: number, reward: (uniform: number) => number): Edge[] {
  const random = randomStream(seed, 'test/process');
  return Array.from({ length: 4 * STATES }, () => ({
    from: random.below(STATES),
    action: random.below(4),
    to: random.below(STATES),
    reward: random.below(12) === 0 ? reward(random.uniform()) : 0,
    terminated: random.below(10) === 0 ? 1 : 0,
  }));
}

function graphOf(edges: readonly Edge[]) {
  const graph = createExperienceGraph();
  let added = 0;
  for (const { from, action, to, reward, terminated } of edges) {
    added += observe(graph, from, action, to, reward, terminated);
  }
  return { graph, added };
}

/**
 * V of each state, from value iteration by sweeps over all states. The outcomes of an action are weighted by their
 * counts.
 */
function valueIteration(edges: readonly Edge[], discount: number): Float64Array {
  const tried = new Map<number, Edge[]>();
  for (const edge of edges) {
    const key = edge.from * 4 + edge.action;
    tried.set(key, [...(tried.get(key) ?? []), edge]);
  }
  let values = new Float64Array(STATES);
  for (let sweep = 0; sweep < 2000; sweep++) {
    const next = new Float64Array(STATES);
    for (const outcomes of tried.values()) {
      const sum = outcomes.reduce(
        (x, { to, reward, terminated }) => x + reward + (terminated ? 0 : discount * values[to]),
        0,
      );
      next[outcomes[0].from] = Math.max(next[outcomes[0].from], sum / outcomes.length);
    }
    values = next;
  }
  return values;
}

test('a chain with a shortcut: V = discount^(steps before the action that succeeds)', () => {
  const step = (from: number, action: number, to: number, end = 0): Edge => ({
    from,
    action,
    to,
    reward: end,
    terminated: end,
  });
  const { graph } = graphOf([
    step(0, 0, 1),
    step(1, 0, 2),
    step(2, 0, 3),
    step(3, 0, 4, 1),
    step(1, 1, 3),
    step(5, 0, 5),
  ]);
  const values = stateValues(graph, 0.5);
  const at = (hash: number) => values[graph.nodes.get(hash) as number];
  expect([0, 1, 2, 3, 4, 5].map(at)).toEqual([0.25, 0.5, 0.5, 1, 0, 0]);
});

for (const [name, reward] of [
  ['rewards of 1', () => 1],
  ['rewards in [-1, 2), also where the episode continues', (u: number) => 3 * u - 1],
] as const) {
  test(`${name}: V equals value iteration within 1e-12 on 40 random processes`, () => {
    let positive = 0;
    for (let seed = 0; seed < 40; seed++) {
      const edges = randomEdges(seed, reward);
      const { graph, added } = graphOf(edges);
      expect(added).toBe(new Set(edges.map((edge) => JSON.stringify(edge))).size);
      expect(graph.from.length).toBe(new Set(edges.map((edge) => edge.from * 4 + edge.action)).size);
      const expected = valueIteration(edges, 0.9);
      const values = stateValues(graph, 0.9);
      for (const [hash, node] of graph.nodes) {
        expect(Math.abs(values[node] - expected[hash])).toBeLessThan(1e-12);
        if (values[node] > 0) positive++;
      }
    }
    expect(positive).toBeGreaterThan(1000);
  });
}

test('values are bitwise identical for any order in which the edges were observed', () => {
  for (let seed = 0; seed < 20; seed++) {
    const edges = randomEdges(seed, (u) => 3 * u - 1);
    const unique = [...new Map(edges.map((edge) => [edge.from * 4 + edge.action, edge])).values()];
    const forward = graphOf(unique).graph;
    const backward = graphOf(unique.toReversed()).graph;
    const values = stateValues(forward, 0.9);
    const others = stateValues(backward, 0.9);
    for (const [hash, node] of forward.nodes) {
      expect(others[backward.nodes.get(hash) as number]).toBe(values[node]);
    }
  }
});

test('the value of an action with several outcomes is their mean, weighted by their counts', () => {
  const graph = createExperienceGraph();
  // Action 0 in state 1: success twice, on to state 2 once, back to state 1 once.
  expect(observe(graph, 1, 0, 9, 1, 1)).toBe(1);
  expect(observe(graph, 1, 0, 9, 1, 1)).toBe(0);
  expect(observe(graph, 1, 0, 2, 0, 0)).toBe(1);
  expect(observe(graph, 1, 0, 1, 0, 0)).toBe(1);
  expect(observe(graph, 2, 3, 9, 1, 1)).toBe(1);
  const values = stateValues(graph, 0.5);
  // V(1) = (1 + 1 + .5 V(2) + .5 V(1)) / 4 with V(2) = 1.
  const expected = 2.5 / 3.5;
  expect(Math.abs(values[0] - expected)).toBeLessThan(1e-15);
  expect(values[2]).toBe(1);
  expect(edgeValue(graph, values, 0, 0.5)).toBe(values[0]);
  expect([graph.successes, [...graph.count], [...graph.visits]]).toEqual([3, [2, 1, 1, 1], [4, 1]]);
});

test('outcomes added with a count equal those added one by one, and alwaysLedTo tests all of them', () => {
  const one = createExperienceGraph();
  const many = createExperienceGraph();
  for (let i = 0; i < 3; i++) observe(one, 1, 0, 2, 0, 1);
  observe(one, 1, 0, 1, 0, 0);
  observe(many, 1, 0, 2, 0, 1, 3);
  observe(many, 1, 0, 1, 0, 0, 1);
  expect(many).toEqual(one);
  expect([1, 0].map((end) => alwaysLedTo(one, 0, (o) => one.terminated[o] === end))).toEqual([false, false]);
  expect(alwaysLedTo(one, 0, (o) => one.reward[o] === 0)).toBe(true);
});
