import { describe, expect, test } from 'vitest';
import { type Config, configTable, resolveConfig } from '../../src/config/config.ts';
import { requireMemory } from '../../src/config/memory.ts';
import { presetKeys } from '../../src/config/presets.ts';
import { networkSize, shapeOf } from '../../src/config/workload.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { createPolicy } from '../../src/engine/policy/policy.ts';
import { openEnvironments } from '../../src/env/registry.ts';
import { estimateSeconds, partSeconds } from '../../src/train/estimate.ts';

const defaults = resolveConfig({});

/** Kinds of runs in which every part of the estimate has a share. */
const kinds: readonly Partial<Config>[] = [
  {},
  { evalEvery: 10, couplingEvery: 10 },
  { policy: 'mlp', method: 'ppo' },
  { observation: 'text', blocks: 2 },
  { env: 'crafting', method: 'classifier+contrastive', labels: 'critic' },
  { env: 'bandit', policy: 'mlp', method: 'pcgrad+cloning', labels: 'counterfactual' },
  { method: 'decouple', updateKl: 0.01 },
  { env: 'exec:program', method: 'gradvac', conflictTasks: 'sign', beta: 0.1 },
];

/** More of these is never less work. */
const growing = [
  ...['iterations', 'trainGames', 'numGenerations', 'groupsPerIteration', 'numIterations', 'minibatches', 'coldStart'],
  ...['coldStartUpdates', 'coldStartBatch', 'contrastiveSamples', 'criticSteps', 'criticUpdates', 'criticBatch'],
  ...['counterfactualStates', 'counterfactualRollouts', 'tokenWidth', 'matchWidth', 'hidden', 'embedding', 'blocks'],
  ...['vocabularySize', 'vocabularyEpisodes', 'maxStateTokens', 'maxActionTokens', 'evalEpisodes', 'couplingPairs'],
  'maxSteps',
] as const satisfies readonly (keyof Config)[];

