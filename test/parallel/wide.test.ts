/** Runs in an environment whose states have more actions than a batch's capacity. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { openPolicy } from '../../src/edge.ts';
import { openCrew } from '../../src/parallel/crew.ts';
import type { MemoryMode } from '../../src/parallel/memoryMode.ts';
import { spawnWorker } from '../../workers/spawn.node.ts';
import { warehouse } from '../env/text/warehouse.ts';
import { recordedRun } from '../train/recordedRun.ts';

const SHELVES = 2_600;
const openBridge = async () => ({ create: () => warehouse(SHELVES), close: async () => {} });
const wide: Partial<Config> = {
  ...{ env: 'warehouse', coldStart: 0, iterations: 2, checkpointEvery: 1, trainGames: 2, groupsPerIteration: 1 },
  ...{ numGenerations: 4, evalEpisodes: 2, couplingPairs: 4, vocabularyEpisodes: 4, vocabularySize: 50 },
  ...{ tokenWidth: 4, hidden: 8, embedding: 4, maxActionTokens: 6, maxStateTokens: 12 },
};

describe.each<Partial<Config>>([
  { ...wide, method: 'classifier+contrastive+cloning', beta: 0.1 },
  { ...wide, method: 'ppo+classifier+gradvac+heads', labels: 'critic', criticUpdates: 2, criticBatch: 8 },
])('2,600 actions in a state, $method', (config) => {
  const alone = recordedRun(config, { openBridge });

  test.each<[number, MemoryMode]>([
    [2, 'shared'],
    [2, 'copied'],
  ])('%i threads, memory %s: bitwise identical to one thread', async (size, memory) => {
    const crew = await openCrew(spawnWorker, size, { copied: memory === 'copied', cores: null });
    try {
      expect(await recordedRun(config, { openBridge, crew })).toEqual(await alone);
    } finally {
      await crew.close();
    }
    const { outcome } = await alone;
    expect(outcome.coupling.end.badBadCosine).not.toBe(null);
  });
});

test('a saved policy scores such states, samples actions and adapts to them', async () => {
  const { checkpoints } = await recordedRun({ ...wide, iterations: 0 }, { openBridge });
  const parameters = checkpoints.get(0)?.get('parameters.safetensors') as Uint8Array;
  const module = await WebAssembly.compile(await readFile(new URL('../../wasm/unbraid.edge.wasm', import.meta.url)));
  const policy = openPolicy(module, parameters);
  const state = { observation: [1], info: { admissibleActions: Array.from({ length: 6_000 }, (_, a) => [a % 40]) } };
  const logProbs = policy.logProbs(state);
  expect(logProbs.length).toBe(6_000);
  expect(logProbs.reduce((sum, x) => sum + Math.exp(x), 0)).toBeCloseTo(1, 3);
  expect(policy.sample(state, 1, 0).action).toBeGreaterThanOrEqual(0);
  policy.adapt([{ state, action: 5_999, advantage: 1 }]);
  expect(policy.logProbs(state)[5_999]).toBeGreaterThan(logProbs[5_999]);
  const tooMany = { ...state, info: { admissibleActions: Array.from({ length: 65_537 }, () => [1]) } };
  expect(() => policy.logProbs(tooMany)).toThrow(
    'logProbs: admissibleActions must be an array of at most 65536, got an array of 65537; give fewer',
  );
});
