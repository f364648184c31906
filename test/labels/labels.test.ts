import { expect, test } from 'vitest';
import { demonstrationLabels } from '../../src/labels/demonstrations.ts';
import { createLabelSource, type LabelConfig } from '../../src/labels/labels.ts';
import { handMade } from './rollouts.ts';

const config: LabelConfig = { labels: 'advantage', seed: 1, graphDiscount: 0.9, graphMaxEdges: 1000 };
const none = new Float32Array(1);

const twoEpisodes = () =>
  handMade([
    [
      { hash: 1, taken: 2, next: 2, expert: [2] },
      { hash: 2, taken: 0, next: 3, candidates: 2, reward: 1, terminated: true, expert: [0, 1] },
    ],
    [{ hash: 1, taken: 1, next: 4, terminated: true, expert: [2] }],
  ]);

test('advantage: only actions taken are labelled, good above 1e-3, bad below -1e-3', () => {
  const source = createLabelSource(config);
  const label = (a: number, b: number) => [...source.label(twoEpisodes(), Float32Array.of(a, b), 0)];
  expect(label(1, -1)).toEqual([-1, -1, 1, 1, -1, -1, 0, -1]);
  expect(label(-0.5, 0)).toEqual([-1, -1, 0, 0, -1, -1, -1, -1]);
  expect(label(0.0009, -0.0009)).toEqual(new Array(8).fill(-1));
  expect(label(0.0011, -0.0011)).toEqual([-1, -1, 1, 1, -1, -1, 0, -1]);
  expect(() => source.label(twoEpisodes(), Float32Array.of(1), 0)).toThrow(
    new RangeError('labels: advantages must have one value per episode, 2, got 1; pass those of this rollout'),
  );
});

test("oracle: every row has the expert's label, whatever spare room the expert's rows have", () => {
  const source = createLabelSource({ ...config, labels: 'oracle' });
  const rollout = twoEpisodes();
  const wanted = [0, 0, 1, 1, 1, 0, 0, 1];
  expect([...source.label(rollout, none, 0)]).toEqual(wanted);
  const spare = new Uint8Array(4096);
  spare.set(rollout.expert);
  rollout.expert = spare;
  expect([...source.label(rollout, none, 0)]).toEqual(wanted);
  rollout.expert = new Uint8Array(0);
  expect(() => source.label(rollout, none, 0)).toThrow(
    new Error('labels: source "oracle" needs an environment with an expert; use "graph" or "advantage"'),
  );
});

test('demonstrations: no labels on rollouts; on demonstrations the action shown is good and the others bad', () => {
  const source = createLabelSource({ ...config, labels: 'demonstrations' });
  const rollout = twoEpisodes();
  expect([...source.label(rollout, none, 0)]).toEqual(new Array(8).fill(-1));
  expect([...demonstrationLabels(rollout)]).toEqual([0, 0, 1, 1, 0, 0, 1, 0]);
});

test('sources without memory save nothing', () => {
  for (const labels of ['advantage', 'oracle', 'demonstrations'] as const) {
    const source = createLabelSource({ ...config, labels });
    source.restore(source.save());
    expect(source.save()).toEqual({});
  }
});

test('the graph discount and edge limit of the config reach both graph and shuffled', () => {
  for (const labels of ['graph', 'shuffled'] as const) {
    expect(() => createLabelSource({ ...config, labels, graphDiscount: 1 })).toThrow(
      'graphDiscount must be > 0 and < 1',
    );
    const edges = (graphMaxEdges: number) => {
      const source = createLabelSource({ ...config, labels, graphMaxEdges });
      for (let seed = 0; seed < 3; seed++) {
        source.label(handMade([[{ hash: 1, taken: 0, next: 2 }]], [{ seed }]), none, seed);
      }
      return source.save().edges.length / 5;
    };
    expect([edges(3), edges(2), edges(1)]).toEqual([3, 2, 1]);
  }
});
