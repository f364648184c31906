import { expect, test } from 'vitest';
import { type BanditOptions, createBandit, stateMeans } from '../../../src/env/bandit/bandit.ts';
import { combinations } from '../../../src/env/bandit/combinations.ts';
import { type Split, type Step, splits } from '../../../src/env/environment.ts';

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, x, i) => sum + x * b[i], 0);
}

/** One episode: the observations, the good actions, and the reward at the end. */
function play(
  options: BanditOptions,
  game: { seed: number; split: Split; rollout?: number },
  choose: (good: number, step: number) => number,
) {
  const env = createBandit(options);
  const observations: Float32Array[] = [];
  const goods: number[] = [];
  let step: Step = env.reset(game);
  while (!step.terminated) {
    observations.push(step.observation as Float32Array);
    const [good] = env.expertActions();
    goods.push(good);
    step = env.step(choose(good, goods.length - 1));
  }
  return { observations, goods, reward: step.reward };
}

const right = (good: number): number => good;

/** Number of the noiseless state that an observation is nearest to. */
function nearest(observation: Float32Array, means: readonly Float64Array[]): number {
  const distance = (m: Float64Array): number => m.reduce((sum, x, i) => sum + (x - observation[i]) ** 2, 0);
  return means.reduce((best, m, k) => (distance(m) < distance(means[best]) ? k : best), 0);
}

test.each([0, 0.3, 0.8, 0.95, 1])('states of one scenario have cosine %d, of one need 1 less that, else 0', (rho) => {
  for (const layoutSeed of [0, 7]) {
    const means = stateMeans({ rho, layoutSeed });
    for (const [i, a] of means.entries()) {
      for (const [j, b] of means.entries()) {
        const sameNeed = Math.floor(i / 6) === Math.floor(j / 6) ? 1 - rho : 0;
        const sameScenario = i % 6 === j % 6 ? rho : 0;
        expect(dot(a, b) / 16).toBeCloseTo(sameNeed + sameScenario, 12);
      }
    }
  }
  expect(stateMeans({ rho, layoutSeed: 0 })).not.toEqual(stateMeans({ rho, layoutSeed: 7 }));
});

test('8 of the 24 combinations are held out; every need and scenario is on both sides', () => {
  const key = ({ need, scenario }: { need: number; scenario: number }): string => `${need}/${scenario}`;
  const seen = combinations('train').map(key);
  const heldOut = combinations('out-of-domain').map(key);
  expect(combinations('in-domain').map(key)).toEqual(seen);
  expect([seen.length, heldOut.length, new Set([...seen, ...heldOut]).size]).toEqual([16, 8, 24]);
  expect(heldOut).toEqual(['0/0', '0/3', '1/2', '1/5', '2/1', '2/4', '3/0', '3/3']);
  for (const side of [seen, heldOut]) {
    expect([new Set(side.map((k) => k[0])).size, new Set(side.map((k) => k[2])).size]).toEqual([4, 6]);
  }
});

test.each(splits)('episodes of %s show the states of its combinations, and the good action is their need', (split) => {
  const means = stateMeans({ rho: 0.3 });
  const expected = new Set(combinations(split).map(({ need, scenario }) => need * 6 + scenario));
  const shown = new Set<number>();
  for (let seed = 0; seed < 100; seed++) {
    const { observations, goods } = play({ rho: 0.3 }, { seed, split }, right);
    expect(goods).toHaveLength(5);
    for (const [i, observation] of observations.entries()) {
      const state = nearest(observation, means);
      shown.add(state);
      expect(Math.floor(state / 6)).toBe(goods[i]);
    }
  }
  expect(shown).toEqual(expected);
});

test('a seed fixes the states, a rollout the noise and the luck', () => {
  const wrong = (good: number): number => (good + 1) % 6;
  const luck = new Set<number>();
  for (let seed = 0; seed < 60; seed++) {
    const [a, again, b] = [0, 0, 1].map((rollout) =>
      play({}, { seed, split: 'train', rollout }, (good, step) => (step < 2 ? wrong(good) : good)),
    );
    expect(again).toEqual(a);
    expect(b.goods).toEqual(a.goods);
    expect(b.observations).not.toEqual(a.observations);
    luck.add(b.reward - a.reward);
  }
  expect(luck).toEqual(new Set([-1, 0, 1]));
  const of = (split: Split): number[][] =>
    Array.from({ length: 20 }, (_, seed) => play({}, { seed, split }, right).goods);
  expect(of('in-domain')).not.toEqual(of('train'));
});

test.each([0, 1, 2, 4])('%d bad actions leave success with probability 0.4 to that power', (bad) => {
  let successes = 0;
  for (let seed = 0; seed < 2000; seed++) {
    successes += play({}, { seed, split: 'in-domain' }, (good, step) => (step < bad ? 5 : good)).reward;
  }
  const p = 0.4 ** bad;
  // Six standard deviations; none where all succeed.
  expect(Math.abs(successes - 2000 * p)).toBeLessThanOrEqual(6 * Math.sqrt(2000 * p * (1 - p)));
});

test('the hash is the step and the number of bad actions; a clone continues identically', () => {
  const env = createBandit();
  const hashes = (badAt: readonly number[]): number[] => {
    env.reset({ seed: 3, split: 'train' });
    return [0, 1, 2].map((step) => {
      env.step(badAt.includes(step) ? 5 : env.expertActions()[0]);
      return env.stateHash();
    });
  };
  const [none, first, second] = [hashes([]), hashes([0]), hashes([1])];
  expect(new Set([...none, ...first]).size).toBe(6);
  expect(second).toEqual([none[0], first[1], first[2]]);
  const copy = env.clone();
  expect(copy.step(1)).toEqual(env.step(1));
  expect(copy.serialize()).toBe(env.serialize());
  expect(env.serialize()).toContain('"environment":"bandit","version":"1"');
});

test('values out of range are rejected', () => {
  expect(() => createBandit({ rho: 1.5 })).toThrow(
    new RangeError('createBandit: rho must be a number in [0, 1], got 1.5; change rho'),
  );
  expect(() => createBandit({ layoutSeed: -1 })).toThrow(
    new RangeError('createBandit: layoutSeed must be an integer in [0, 9007199254740991], got -1; change layoutSeed'),
  );
  const env = createBandit();
  expect(() => env.step(0)).toThrow(new Error('bandit.step: no episode has started; call reset first'));
  env.reset({ seed: 0, split: 'train' });
  expect(() => env.step(6)).toThrow(
    new RangeError(
      'bandit.step: action must be an integer in [0, 6), got 6; pass an index into info.admissibleActions',
    ),
  );
  expect(() => env.restore('{}')).toThrow(
    new Error('bandit.restore: state must be a bandit episode of version 1, got {}; pass the text that serialize gave'),
  );
});
