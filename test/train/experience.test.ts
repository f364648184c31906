import { expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/config.ts';
import { explorationBonus } from '../../src/credit/advantages/explorationBonus.ts';
import { graphAdvantages } from '../../src/credit/advantages/graphAdvantages.ts';
import { createGameGraphs } from '../../src/credit/labels/gameGraphs.ts';
import {
  createExperience,
  type Experience,
  experienceAdvantages,
  restoreExperience,
  saveExperience,
} from '../../src/train/experience.ts';
import { handMade, type Transition } from '../credit/labels/rollouts.ts';
import { recordedRun } from './recordedRun.ts';

const success: Transition[] = [
  { hash: 1, taken: 0, next: 2 },
  { hash: 2, taken: 0, next: 3, reward: 1, terminated: true },
];
const rollout = handMade([success, [{ hash: 1, taken: 1, next: 1 }]]);
const config = (changes = {}): ReturnType<typeof resolveConfig> =>
  resolveConfig({ method: 'graph-advantages', numGenerations: 2, ...changes });

test('the sum of both parts with their weights; without the term, the bonus alone', () => {
  const graph = [...graphAdvantages(createGameGraphs(9).add(rollout), rollout, 0.9, 'actions', 'group')];
  const bonus = [...explorationBonus(createGameGraphs(9).add(rollout), rollout, 2)];
  const of = (changes: object) =>
    experienceAdvantages(createExperience(config(changes)) as Experience, rollout, config(changes));
  const both = of({ graphAdvantagesCoef: 0.5, explorationBonus: 0.3 });
  expect([...both.advantage]).toEqual(graph.map((a, s) => Math.fround(0.5 * a + 0.3 * bonus[s])));
  expect(both.metrics).toEqual({ 'graph/first_tried': 1, 'graph/nonzero_advantages': 2 / 3 });
  const alone = of({ method: 'grpo', explorationBonus: 0.3 });
  expect([...alone.advantage]).toEqual(bonus.map((b) => Math.fround(0.3 * b)));
  expect(alone.metrics).toEqual({ 'graph/first_tried': 1 });
});

test('a run has graphs only where its advantages use them, saved once: by the label source or by themselves', () => {
  expect(createExperience(resolveConfig({ method: 'classifier', hindsight: true }))).toBeNull();
  for (const [changes, isOfLabels] of [
    [{}, true],
    [{ method: 'grpo', explorationBonus: 0.1 }, true],
    [{ labels: 'shuffled' }, true],
    [{ labels: 'oracle' }, false],
    [{ labels: 'shuffled', shuffledSource: 'advantage' }, false],
  ] as const) {
    const experience = createExperience(config(changes)) as Experience;
    experience.graphs.add(rollout);
    expect(experience.isOfLabels).toBe(isOfLabels);
    const saved = saveExperience(experience);
    expect(Object.keys(saved)).toEqual(isOfLabels ? [] : ['games', 'edges']);
    const restored = createExperience(config(changes)) as Experience;
    restoreExperience(restored, saved);
    expect([...restored.graphs.add(handMade([success])).untried]).toEqual(isOfLabels ? [1, 1] : [0, 0]);
    if (isOfLabels) continue;
    expect(() => restoreExperience(restored, {})).toThrow(
      'labels: restore of source "experience" needs games and edges, got []; resume with the labels the run began with',
    );
  }
});

test('a weight of 0 is the run without the term, and lines state the share of steps with a first-tried action', async () => {
  const none = await recordedRun({});
  const term = await recordedRun({ method: 'graph-advantages', graphAdvantagesCoef: 0 });
  expect(term.outcome.parametersSha256).toBe(none.outcome.parametersSha256);
  const shares = term.metrics.slice(1).map((line) => line['graph/first_tried']);
  // A line of each iteration; some games recur.
  for (const share of shares) {
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThanOrEqual(1);
  }
  expect(none.metrics.some((line) => 'graph/first_tried' in line)).toBe(false);
});
