import { expect, test } from 'vitest';
import { resolveConfig } from '../../../src/config/config.ts';
import { demonstrationLabels } from '../../../src/credit/labels/demonstrations.ts';
import { createLabelSource, type LabelConfig } from '../../../src/credit/labels/labels.ts';
import { handMade } from './rollouts.ts';

const config: LabelConfig = resolveConfig({ labels: 'advantage', graphMaxEdges: 1000 });
const none = new Float32Array(1);

const twoEpisodes = () =>
  handMade([
    [
      { hash: 1, taken: 2, next: 2, expert: [2] },
      { hash: 2, taken: 0, next: 3, candidates: 2, reward: 1, terminated: true, expert: [0, 1] },
    ],
    [{ hash: 1, taken: 1, next: 4, terminated: true, expert: [2] }],
  ]);

test('advantage: only actions taken are labelled, good above 1e-3, bad below -1e-3', async () => {
  const source = createLabelSource(config);
  const label = async (a: number, b: number) => [
    ...(await source.label(twoEpisodes(), Float32Array.of(a, b), 0)).labels,
  ];
  expect(await label(1, -1)).toEqual([-1, -1, 1, 1, -1, -1, 0, -1]);
  expect(await label(-0.5, 0)).toEqual([-1, -1, 0, 0, -1, -1, -1, -1]);
  expect(await label(0.0009, -0.0009)).toEqual(new Array(8).fill(-1));
  expect(await label(0.0011, -0.0011)).toEqual([-1, -1, 1, 1, -1, -1, 0, -1]);
  await expect(source.label(twoEpisodes(), Float32Array.of(1), 0)).rejects.toThrow(
    new RangeError('labels: advantages must have one value per episode, 2, got 1; pass those of this rollout'),
  );
});

test("oracle: every row has the expert's label, for any capacity of the expert's array", async () => {
  const source = createLabelSource({ ...config, labels: 'oracle' });
  const rollout = twoEpisodes();
  const wanted = [0, 0, 1, 1, 1, 0, 0, 1];
  expect(await source.label(rollout, none, 0)).toEqual({
    labels: Int8Array.from(wanted),
    envSteps: 0,
    weight: 1,
  });
  const spare = new Uint8Array(4096);
  spare.set(rollout.expert);
  rollout.expert = spare;
  expect([...(await source.label(rollout, none, 0)).labels]).toEqual(wanted);
  rollout.expert = new Uint8Array(0);
  await expect(source.label(rollout, none, 0)).rejects.toThrow(
    new Error('labels: source "oracle" needs an environment with an expert; use "graph" or "advantage"'),
  );
});

test('demonstrations: no labels on rollouts; on demonstrations the demonstrated action is good and the others bad', async () => {
  const source = createLabelSource({ ...config, labels: 'demonstrations' });
  const rollout = twoEpisodes();
  expect([...(await source.label(rollout, none, 0)).labels]).toEqual(new Array(8).fill(-1));
  expect([...demonstrationLabels(rollout)]).toEqual([0, 0, 1, 1, 0, 0, 1, 0]);
});

test('sources without memory save nothing', () => {
  for (const labels of ['advantage', 'oracle', 'demonstrations'] as const) {
    const source = createLabelSource({ ...config, labels });
    source.restore(source.save());
    expect(source.save()).toEqual({});
  }
});

test('the graph discount and edge limit of the config apply to both graph and shuffled', async () => {
  for (const labels of ['graph', 'shuffled'] as const) {
    expect(() => createLabelSource({ ...config, labels, graphDiscount: 1 })).toThrow(
      'graphDiscount must be > 0 and < 1',
    );
    const edges = async (graphMaxEdges: number) => {
      const source = createLabelSource({ ...config, labels, graphMaxEdges });
      for (let seed = 0; seed < 3; seed++) {
        await source.label(handMade([[{ hash: 1, taken: 0, next: 2 }]], [{ seed }]), none, seed);
      }
      return source.save().edges.length / 6;
    };
    expect([await edges(3), await edges(2), await edges(1)]).toEqual([3, 2, 1]);
  }
});

test('shuffledSource selects the source whose labels are shuffled', async () => {
  const shuffled = async (shuffledSource: LabelConfig['shuffledSource']) =>
    (
      await createLabelSource({ ...config, labels: 'shuffled', shuffledSource }).label(
        twoEpisodes(),
        Float32Array.of(1, -1),
        3,
      )
    ).labels;
  const plain = [-1, -1, 1, 1, -1, -1, 0, -1];
  expect([...(await shuffled('advantage'))].map((x) => x >= 0)).toEqual(plain.map((x) => x >= 0));
  expect([...(await shuffled('oracle'))].toSorted()).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
});

test('labelNoise applies to every source, also to shuffled', async () => {
  for (const labels of ['advantage', 'oracle', 'shuffled'] as const) {
    const of = async (labelNoise: number) =>
      (
        await createLabelSource({ ...config, labels, shuffledSource: 'oracle', labelNoise }).label(
          twoEpisodes(),
          Float32Array.of(1, -1),
          3,
        )
      ).labels;
    const opposite = (await of(0)).map((label) => (label < 0 ? label : 1 - label));
    expect(await of(1)).toEqual(opposite);
  }
});

test('a source that needs functions of the run is rejected without them', () => {
  for (const labels of ['critic', 'counterfactual'] as const) {
    expect(() => createLabelSource({ ...config, labels })).toThrow(
      new Error(
        `labels: source "${labels}" requires LabelTools, got null; pass an object with createTryCandidates and createCritic`,
      ),
    );
  }
});
