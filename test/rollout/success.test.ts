import { describe, expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/config.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { createPolicy, type Policy } from '../../src/engine/policy/policy.ts';
import { type Environment, type Split, splits } from '../../src/env/environment.ts';
import { createLookAlike } from '../../src/env/lookAlike.ts';
import type { GameChoice } from '../../src/rollout/rollout.ts';
import { evaluate, trainingGames } from '../../src/rollout/success.ts';

async function openPolicy(): Promise<Policy> {
  const sizes = { tokenWidth: 6, matchWidth: 4, hidden: 16, embedding: 8, blocks: 0, heads: 2, logitScale: 1 };
  const policy = createPolicy(await createArena(), createLookAlike().spec, { policy: 'mlp', ...sizes });
  policy.network.initialise(policy.weights, 4);
  policy.network.prepare(policy.weights);
  return policy;
}

/** The games that an evaluation of the split plays, in order; every episode has one step. */
async function gamesPlayed(policy: Policy, seed: number, split: Split, episodes: number): Promise<GameChoice[]> {
  const games: GameChoice[] = [];
  const environment = createLookAlike();
  const watched: Environment = {
    ...environment,
    reset(choice) {
      games.push({ rollout: 0, ...choice });
      return environment.reset(choice);
    },
    step: (action) => ({ ...environment.step(action), truncated: true }),
  };
  await evaluate(policy, [watched], { seed, split, episodes, trainGames: 5, temperature: 1 });
  return games;
}

const seedsOf = (games: readonly GameChoice[]): number[] => games.map(({ seed }) => seed);

describe('games of an evaluation', () => {
  test('of the train split: the training games in order, with another rollout number in each repetition', async () => {
    const training = trainingGames(3, 5);
    const played = await gamesPlayed(await openPolicy(), 3, 'train', 12);
    expect(seedsOf(played)).toEqual(Array.from({ length: 12 }, (_, i) => training[i % 5].seed));
    expect(played.map(({ rollout }) => rollout)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2]);
  });

  test('of the other splits: new games, each once; a longer evaluation starts with the games of a shorter one', async () => {
    const policy = await openPolicy();
    for (const split of ['in-domain', 'out-of-domain'] as const) {
      const played = await gamesPlayed(policy, 3, split, 100);
      expect(new Set(seedsOf(played)).size).toBe(100);
      expect(played.every((game) => game.split === split && game.rollout === 0)).toBe(true);
      expect(await gamesPlayed(policy, 3, split, 10)).toEqual(played.slice(0, 10));
    }
  });

  test('splits share no seed within a run, for 20 seeds; other seeds play other games', async () => {
    const policy = await openPolicy();
    const first = new Set<number>();
    for (let seed = 0; seed < 20; seed++) {
      const played: number[] = [];
      for (const split of splits) played.push(...seedsOf(await gamesPlayed(policy, seed, split, 30)));
      // The train split has only the five training games.
      expect(new Set(played).size).toBe(5 + 30 + 30);
      first.add(played[0]);
    }
    expect(first.size).toBe(20);
  });

  test('training games have consecutive seeds, so a larger set contains a smaller one', () => {
    expect(new Set(seedsOf(trainingGames(3, 500))).size).toBe(500);
    expect(trainingGames(3, 500).slice(0, 150)).toEqual(trainingGames(3, 150));
    expect(trainingGames(3, 10)).not.toEqual(trainingGames(4, 10));
  });
});

test('success is the mean of the returns: equal for any number of environments, different for another split', async () => {
  const environments = Array.from({ length: 7 }, () => createLookAlike());
  const policy = await openPolicy();
  const options = { seed: 1, split: 'in-domain', episodes: 60, trainGames: 5, temperature: 1 } as const;
  const { mean, returns } = await evaluate(policy, environments, options);
  expect(returns.length).toBe(60);
  expect(mean).toBe(returns.filter((x) => x === 1).length / 60);
  expect(mean).toBeGreaterThan(0);
  expect(await evaluate(policy, environments.slice(0, 2), options)).toEqual({
    ...{ mean, returns, success: mean, successes: returns },
  });
  const other = await evaluate(policy, environments, { ...options, split: 'out-of-domain' });
  expect(other.returns).not.toEqual(returns);
  const cold = await evaluate(policy, environments, { ...options, temperature: 0.01 });
  expect(cold.returns).not.toEqual(returns);
});

test('without trainGames and temperature those of the default config are taken', async () => {
  const environments = [createLookAlike()];
  const policy = await openPolicy();
  const short = { seed: 1, split: 'train', episodes: 40 } as const;
  const { trainGames, temperature } = resolveConfig({});
  expect(await evaluate(policy, environments, short)).toEqual(
    await evaluate(policy, environments, { ...short, trainGames, temperature }),
  );
});
