import { expect, test } from 'vitest';
import { generalized, standardized } from '../../../src/credit/advantages/generalized.ts';
import { randomStream } from '../../../src/random.ts';

test('a hand-written case: two episodes, one of two steps, in the order of a rollout', () => {
  const steps = { episode: [0, 1, 0], reward: [0, 1, 1] };
  const values = Float32Array.from([0.5, 0.25, 0.75]);
  const { advantages, targets } = generalized(steps, values, 0.5, 0.5);
  // Last step of episode 0: 1 - .75; before it: 0 + .5 * .75 - .5 + .5 * .5 * .25. Episode 1: 1 - .25.
  expect([...advantages]).toEqual([-0.0625, 0.75, 0.25]);
  expect([...targets]).toEqual([0.4375, 1, 1]);
});

test('lambda 1 compares the discounted return with the value, lambda 0 one step with the next value', () => {
  const random = randomStream(3, 'test/generalized');
  const episode = Array.from({ length: 40 }, () => random.below(4));
  const reward = episode.map(() => random.uniform());
  const values = Float32Array.from(episode, () => random.uniform());
  const later = (s: number): number[] => episode.flatMap((e, t) => (t >= s && e === episode[s] ? [t] : []));
  const long = generalized({ episode, reward }, values, 0.9, 1);
  const short = generalized({ episode, reward }, values, 0.9, 0);
  episode.forEach((_, s) => {
    const returns = later(s).reduce((sum, t, k) => sum + 0.9 ** k * reward[t], 0);
    expect(Math.abs(long.targets[s] - returns)).toBeLessThan(1e-6);
    const [, next] = later(s);
    const ahead = reward[s] + 0.9 * (next === undefined ? 0 : values[next]);
    expect(Math.abs(short.targets[s] - ahead)).toBeLessThan(1e-6);
  });
});

test('a truncated episode counts the value of the state after its last step, in a case computed by hand', () => {
  // Episode 0 is truncated in a state of value 2, episode 1 is terminated.
  const steps = { episode: [0, 1, 0], reward: [0, 1, 1] };
  const values = Float32Array.from([0.5, 0.25, 0.75]);
  const { advantages, targets } = generalized(steps, values, 0.5, 0.5, [2, 0]);
  // Last step of episode 0: 1 + .5 * 2 - .75; before it: 0 + .5 * .75 - .5 + .5 * .5 * 1.25. Episode 1: 1 - .25.
  expect([...advantages]).toEqual([0.1875, 0.75, 1.25]);
  expect([...targets]).toEqual([0.6875, 1, 2]);
  expect(generalized(steps, values, 0.5, 0.5, [0, 0])).toEqual(generalized(steps, values, 0.5, 0.5));
});

test('with values after the last steps: the sum of (discount * lambda)^k d_(t + k) in float64, error < 1e-5', () => {
  const random = randomStream(5, 'test/generalized/last');
  const episode = Array.from({ length: 60 }, () => random.below(5));
  const reward = episode.map(() => random.uniform() - 0.5);
  const values = Float32Array.from(episode, () => 4 * random.uniform());
  const last = Array.from({ length: 5 }, (_, e) => (e % 2 === 0 ? 0 : 3 * random.uniform()));
  const { advantages } = generalized({ episode, reward }, values, 0.97, 0.9, last);
  episode.forEach((e, s) => {
    const own = episode.flatMap((other, t) => (other === e && t >= s ? [t] : []));
    const expected = own.reduce((sum, t, k) => {
      const next = k + 1 < own.length ? values[own[k + 1]] : last[e];
      return sum + (0.97 * 0.9) ** k * (reward[t] + 0.97 * next - values[t]);
    }, 0);
    expect(Math.abs(advantages[s] - expected)).toBeLessThan(1e-5);
  });
});

test('standardized advantages have mean 0 and deviation 1; equal ones are 0', () => {
  expect([...standardized(Float32Array.from([1, 3]))]).toEqual([-1, 1].map((x) => Math.fround(x / (1 + 1e-4))));
  expect([...standardized(Float32Array.from([0.1, 0.1, 0.1]))]).toEqual([0, 0, 0]);
});

test('a value that is not finite is rejected', () => {
  expect(() => generalized({ episode: [0], reward: [1e39] }, new Float32Array(1), 1, 1)).toThrow(
    new RangeError(
      "generalized: advantages must be finite, got Infinity at step 0; scale the environment's rewards down",
    ),
  );
});