describe('estimateSeconds', () => {
  test('grows with every count, and is finite or Infinity, never NaN', () => {
    for (const kind of kinds) {
      const config = { ...defaults, ...kind };
      for (const key of growing) {
        let before = 0;
        for (const value of [0, 1, 2, 3, 10, 1e3, 1e6, 1e9, 1e12, Number.MAX_SAFE_INTEGER]) {
          const seconds = estimateSeconds({ ...config, [key]: value });
          expect(seconds, `${JSON.stringify(kind)} ${key} ${value}`).toBeGreaterThanOrEqual(before);
          before = seconds;
        }
        expect(before).toBeGreaterThan(0);
      }
    }
  });

  test('every count at once beyond all bounds is still a number', () => {
    for (const kind of kinds) {
      const huge = Object.fromEntries(growing.map((key) => [key, Number.MAX_SAFE_INTEGER]));
      for (const seconds of Object.values(partSeconds({ ...defaults, ...kind, ...huge })))
        expect(seconds).not.toBeNaN();
      const seconds = estimateSeconds({ ...defaults, ...kind, ...huge });
      expect(seconds).toBeGreaterThan(1e20);
    }
  });

  test('every count has a part in some kind of run', () => {
    for (const key of growing) {
      const moved = kinds.some((kind) => {
        const config = { ...defaults, ...kind };
        // The estimate caps a vocabulary at the default: texts seldom have more words.
        const value = key === 'vocabularySize' ? 100 : (config[key] ?? 20);
        return estimateSeconds({ ...config, [key]: 1e6 * value }) > estimateSeconds({ ...config, [key]: value });
      });
      expect(moved, key).toBe(true);
    }
  });

  test('decoupled advantages take time that grows with their chunk up to the samples of an iteration', () => {
    const seconds = (decoupleChunk: number): number =>
      estimateSeconds({ ...defaults, method: 'decouple', decoupleChunk });
    expect(seconds(1)).toBeGreaterThan(estimateSeconds(defaults));
    expect(seconds(200)).toBeGreaterThan(seconds(100));
    expect(seconds(1e9)).toBe(seconds(1e6));
  });

  test('a part of a run takes a part of the time; threads share it; seldom evaluations are fewer', () => {
    const often = { ...defaults, evalEvery: 10 };
    const untils = [0, 1, 40, 80, 159, 160, 1e9].map((until) => estimateSeconds(often, until));
    expect(untils).toEqual(untils.toSorted((a, b) => a - b));
    expect(untils[0]).toBeLessThan(0.5 * untils[5]);
    expect(untils[6]).toBe(untils[5]);
    expect(estimateSeconds(often, 160, 4)).toBeLessThan(estimateSeconds(often, 160, 2));
    expect(estimateSeconds(often, 160, 2)).toBeLessThan(untils[5]);
    expect(estimateSeconds({ ...often, evalEvery: 20 })).toBeLessThan(untils[5]);
    expect(estimateSeconds({ ...often, evalEvery: 0 })).toBeLessThan(estimateSeconds({ ...often, evalEvery: 160 }));
  });

  // User CPU time in seconds of one thread of a 2.8 GHz Xeon, measured once; docs/decisions/0017 has how.
  const small = { coldStart: 0, evalEpisodes: 1, couplingPairs: 1 };
  test.each<[string, Partial<Config>, number]>([
    ['the defaults', {}, 3.32],
    ['iterations alone', { ...small, iterations: 40 }, 1.15],
    ['the cold start alone', { ...small, iterations: 0, coldStart: 60, coldStartUpdates: 600 }, 1.14],
    ['evaluations alone', { ...small, iterations: 0, evalEpisodes: 1500 }, 0.8],
    ['coupling alone', { ...small, iterations: 0, couplingPairs: 1500 }, 4.45],
    ['a wide hidden layer', { ...small, iterations: 10, hidden: 512 }, 1.64],
    ['wide tokens', { ...small, iterations: 5, tokenWidth: 128, matchWidth: 128 }, 0.34],
    ['self-attention', { ...small, iterations: 3, blocks: 4, tokenWidth: 64 }, 3.89],
    ['the MLP', { ...small, iterations: 40, policy: 'mlp' }, 1.28],
    ['a wide MLP', { ...small, iterations: 10, policy: 'mlp', hidden: 1024 }, 3.43],
    ['text', { ...small, iterations: 5, observation: 'text' }, 0.81],
    ['text and self-attention', { ...small, iterations: 1, observation: 'text', tokenWidth: 64, blocks: 2 }, 4.11],
    ['crafting', { ...small, iterations: 20, env: 'crafting' }, 0.54],
    ['look-alike', { ...small, iterations: 100, env: 'look-alike', policy: 'mlp' }, 0.39],
    ['bandit', { ...small, iterations: 100, env: 'bandit', policy: 'mlp' }, 0.61],
    ['the critic', { ...small, iterations: 20, method: 'classifier', labels: 'critic' }, 1.34],
    ['counterfactual labels', { ...small, iterations: 20, method: 'classifier', labels: 'counterfactual' }, 0.94],
    ['surgery', { ...small, iterations: 20, method: 'pcgrad' }, 1.11],
    ['decoupled advantages', { ...small, coldStart: 60, iterations: 20, method: 'decouple' }, 3.5],
    ['many passes', { ...small, iterations: 10, numIterations: 20 }, 2.19],
    ['large groups', { ...small, iterations: 5, groupsPerIteration: 200 }, 2.74],
    ['many updates', { ...small, iterations: 10, minibatches: 60 }, 0.67],
    // With the time of the program, on a machine with other load.
    ['vectors of another program', { ...presetKeys('classic-control'), env: 'gym:CartPole-v1' }, 27.7],
    ['the same with its limit', { ...presetKeys('classic-control'), env: 'gym:CartPole-v1', maxSteps: 500 }, 27.7],
  ])('%s: within a factor of three of what was measured', (_, changes, measured) => {
    const ratio = estimateSeconds(resolveConfig(changes)) / measured;
    expect(ratio).toBeGreaterThan(1 / 3);
    expect(ratio).toBeLessThan(3);
  });
});

