import { expect, test } from 'vitest';
import { anchorState, discountedReturns, type Steps } from '../../../src/credit/advantages/anchorState.ts';
import { randomStream } from '../../../src/random.ts';

/** Steps in the order of a rollout (by step, then by episode), from each episode's [state hash, reward] pairs. */
function stepsOf(episodes: readonly (readonly [hash: number, reward: number])[][]): Steps {
  const longest = Math.max(...episodes.map((steps) => steps.length));
  const all = Array.from({ length: longest }, (_, t) =>
    episodes.flatMap((steps, episode) =>
      t < steps.length ? [{ episode, hash: steps[t][0], reward: steps[t][1] }] : [],
    ),
  ).flat();
  return {
    states: { states: all.length },
    episode: Int32Array.from(all, ({ episode }) => episode),
    hash: Float64Array.from(all, ({ hash }) => hash),
    reward: Float64Array.from(all, ({ reward }) => reward),
  };
}

// Two groups of two episodes. In the first, both start in state 7, and the second reaches state 7 again. Only one step
// is in state 8.
const handMade = stepsOf([
  [
    [7, 0],
    [8, 1],
  ],
  [
    [7, 0],
    [7, 0],
    [9, 0],
  ],
  [[7, 1]],
  [[7, 0]],
]);

test('discounted returns: the reward of a step and half of what follows it', () => {
  expect([...handMade.episode]).toEqual([0, 1, 2, 3, 0, 1, 1]);
  expect([...discountedReturns(handMade, 0.5)]).toEqual([0.5, 0, 1, 0, 1, 0, 0]);
});

test('steps are compared in equal states of one group of episodes; a state that occurs once has advantage 0', () => {
  // State 7 of the first group has returns .5, 0, 0 with mean 1/6; of the second group 1 and 0.
  const mean = 0.5 / 3;
  const expected = [0.5 - mean, -mean, 0.5, -0.5, 0, -mean, 0];
  expect([...anchorState(handMade, 2, 0.5, 'none')]).toEqual(expected.map(Math.fround));
});

test('the divisor is the deviation of the anchor group or of the whole batch', () => {
  const [first] = anchorState(handMade, 2, 0.5, 'group');
  const third = 1 / 3;
  // Returns 1/2, 0, 0: variance (1/9 + 1/36 + 1/36) / 3 = 1/18.
  expect(first).toBe(Math.fround(third / (Math.sqrt(1 / 18) + 1e-4)));
  const batch = anchorState(handMade, 2, 0.5, 'batch');
  const returns = [0.5, 0, 1, 0, 1, 0, 0];
  const mean = 2.5 / 7;
  const std = Math.sqrt(returns.reduce((sum, r) => sum + (r - mean) * (r - mean), 0) / 7);
  expect(batch[2]).toBeCloseTo(0.5 / (std + 1e-4), 6);
});

/** The definition, step by step, in double precision. */
function naive({ states, episode, hash, reward }: Steps, groupSize: number, discount: number): number[] {
  const steps = Array.from({ length: states.states }, (_, s) => s);
  const returns = steps.map((s) => {
    const own = steps.filter((t) => t >= s && episode[t] === episode[s]);
    return own.reduce((sum, t, k) => sum + discount ** k * reward[t], 0);
  });
  return steps.map((s) => {
    const group = Math.floor(episode[s] / groupSize);
    const anchor = steps.filter((t) => Math.floor(episode[t] / groupSize) === group && hash[t] === hash[s]);
    const mean = anchor.reduce((sum, t) => sum + returns[t], 0) / anchor.length;
    const std = Math.sqrt(anchor.reduce((sum, t) => sum + (returns[t] - mean) ** 2, 0) / anchor.length);
    return (returns[s] - mean) / (std + 1e-4);
  });
}

test('seeded rollouts, compared with the definition in float64: error < 1e-5', () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = randomStream(seed, 'test/anchorState');
    const steps = stepsOf(
      Array.from({ length: 12 }, () =>
        Array.from({ length: 1 + random.below(9) }, () => [random.below(5), random.below(4) === 0 ? 1 : 0] as const),
      ),
    );
    const actual = anchorState(steps, 4, 0.95, 'group');
    const expected = naive(steps, 4, 0.95);
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.5);
    expect(Math.max(...expected.map((x, s) => Math.abs(x - actual[s])))).toBeLessThan(1e-5);
  }
});

test('a reward beyond single precision is rejected', () => {
  const steps = stepsOf([[[1, 1e39]], [[1, 0]]]);
  expect(() => anchorState(steps, 2, 1, 'none')).toThrow(
    new RangeError(
      "anchorState: advantages must be finite, got Infinity for the return 1e+39 at step 0; scale the environment's rewards down",
    ),
  );
});
