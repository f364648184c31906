import { expect, test } from 'vitest';
import { rewardToGo } from '../../../src/credit/advantages/rewardToGo.ts';
import { randomStream } from '../../../src/random.ts';

/** Steps in the order of a rollout. */
const stepsOf = (episode: number[], reward: number[]) => ({
  states: { states: episode.length },
  episode: Int32Array.from(episode),
  reward: Float64Array.from(reward),
});

test('a case computed by hand: two episodes of a group, of three steps and of one', () => {
  const steps = stepsOf([0, 1, 0, 0], [1, 2, 0, 4]);
  // G of episode 0 from its end: 4, 0 + .5 * 4 = 2, 1 + .5 * 2 = 2; of episode 1: 2. Mean 2.5, deviation sqrt(.75).
  const deviation = Math.sqrt(0.75) + 1e-4;
  const expected = [-0.5, -0.5, -0.5, 1.5].map((x) => Math.fround(x / deviation));
  expect([...rewardToGo(steps, 2, 0.5, 'group')]).toEqual(expected);
  expect([...rewardToGo(steps, 2, 0.5, 'none')]).toEqual([-0.5, -0.5, -0.5, 1.5]);
});

test('each group has its own mean; with "batch" all steps have one deviation', () => {
  // With discount 0 the reward to go is the reward. Group 0: episodes 0 and 1; group 1: episodes 2 and 3.
  const steps = stepsOf([0, 1, 2, 3], [1, 3, 10, 20]);
  expect([...rewardToGo(steps, 2, 0, 'none')]).toEqual([-1, 1, -5, 5]);
  const batch = Math.sqrt((7.5 ** 2 + 5.5 ** 2 + 1.5 ** 2 + 11.5 ** 2) / 4) + 1e-4;
  expect([...rewardToGo(steps, 2, 0, 'batch')]).toEqual([-1, 1, -5, 5].map((x) => Math.fround(x / batch)));
});

test('random episodes: mean 0 and deviation 1 over the steps of a group; later rewards leave earlier steps out', () => {
  const random = randomStream(4, 'test/reward-to-go');
  const episode = Array.from({ length: 80 }, () => random.below(8));
  const steps = stepsOf(
    episode,
    episode.map(() => random.uniform()),
  );
  const advantages = rewardToGo(steps, 4, 0.9, 'group');
  for (const group of [0, 1]) {
    const own = [...advantages].filter((_, s) => Math.floor(episode[s] / 4) === group);
    const mean = own.reduce((sum, x) => sum + x, 0) / own.length;
    const square = own.reduce((sum, x) => sum + x * x, 0) / own.length;
    expect(Math.abs(mean)).toBeLessThan(1e-6);
    expect(Math.abs(square - 1)).toBeLessThan(1e-3);
  }
  // A reward at the first step of an episode changes no advantage of its later steps, without normalisation by it.
  const first = episode.indexOf(2);
  const raised = { ...steps, reward: steps.reward.map((x, s) => (s === first ? x + 1 : x)) };
  const [before, after] = [steps, raised].map((of) => rewardToGo(of, 4, 0.9, 'none'));
  const gain = after.map((x, s) => x - before[s]);
  const inGroup = episode.flatMap((e, s) => (e < 4 && s !== first ? [s] : []));
  for (const s of inGroup) expect(Math.abs(gain[s] + 1 / (inGroup.length + 1))).toBeLessThan(1e-6);
});

test('equal returns give no advantage; one that is not finite is rejected', () => {
  expect([...rewardToGo(stepsOf([0, 1, 0], [0, 0, 0]), 2, 1, 'group')]).toEqual([0, 0, 0]);
  expect(() => rewardToGo(stepsOf([0, 1], [1e308, -1e308]), 2, 1, 'none')).toThrow(
    "rewardToGo: advantages must be finite, got Infinity for the return 1e+308 at step 0; scale the environment's rewards down",
  );
});