test('an environment of another program that shows vectors is estimated as vectors, and others as texts', () => {
  const vectors = shapeOf(resolveConfig({ env: 'gym:CartPole-v1', policy: 'mlp' }));
  expect(vectors).toMatchObject({ form: 'vector', stateSlots: 0, vectorWidth: 100 });
  expect(shapeOf(resolveConfig({ env: 'gym:CartPole-v1', policy: 'mlp', maxSteps: 40 }))).toEqual({
    ...vectors,
    steps: 30,
  });
  expect(shapeOf(resolveConfig({ env: 'textworld-express/coin' }))).toMatchObject({ form: 'sequence', vectorWidth: 0 });
  // Of equally many steps: passes through the network and steps of the program both take less.
  const seconds = (policy: 'attention' | 'mlp'): number =>
    partSeconds(resolveConfig({ env: 'exec:program', policy, maxSteps: 50 })).iteration;
  expect(seconds('mlp')).toBeLessThan(seconds('attention') / 3);
});

describe('networkSize', () => {
  test.each<Partial<Config>>([
    {},
    { hidden: 300, embedding: 90 },
    { tokenWidth: 64, matchWidth: 48 },
    { blocks: 2, tokenWidth: 32 },
    { policy: 'mlp', hidden: 200 },
    { env: 'crafting' },
    { env: 'look-alike', policy: 'mlp' },
    { env: 'bandit', policy: 'mlp' },
  ])('%o: parameters and vector within a tenth of the network that is built', async (changes) => {
    const config = resolveConfig(changes);
    const pool = await openEnvironments(config, null);
    const { spec } = pool.create();
    const { network } = createPolicy(await createArena(), spec, { ...config, logitScale: 1 });
    const { parameters, vector } = networkSize(config);
    expect(parameters / network.size).toBeCloseTo(1, 1);
    expect(vector / network.vectorSize).toBeCloseTo(1, 1);
    expect(shapeOf(config).steps).toBeGreaterThanOrEqual(0.75 * spec.maxSteps);
  });
});

describe('requireMemory', () => {
  test.each(growing.filter((key) => !['iterations', 'minibatches', 'contrastiveSamples', 'criticSteps'].includes(key)))(
    '%s beyond all memory is rejected by name, its default is not',
    (key) => {
      const fitting = kinds.map((kind) => ({ ...defaults, ...kind }));
      for (const config of fitting) requireMemory(config);
      const refusals = fitting.flatMap((config) => {
        try {
          requireMemory({ ...config, [key]: 1e12 });
          return [];
        } catch (error) {
          return [(error as Error).message];
        }
      });
      if (['criticUpdates', 'counterfactualStates', 'vocabularySize', 'blocks', 'maxSteps'].includes(key)) return;
      expect(refusals.length).toBeGreaterThan(0);
      for (const message of refusals) {
        expect(message).toMatch(/^config: a run must fit into 4 GiB, got a config that needs about \d+ GiB; lower \w/);
      }
    },
  );

  test('is part of every config', () => {
    expect(() => resolveConfig({ hidden: 1e9 })).toThrow(
      /GiB; lower hidden, embedding, tokenWidth, matchWidth or blocks$/,
    );
    expect(() => resolveConfig({ trainGames: 2 ** 53 - 1 })).toThrow(/GiB; lower trainGames$/);
    expect(() => resolveConfig({ evalEpisodes: 1e12 })).toThrow(/GiB; lower evalEpisodes$/);
    // What is not kept may be as large as anyone likes.
    expect(resolveConfig({ iterations: 1e15, keepCheckpoints: 1e9, graphMaxEdges: 4e7 }).iterations).toBe(1e15);
    expect(configTable.length).toBeGreaterThan(0);
  });
});
