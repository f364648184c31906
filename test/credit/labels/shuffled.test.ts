import { expect, test } from 'vitest';
import { resolveConfig } from '../../../src/config/config.ts';
import { createLabelSource } from '../../../src/credit/labels/labels.ts';
import { shuffleLabels } from '../../../src/credit/labels/shuffled.ts';
import { randomStream } from '../../../src/random.ts';
import { handMade } from './rollouts.ts';

const random = randomStream(2, 'test/labels');
const labels = Int8Array.from({ length: 3000 }, () => random.below(3) - 1);
const unlabelled = (values: Int8Array) => [...values].map((label) => label < 0);
const good = (values: Int8Array) => values.filter((label) => label === 1).length;

test('the same rows have a label, and the number of good labels is the same', () => {
  const shuffled = shuffleLabels(labels.slice(), 1, 0);
  expect(unlabelled(shuffled)).toEqual(unlabelled(labels));
  expect(good(shuffled)).toBe(good(labels));
});

test('a shuffled label is independent of the label it replaced: true minus false positive rate within .06 over 20 iterations', () => {
  for (let iteration = 0; iteration < 20; iteration++) {
    const shuffled = shuffleLabels(labels.slice(), 1, iteration);
    let positives = 0;
    for (let row = 0; row < labels.length; row++) if (labels[row] === 1 && shuffled[row] === 1) positives++;
    const falsePositives = good(labels) - positives;
    const bad = labels.filter((label) => label === 0).length;
    expect(Math.abs(positives / good(labels) - falsePositives / bad)).toBeLessThan(0.06);
  }
});

test('every row can get every label: over 2,000 iterations of three rows each row is good a third of the time, within .04', () => {
  const counts = [0, 0, 0];
  for (let iteration = 0; iteration < 2000; iteration++) {
    const shuffled = shuffleLabels(Int8Array.of(1, -1, 0, 0), 9, iteration);
    [0, 2, 3].forEach((row, place) => {
      counts[place] += shuffled[row];
    });
  }
  for (const count of counts) expect(Math.abs(count / 2000 - 1 / 3)).toBeLessThan(0.04);
});

test('seed and iteration determine the permutation', () => {
  const draw = (seed: number, iteration: number) => [...shuffleLabels(labels.slice(), seed, iteration)];
  expect(draw(1, 3)).toEqual(draw(1, 3));
  expect(draw(1, 4)).not.toEqual(draw(1, 3));
  expect(draw(2, 3)).not.toEqual(draw(1, 3));
});

test('the source permutes the labels of the graph and saves the state of the graph', async () => {
  const config = resolveConfig({ seed: 4 });
  const graph = createLabelSource({ ...config, labels: 'graph' });
  const shuffled = createLabelSource({ ...config, labels: 'shuffled' });
  const chain = Array.from({ length: 40 }, (_, i) => [
    { hash: i, taken: 0, next: i + 1 },
    { hash: i + 1, taken: 1, next: 99, reward: i === 39 ? 1 : 0, terminated: true },
  ]);
  const none = new Float32Array(40);
  const expected = shuffleLabels((await graph.label(handMade(chain), none, 7)).labels, 4, 7);
  expect(good(expected)).toBeGreaterThan(20);
  expect((await shuffled.label(handMade(chain), none, 7)).labels).toEqual(expected);
  expect(shuffled.save()).toEqual(graph.save());
});
