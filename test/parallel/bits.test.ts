import { expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { openCrew } from '../../src/parallel/crew.ts';
import type { MemoryMode } from '../../src/parallel/memoryMode.ts';
import { spawnWorker } from '../../workers/spawn.node.ts';
import { recordedRun } from '../train/recordedRun.ts';

const config: Partial<Config> = {
  method: 'classifier+contrastive+cloning',
  beta: 0.1,
  iterations: 2,
  checkpointEvery: 1,
};

const surgery: Partial<Config> = { ...config, method: 'ppo+classifier+gradvac+heads' };

const decoupled: Partial<Config> = { ...config, method: 'decouple+classifier', decoupleChunk: 20, updateKl: 1e-3 };

const dense: Partial<Config> = {
  ...{ policy: 'mlp', method: 'ppo', maxSteps: 7, iterations: 3, checkpointEvery: 1, valueNetwork: 'separate' },
  ...{ bootstrapTruncated: true, normalizeRewards: true, normalizeObservations: true },
};

const experience: Partial<Config> = {
  ...{ method: 'graph-advantages+classifier+cloning', explorationBonus: 0.2, hindsight: true },
  ...{ coldStart: 0, groupsPerIteration: 4, iterations: 3, checkpointEvery: 1 },
};
const hinted: Partial<Config> = { ...config, hint: 'classifier', hintThreshold: 0.3, coldStartClassifier: true };

test.each<[number, MemoryMode, Partial<Config>]>([
  [2, 'shared', config],
  [2, 'shared', { ...config, churnCoef: 1, optimizer: 'muon' }],
  [3, 'shared', config],
  [2, 'copied', config],
  [3, 'shared', surgery],
  [2, 'copied', { ...surgery, churnCoef: 1, optimizer: 'muon' }],
  [2, 'shared', decoupled],
  [3, 'shared', { ...decoupled, decoupleChunk: 500 }],
  [2, 'copied', { ...decoupled, decouplePairs: 'labelled' }],
  [3, 'shared', dense],
  [2, 'copied', dense],
  [3, 'shared', experience],
  [2, 'copied', experience],
  [3, 'shared', hinted],
  [2, 'copied', hinted],
])(
  '%i threads, memory %s: records and checkpoints are bitwise identical to one thread, %j',
  async (size, memory, changes) => {
    const crew = await openCrew(spawnWorker, size, { copied: memory === 'copied', cores: null });
    try {
      expect([crew.size, crew.memory]).toEqual([size, memory]);
      expect(await recordedRun(changes, { crew })).toEqual(await recordedRun(changes));
    } finally {
      await crew.close();
    }
  },
);

test.each(['anchor', 'critic', 'counterfactual', 'shuffled'] as const)(
  '%s labels: two and three threads are bitwise identical to one',
  async (labels) => {
    const changes: Partial<Config> = { labels, method: 'classifier+cloning', iterations: 2, checkpointEvery: 1 };
    const alone = await recordedRun(changes);
    for (const size of [2, 3]) {
      const crew = await openCrew(spawnWorker, size, { cores: null });
      try {
        expect(await recordedRun(changes, { crew })).toEqual(alone);
      } finally {
        await crew.close();
      }
    }
  },
);

test('a number that is not finite on another thread stops the run with the message of one thread', async () => {
  const crew = await openCrew(spawnWorker, 2, { cores: null });
  try {
    const overflowing = { learningRate: 1e30, numIterations: 1, minibatches: 1 };
    await expect(recordedRun(overflowing, { crew })).rejects.toThrow(
      'policy: log-probabilities must be finite, got NaN; the weights are finite but the logits exceed the range of 32-bit floats; lower learningRate, ' +
        'raise temperature, or check the environment for extreme observations',
    );
  } finally {
    await crew.close();
  }
});
