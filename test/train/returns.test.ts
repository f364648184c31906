/** Returns and success: what an environment states as its success decides what is recorded as success. */
import { describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { CustomEnvironment, CustomStep, CustomTextEnvironment } from '../../src/env/custom.ts';
import { openCrew } from '../../src/parallel/crew.ts';
import { randomStream } from '../../src/random.ts';
import { parseReceipt } from '../../src/record/receiptFile.ts';
import { parseRunResult } from '../../src/record/schemas.ts';
import { evaluationGames } from '../../src/rollout/success.ts';
import { type RunFiles, recordRun } from '../../src/train/runFiles.ts';
import { type TrainOutcome, train } from '../../src/train/trainer.ts';
import { verify } from '../../src/train/verify.ts';
import { spawnWorker } from '../../workers/spawn.node.ts';
import prizes, { prizeOf, prizesWith, successOf } from './custom/prizes.ts';
import { recordedRun, resumedRun } from './recordedRun.ts';

const quick: Partial<Config> = {
  ...{ env: 'custom', policy: 'mlp', iterations: 2, coldStart: 0, trainGames: 6, groupsPerIteration: 2 },
  ...{ numGenerations: 2, minibatches: 1, evalEpisodes: 12, couplingPairs: 2, seed: 3, checkpointEvery: 1 },
};
const splits = { train: 'train', inDomain: 'in-domain', outOfDomain: 'out-of-domain' } as const;
const keys = Object.keys(splits) as (keyof typeof splits)[];

const meanOf = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
const seedsOf = (key: keyof typeof splits): number[] => evaluationGames(3, splits[key], 12, 6).map(({ seed }) => seed);

async function recorded(
  config: Partial<Config>,
  environment: () => CustomEnvironment = prizes,
): Promise<[TrainOutcome, RunFiles]> {
  const { hooks, files } = recordRun(config);
  const outcome = await train(config, { ...hooks, environment });
  return [outcome, files(outcome)];
}

const jsonOf = (files: RunFiles, name: string): Record<string, never> =>
  JSON.parse(new TextDecoder().decode(files.get(name)));

describe('success of the last step', () => {
  test('is the mean of what the last steps state; returns are the sums of the rewards', async () => {
    const [{ success, return: returns, receipt }, files] = await recorded(quick);
    for (const key of keys) {
      const seeds = seedsOf(key);
      expect(success[key]).toBe(meanOf(seeds.map(successOf)));
      const { mean = 0, interval, episodes } = returns[key] ?? {};
      // Two actions of 0 to 2 add at most 4 to the prize.
      const prize = meanOf(seeds.map(prizeOf));
      expect(mean).toBeGreaterThan(prize);
      expect(mean).toBeLessThan(prize + 4);
      expect(episodes).toBe(12);
      expect(interval?.[0]).toBeLessThan(mean);
      expect(interval?.[1]).toBeGreaterThan(mean);
    }
    expect(receipt.outcome?.return).toEqual(returns);
    expect(jsonOf(files, 'result.json').return).toEqual(returns);
    const lines = new TextDecoder().decode(files.get('metrics.jsonl')).trim().split('\n');
    const last = JSON.parse(lines[2]);
    expect([last['eval/out_of_domain'], last['eval_return/out_of_domain']]).toEqual([
      success.outOfDomain,
      returns.outOfDomain?.mean,
    ]);
    expect(last['charts/success']).not.toBe(last['charts/episodic_return']);
    expect(last['charts/success']).toBeLessThanOrEqual(1);
  });

  test('is the same on three threads, on shared memory and on copies', async () => {
    const alone = await recordedRun(quick, { environment: prizes });
    for (const copied of [false, true]) {
      const crew = await openCrew(spawnWorker, 3, { copied, cores: null });
      try {
        const environment = new URL('./custom/prizes.ts', import.meta.url);
        const { outcome, metrics } = await recordedRun(quick, { environment, crew });
        expect(metrics).toEqual(alone.metrics);
        expect([outcome.success, outcome.return, outcome.receipt.hash]).toEqual([
          ...[alone.outcome.success, alone.outcome.return],
          expect.any(String),
        ]);
      } finally {
        crew.close();
      }
    }
  });

  test('of a text environment is that of the same games in vectors', async () => {
    const inText = (): CustomTextEnvironment => {
      const inner = prizes();
      const shown = ({ observation, ...step }: CustomStep<readonly number[] | Float32Array, number>) => ({
        ...step,
        observation: `Game ${observation[0]}, step ${observation[1]}.`,
        info: { admissibleActions: ['take nothing', 'take one', 'take two'] },
      });
      return {
        spec: { name: 'prizes in text', form: 'text', maxSteps: 4, success: 'step' },
        reset: async (episode) => shown(await inner.reset(episode)),
        step: async (action) => shown(await inner.step(action)),
      };
    };
    const config: Partial<Config> = { ...quick, policy: 'attention', vocabularyEpisodes: 2 };
    const [{ success, return: returns }] = await recorded(config, inText);
    for (const key of keys) {
      expect(success[key]).toBe(meanOf(seedsOf(key).map(successOf)));
      expect(returns[key]?.mean).toBeGreaterThan(meanOf(seedsOf(key).map(prizeOf)));
    }
  });

  test('that the last step does not state is an error', async () => {
    const environment = () => {
      const inner = prizesWith('return');
      return { ...inner, spec: { ...inner.spec, success: 'step' as const } };
    };
    await expect(train(quick, { environment })).rejects.toThrow(
      'collect: success of the last step must be a boolean or a number in [0, 1], got undefined; check environment prizes, whose spec.success is "step"',
    );
  });
});

test('without success, it is null, no metric states it, and returns are recorded', async () => {
  const progress: unknown[] = [];
  const { outcome, metrics } = await recordedRun(quick, {
    environment: () => prizesWith(null),
    onProgress: ({ phase, success, return: of }) => phase === 'train' && progress.push([success, typeof of]),
  });
  expect(outcome.success).toEqual({ train: null, inDomain: null, outOfDomain: null });
  expect(outcome.return.outOfDomain?.mean).toBeGreaterThan(meanOf(seedsOf('outOfDomain').map(prizeOf)));
  expect(Object.keys(metrics[2]).filter((key) => key.startsWith('eval'))).toEqual([
    'eval_return/train',
    'eval_return/in_domain',
    'eval_return/out_of_domain',
  ]);
  expect(Object.keys(metrics[2])).not.toContain('charts/success');
  expect(progress.at(-1)).toEqual([null, 'number']);
});

test('by default the return is the success, and the receipt has the keys that it had without returns', async () => {
  const [outcome, files] = await recorded(quick, () => prizesWith(undefined));
  for (const key of keys) expect(outcome.success[key]).toBe(outcome.return[key]?.mean);
  expect(Object.keys(outcome.receipt.outcome ?? {})).toEqual([
    ...['success', 'coupling', 'envSteps', 'updates', 'parametersSha256'],
  ]);
  expect(jsonOf(files, 'result.json').return).toEqual(outcome.return);
  const stated = await recorded(quick, () => prizesWith('return'));
  expect(stated[0].receipt.hash).toBe(outcome.receipt.hash);
});

describe('verify', () => {
  const change = (files: RunFiles, name: string, edit: (record: Record<string, unknown>) => void): RunFiles => {
    const record = jsonOf(files, name) as Record<string, unknown>;
    edit(record);
    return new Map(files).set(name, new TextEncoder().encode(`${JSON.stringify(record, null, 2)}\n`));
  };
  const resealed = async (files: RunFiles): Promise<RunFiles> => {
    const { encodeReceipt } = await import('../../src/record/receiptFile.ts');
    const { sha256Hex } = await import('../../src/record/sha256.ts');
    const read = parseReceipt(new TextDecoder().decode(files.get('receipt.json')));
    if ('flaw' in read) throw new Error(read.flaw);
    const listed = Object.fromEntries(
      Object.keys(read.files).map((path) => [path, sha256Hex(files.get(path) as Uint8Array)]),
    );
    const text = encodeReceipt({ ...read, files: listed });
    return new Map(files).set('receipt.json', new TextEncoder().encode(text));
  };

  test.each(['step', 'return'] as const)('compares returns and the random baseline, with success %s', async (kind) => {
    const environment = () => prizesWith(kind);
    const [, files] = await recorded({ ...quick, randomEpisodes: 5 }, environment);
    expect(await verify(files, { environment })).toMatchObject({ equal: true, first: null });
    for (const key of ['return', 'random'] as const) {
      const forged = change(files, 'result.json', (result) => {
        const part = result[key] as Record<string, Record<string, unknown>>;
        const means = (key === 'random' ? part.return : part) as Record<string, { mean: number }>;
        means.outOfDomain.mean += 0.5;
      });
      const verdict = await verify(await resealed(forged), { environment });
      expect([key, verdict.equal, verdict.first]).toMatchObject([key, false, { file: `result.json#${key}` }]);
    }
  });

  test('accepts a result of an earlier version, which states no returns', async () => {
    const environment = () => prizesWith('return');
    const [, files] = await recorded(quick, environment);
    const earlier = await resealed(change(files, 'result.json', (result) => delete result.return));
    expect(await verify(earlier, { environment })).toMatchObject({ equal: true });
    const result = parseRunResult(new TextDecoder().decode(earlier.get('result.json')));
    expect(result.return).toBeUndefined();
  });
});

describe('the random baseline', () => {
  test('plays the games of the evaluation with uniform actions, and is in line 0 of the metrics', async () => {
    const config = { ...quick, randomEpisodes: 7 };
    const { outcome, metrics } = await recordedRun(config, { environment: prizes });
    for (const key of keys) {
      const games = evaluationGames(3, splits[key], 7, 6);
      const returns = games.map(({ seed }, episode) => {
        const random = randomStream(3, `random/${splits[key]}`, episode);
        return random.below(3) + random.below(3) + prizeOf(seed);
      });
      expect(outcome.random?.return[key]).toMatchObject({ mean: meanOf(returns), episodes: 7 });
      expect(outcome.random?.success[key]?.mean).toBe(meanOf(games.map(({ seed }) => successOf(seed))));
    }
    expect(metrics[0]['random/train']).toBe(outcome.random?.success.train?.mean);
    expect(metrics[0]['random_return/train']).toBe(outcome.random?.return.train?.mean);
    expect(metrics[1]).not.toHaveProperty('random/train');
  });

  test('changes no parameter, and a resumed run has the same', async () => {
    const config = { ...quick, randomEpisodes: 7 };
    const options = { environment: prizes };
    const { outcome, checkpoints } = await recordedRun(config, options);
    const resumed = await resumedRun(config, checkpoints, 1, options);
    expect(resumed.outcome).toEqual(outcome);
    const { parametersSha256, random } = await train(quick, options);
    expect([parametersSha256, random]).toEqual([outcome.parametersSha256, undefined]);
  });
});

describe('a cheap start', () => {
  test('evalSplits leaves splits out, and evalAtStart the evaluation before training', async () => {
    const { outcome, metrics } = await recordedRun(
      { ...quick, evalSplits: 'out-of-domain+train', evalAtStart: false },
      { environment: prizes },
    );
    const whole = await train(quick, { environment: prizes });
    expect(outcome.success).toEqual({ ...whole.success, inDomain: null });
    expect(outcome.return).toEqual({ ...whole.return, inDomain: null });
    expect(outcome.parametersSha256).toBe(whole.parametersSha256);
    expect(outcome.receipt.config.evalSplits).toBe('train+out-of-domain');
    expect(Object.keys(metrics[0]).filter((key) => key.startsWith('eval'))).toEqual([]);
    expect(Object.keys(metrics[2]).filter((key) => key.startsWith('eval/'))).toEqual([
      'eval/train',
      'eval/out_of_domain',
    ]);
  });

  test('couplingPairs 0 plays nothing for sample pairs, and every phase reports its progress', async () => {
    const phasesOf = async (config: Partial<Config>): Promise<string[]> => {
      const phases: string[] = [];
      await train(config, {
        onProgress: ({ phase, done, total }) => {
          const last = phases.at(-1);
          if (last !== `${phase} ${total}`) phases.push(`${phase} ${total}`);
          expect(done).toBeLessThanOrEqual(total);
        },
      });
      return phases;
    };
    const text: Partial<Config> = {
      ...{ observation: 'text', iterations: 1, coldStart: 3, coldStartUpdates: 2, groupsPerIteration: 2 },
      ...{ numGenerations: 2, evalEpisodes: 4, evalSplits: 'train', vocabularyEpisodes: 5, maxSteps: 6, trainGames: 4 },
    };
    expect(await phasesOf({ ...text, couplingPairs: 2, randomEpisodes: 3 })).toEqual([
      ...['vocabulary 5', 'sample pairs 120', 'demonstrations 3', 'random 3', 'cold start 2'],
      ...['coupling 1', 'evaluate 4', 'coupling 1', 'evaluate 4', 'train 1'],
    ]);
    expect(await phasesOf({ ...text, couplingPairs: 0, evalAtStart: false, coldStart: 0 })).toEqual([
      ...['vocabulary 5', 'evaluate 4', 'train 1'],
    ]);
  });
});
