/** Compares label sources with the household's expert, on episodes in which half of the actions are the expert's. */
import { expect, test } from 'vitest';
import { resolveConfig } from '../../../src/config/config.ts';
import { groupRelative } from '../../../src/credit/advantages/groupRelative.ts';
import { createLabelSource, type LabelConfig } from '../../../src/credit/labels/labels.ts';
import { type LabelQuality, labelQuality } from '../../../src/credit/labels/quality.ts';
import { createHousehold } from '../../../src/env/household/household.ts';
import { randomStream } from '../../../src/random.ts';
import type { GameChoice } from '../../../src/rollout/rollout.ts';
import { playGames } from './rollouts.ts';

const ITERATIONS = 20;
const config: LabelConfig = resolveConfig({});

/** Rollouts of 10 groups of 8 from 30 training games, and their advantages. */
function halfExpertPlay(iterations: number) {
  const env = createHousehold();
  const gameStream = randomStream(1, 'test/games');
  const actionStream = randomStream(1, 'test/half');
  return Array.from({ length: iterations }, () => {
    const games: GameChoice[] = Array.from({ length: 10 }, () => gameStream.below(30)).flatMap((seed) =>
      Array.from({ length: 8 }, (_, rollout) => ({ seed, split: 'train' as const, rollout })),
    );
    const rollout = playGames(env, games, (household, step) => {
      const good = household.expertActions();
      return actionStream.below(2) === 0
        ? good[actionStream.below(good.length)]
        : actionStream.below(step.info.admissibleActions.length);
    });
    return { rollout, advantages: groupRelative(rollout.returns, 8, 'group').advantages };
  });
}

const played = halfExpertPlay(ITERATIONS);

/** Quality over all rows of the last ten iterations. */
async function lateQuality(labels: LabelConfig['labels']): Promise<Record<keyof LabelQuality, number>> {
  const source = createLabelSource({ ...config, labels });
  const allLabels: number[] = [];
  const allExpert: number[] = [];
  for (const [iteration, { rollout, advantages }] of played.entries()) {
    const { labels: given } = await source.label(rollout, advantages, iteration);
    expect(given.length).toBe(rollout.states.actions);
    if (iteration < ITERATIONS - 10) continue;
    allLabels.push(...given);
    allExpert.push(...rollout.expert);
  }
  const quality = labelQuality(Int8Array.from(allLabels), Uint8Array.from(allExpert));
  return quality as Record<keyof LabelQuality, number>;
}

const graph = await lateQuality('graph');
const advantage = await lateQuality('advantage');
const shuffled = await lateQuality('shuffled');

test('graph labels have an accuracy above .7 on later play (measured .777), and cover more than a third of the candidates', () => {
  expect(graph.accuracy).toBeGreaterThan(0.7);
  expect(graph.coverage).toBeGreaterThan(1 / 3);
});

test('graph labels are more informative than the sign of the advantage: true minus false positive rate above .4 (.535) against below .3 (.142)', () => {
  expect(graph.truePositiveRate - graph.falsePositiveRate).toBeGreaterThan(0.4);
  expect(advantage.truePositiveRate - advantage.falsePositiveRate).toBeLessThan(0.3);
});

test('shuffled labels have the same coverage and no information: true minus false positive rate within .03 of 0 (-.007)', () => {
  expect(shuffled.coverage).toBe(graph.coverage);
  expect(Math.abs(shuffled.truePositiveRate - shuffled.falsePositiveRate)).toBeLessThan(0.03);
});

test('the oracle agrees with the expert on every row', async () => {
  expect(await lateQuality('oracle')).toEqual({ coverage: 1, accuracy: 1, truePositiveRate: 1, falsePositiveRate: 0 });
});

test('a source restored half way returns the labels of an uninterrupted one', async () => {
  for (const labels of ['graph', 'shuffled', 'anchor'] as const) {
    const uninterrupted = createLabelSource({ ...config, labels });
    const resumed = createLabelSource({ ...config, labels });
    const half = ITERATIONS / 2;
    for (const [iteration, { rollout, advantages }] of played.entries()) {
      if (iteration === half) resumed.restore(uninterrupted.save());
      const wanted = await uninterrupted.label(rollout, advantages, iteration);
      if (iteration >= half) expect(await resumed.label(rollout, advantages, iteration)).toEqual(wanted);
    }
  }
});
