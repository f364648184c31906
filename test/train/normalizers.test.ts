import { describe, expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/config.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { createPolicy } from '../../src/engine/policy/policy.ts';
import type { VectorSpec } from '../../src/env/environment.ts';
import { randomStream } from '../../src/random.ts';
import type { Rollout } from '../../src/rollout/rollout.ts';
import {
  createNormalizers,
  type Normalizers,
  observe,
  restoreNormalizers,
  saveNormalizers,
  scaledRewards,
} from '../../src/train/normalizers.ts';

const spec: VectorSpec = {
  ...{ name: 'vectors', version: '1', maxSteps: 90, hasExpert: false },
  ...{ form: 'vector', vectorWidth: 3, actionCount: 2 },
};
const config = resolveConfig({
  ...{ method: 'ppo', policy: 'mlp', normalizeRewards: true, normalizeObservations: true },
});

/** What the normalisers read of a rollout. */
function rolloutOf(seed: number, states: number): Rollout {
  const random = randomStream(seed, 'test/normalizers');
  const episode = Int32Array.from({ length: states }, () => random.below(4));
  const vectors = Float32Array.from({ length: 3 * states }, (_, i) => [100, 1, 0.01][i % 3] * (random.uniform() + 2));
  const reward = Float64Array.from({ length: states }, () => 5 * random.uniform() - 1);
  return { states: { states, vectors }, episode, reward, games: [0, 1, 2, 3] } as never;
}

/** Mean and population standard deviation of all values at once. */
function momentsOf(values: readonly number[]): { mean: number; std: number } {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return { mean, std: Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length) };
}

const relative = (actual: number, expected: number): number => Math.abs(actual / expected - 1);

function open(): Required<{ [K in keyof Normalizers]: NonNullable<Normalizers[K]> }> {
  const { returns, observations } = createNormalizers(config, spec);
  if (!returns || !observations) throw new Error('both are asked for');
  return { returns, observations };
}

async function policyOf() {
  const sizes = { tokenWidth: 4, matchWidth: 4, hidden: 8, embedding: 8, blocks: 0, heads: 2, logitScale: 1 };
  const policy = createPolicy(await createArena(), spec, { policy: 'mlp', ...sizes, normalizeObservations: true });
  policy.network.initialise(policy.weights, 1);
  return policy;
}

test('rewards: divided by the deviation of all discounted returns so far, in float64, relative error < 1e-9', () => {
  const { returns } = open();
  const all: number[] = [];
  for (const [i, states] of [40, 7, 120].entries()) {
    const rollout = rolloutOf(i, states);
    const sofar = [0, 0, 0, 0];
    for (let s = 0; s < states; s++) {
      const e = rollout.episode[s];
      sofar[e] = rollout.reward[s] + 0.9 * sofar[e];
      all.push(sofar[e]);
    }
    const scaled = scaledRewards(returns, rollout, 0.9);
    const { std } = momentsOf(all);
    scaled.forEach(
      (x, s) => void expect(relative(x, rollout.reward[s] / Math.sqrt(std * std + 1e-8))).toBeLessThan(1e-9),
    );
  }
});

test('rewards that are all equal in episodes of one step stay as they are', () => {
  const rollout = { ...rolloutOf(1, 4), episode: Int32Array.of(0, 1, 2, 3), reward: Float64Array.of(2, 2, 2, 2) };
  expect([...scaledRewards(open().returns, rollout, 0.9)]).toEqual([2, 2, 2, 2]);
});

test('observations: the mean and 1 / deviation of all of them so far are in the buffers, relative error < 1e-6', async () => {
  const policy = await policyOf();
  const { arena, weights, network } = policy;
  const read = (i: number): Float32Array => arena.read(weights + network.buffers[i].offset, 3);
  expect(network.buffers.map(({ name }) => name)).toEqual(['observation.mean', 'observation.scale']);
  expect([...read(0), ...read(1)]).toEqual([0, 0, 0, 1, 1, 1]);
  const { observations } = open();
  const columns: number[][] = [[], [], []];
  for (const [i, states] of [30, 5, 77].entries()) {
    const rollout = rolloutOf(i, states);
    rollout.states.vectors.forEach((x, j) => void columns[j % 3].push(x));
    const before = arena.read(weights, network.size);
    observe(observations, rollout, policy);
    expect(arena.read(weights, network.size)).toEqual(before);
    for (const [c, values] of columns.entries()) {
      const { mean, std } = momentsOf(values);
      expect(relative(read(0)[c], mean)).toBeLessThan(1e-6);
      expect(relative(read(1)[c], 1 / Math.sqrt(std * std + 1e-8))).toBeLessThan(1e-6);
    }
  }
});

test('what is saved restores the same numbers', () => {
  const from = open();
  scaledRewards(from.returns, rolloutOf(1, 50), 0.9);
  const saved = saveNormalizers(from);
  expect(Object.keys(saved)).toEqual(['returns', 'observations']);
  expect([saved.returns.length, saved.observations.length]).toEqual([3, 7]);
  const to = open();
  restoreNormalizers(to, saved);
  const next = rolloutOf(2, 9);
  expect(scaledRewards(to.returns, next, 0.9)).toEqual(scaledRewards(from.returns, next, 0.9));
  expect(saveNormalizers(to)).toEqual(saveNormalizers(from));
});

describe('what no run can have saved is rejected', () => {
  const rule = 'restoreLearner: normalizers/returns must be 3 finite numbers, counts and squares >= 0, got';
  const advice = 'use an earlier checkpoint';
  test.each([
    ['nothing', {}, 'none'],
    ['another length', { returns: [1, 2] }, 'others'],
    ['NaN', { returns: [1, Number.NaN, 1] }, 'others'],
    ['a negative square', { returns: [1, 2, -1] }, 'others'],
  ])('%s', (_, saved, got) => {
    expect(() => restoreNormalizers(open(), saved as never)).toThrow(new Error(`${rule} ${got}; ${advice}`));
  });
});

test('without the keys nothing is normalised or saved', () => {
  const off = createNormalizers(resolveConfig({ method: 'ppo', policy: 'mlp' }), spec);
  expect([off, saveNormalizers(off)]).toEqual([{ returns: null, observations: null }, {}]);
  const grpo = createNormalizers(resolveConfig({ policy: 'mlp', normalizeRewards: true }), spec);
  expect(grpo.returns).toBeNull();
});
