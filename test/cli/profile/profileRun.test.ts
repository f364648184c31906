import { beforeAll, describe, expect, test } from 'vitest';
import { profileRun } from '../../../src/cli/profile/profileRun.ts';
import { resolveConfig } from '../../../src/config/config.ts';
import { notWide } from '../../../src/engine/kernels/buildChoice.ts';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { createPolicy } from '../../../src/engine/policy/policy.ts';
import { createLookAlike } from '../../../src/env/lookAlike.ts';
import type { ProfileRecord } from '../../../src/report/profile/profileRecord.ts';
import { train } from '../../../src/train/trainer.ts';
import { small } from '../../train/recordedRun.ts';

const options = {
  warmUp: 1,
  measured: 2,
  kernels: notWide,
  onProgress: () => {},
  signal: new AbortController().signal,
};

describe('a small run of look-alike', () => {
  const changes = { ...small, env: 'look-alike', policy: 'mlp', iterations: 4 } as const;
  const config = resolveConfig(changes);
  let record: ProfileRecord;
  beforeAll(async () => {
    record = await profileRun(config, options);
  });
  const kernel = (name: string) => record.kernels.find((row) => row.kernel === name);

  test('has the parameters of the same run without a profile', async () => {
    expect(record.parametersSha256).toBe((await train(changes)).parametersSha256);
  });

  test('counts what was done: an AdamW step of all parameters for each update, one draw for all live episodes', async () => {
    const { network } = createPolicy(await createArena(), createLookAlike().spec, { ...config, logitScale: 1 });
    const updates = config.numIterations * config.minibatches;
    expect(record.updates).toBe(2 * updates);
    const adamw = { calls: updates, operations: 16 * network.size * updates, bytes: 28 * network.size * updates };
    expect(kernel('adamw')).toMatchObject(adamw);
    // Episodes of look-alike have three steps: 2 groups of 4 are drawn at once, three times.
    expect(record.envSteps).toBe(2 * 8 * 3);
    expect(kernel('sampleActions')?.calls).toBe(3);
  });

  test('the record is JSON with finite numbers, phases in order and shares with sum 1', () => {
    expect(JSON.parse(JSON.stringify(record))).toEqual(record);
    expect(Object.keys(record).sort()).toEqual(
      'build buildReason command config engine envSteps heapGrowthBytes iterationMs iterations kernels parametersSha256 peak phases places shares timer updates waitedMs warmUp'.split(
        ' ',
      ),
    );
    expect(record.phases.map(({ phase }) => phase)).toEqual(['rollout', 'minibatches', 'gradients', 'step', 'other']);
    const { kernels, environment, outside } = record.shares;
    expect(kernels + environment + outside).toBeCloseTo(1, 9);
    expect(record.phases.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
    expect(record.places.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(
      record.phases.reduce((sum, { kernelsMs }) => sum + kernelsMs, 0),
      9,
    );
  });
});

test('household with labels has its bits too, and the phases of labels, sums and evaluations', async () => {
  const changes = {
    ...small,
    iterations: 4,
    groupsPerIteration: 6,
    numGenerations: 8,
    evalEvery: 1,
    couplingEvery: 1,
    method: 'classifier+cloning',
    labels: 'graph',
  } as const;
  const record = await profileRun(resolveConfig(changes), options);
  expect(record.parametersSha256).toBe((await train(changes)).parametersSha256);
  expect(record.phases.map(({ phase }) => phase)).toEqual([
    ...['rollout', 'evaluate', 'coupling', 'labels', 'minibatches', 'gradients', 'sum', 'step', 'other'],
  ]);
  const sums = record.places.filter(({ phase }) => phase === 'sum').map(({ kernel }) => kernel);
  expect(sums.sort()).toEqual(['addInto', 'addRows']);
  expect(record.phases.find(({ phase }) => phase === 'rollout')?.environmentMs).toBeGreaterThan(0);
});
