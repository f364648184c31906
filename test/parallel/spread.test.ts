import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Config, resolveConfig } from '../../src/config/config.ts';
import { gramMatrix } from '../../src/coupling/gram.ts';
import type { Samples } from '../../src/coupling/samples.ts';
import { createPolicy } from '../../src/engine/policy/policy.ts';
import { openEnvironments } from '../../src/env/registry.ts';
import { type Crew, openCrew } from '../../src/parallel/crew.ts';
import type { MemoryMode } from '../../src/parallel/memoryMode.ts';
import { openSpread } from '../../src/parallel/spread.ts';
import { randomStream } from '../../src/random.ts';
import { spawnWorker } from '../../workers/spawn.node.ts';
import { randomStates } from '../engine/layers/randomNetwork.ts';
import { type RecordedRun, recordedRun, resumedRun } from '../train/recordedRun.ts';

const short = { iterations: 2, checkpointEvery: 1 } as const;

const runs: Readonly<Record<string, Partial<Config>>> = {
  'attention, classifier and cloning': { ...short, method: 'classifier+cloning', labels: 'graph', minibatches: 1 },
  'mlp, contrastive': { ...short, policy: 'mlp', method: 'contrastive', labels: 'oracle' },
  'demonstrations, cold start': { ...short, method: 'classifier+cloning', labels: 'demonstrations' },
  'no cold start, a reference': { ...short, coldStart: 0, beta: 0.2 },
  'text, a block': {
    ...short,
    observation: 'text',
    maxSteps: 8,
    blocks: 1,
    evalEpisodes: 6,
    method: 'classifier',
    labels: 'advantage',
  },
};

describe.each<[number, MemoryMode]>([
  [1, 'own'],
  [2, 'shared'],
  [3, 'copied'],
  [5, 'shared'],
])('%i threads, memory %s', (size, memory) => {
  let crew: Crew;
  beforeAll(async () => {
    crew = await openCrew(spawnWorker, size, { copied: memory === 'copied', cores: null });
  });
  afterAll(() => crew.close());

  test('has the size and memory that were opened', () => {
    expect([crew.size, crew.memory]).toEqual([size, memory]);
  });

  // One crew executes all runs, one after another.
  test.each(Object.entries(runs))(
    '%s: parameters, success, coupling, metrics and checkpoints of one thread',
    async (_, config) => {
      expect(await recordedRun(config, { crew })).toEqual(await alone(config));
    },
  );

  test('a run of one thread resumes on several threads, bitwise identical', async () => {
    const [config] = Object.values(runs);
    const uninterrupted = await alone(config);
    expect((await resumedRun(config, uninterrupted.checkpoints, 1, { crew })).outcome).toEqual(uninterrupted.outcome);
  });

  test.each(['attention', 'mlp'] as const)('Gram matrices of an %s policy, by blocks of rows', async (kind) => {
    const config = resolveConfig({ policy: kind, hidden: 24 });
    const pool = await openEnvironments(config, null);
    const environment = pool.create();
    const policy = createPolicy(await crew.arena(), environment.spec, { ...config, logitScale: 1 });
    policy.network.initialise(policy.weights, 3);
    policy.network.prepare(policy.weights);
    const spread = await openSpread(crew, policy, config, pool, [environment]);
    const left = samples(policy.network.batch.shape, 70);
    const right = samples(policy.network.batch.shape, 33);
    const few = samples(policy.network.batch.shape, 1);
    const requests = [
      { left, right: null },
      { left, right },
      { left: right, right: left },
      { left: few, right },
      { left: right, right: null },
    ];
    const known = requests.map((one) => gramMatrix(policy, policy.weights, one.left, one.right ?? one.left));
    expect(await spread.grams(requests)).toEqual(known);
    for (const [i, request] of requests.entries()) expect(await spread.grams([request])).toEqual([known[i]]);
  });
});

/** Results of one thread, by config. */
const known = new Map<Partial<Config>, Promise<RecordedRun>>();

function alone(config: Partial<Config>): Promise<RecordedRun> {
  const run = known.get(config) ?? recordedRun(config);
  known.set(config, run);
  return run;
}

function samples(shape: Parameters<typeof randomStates>[0], count: number): Samples {
  const random = randomStream(count, 'test/spread/gram');
  const list = randomStates(shape, random, 20, 8);
  const states = Array.from({ length: count }, () => random.below(20));
  return { list, states, taken: states.map((s) => random.below(list.rowOffsets[s + 1] - list.rowOffsets[s])) };
}
