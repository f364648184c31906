/**
 * Parts of a user's own: environments in three forms, a network, a source of labels; as functions and as modules on
 * several threads.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { CustomEnvironment, CustomVectorEnvironment } from '../../src/env/custom.ts';
import { type Crew, openCrew } from '../../src/parallel/crew.ts';
import { firstDifference } from '../../src/record/receipt.ts';
import { encodeReceipt, parseReceipt } from '../../src/record/receiptFile.ts';
import { sha256Hex } from '../../src/record/sha256.ts';
import { replay } from '../../src/train/replay.ts';
import { type TrainOptions, train } from '../../src/train/trainer.ts';
import { verify } from '../../src/train/verify.ts';
import { spawnWorker } from '../../workers/spawn.node.ts';
import corridor from './custom/corridor.ts';
import narrowNetwork from './custom/narrowNetwork.ts';
import nearerIsGood from './custom/nearerIsGood.ts';
import textRooms from './custom/rooms.ts';
import { recordedRun, resumedRun } from './recordedRun.ts';

const quick: Partial<Config> = {
  ...{ iterations: 3, coldStart: 0, trainGames: 8, groupsPerIteration: 4, numGenerations: 4 },
  ...{ evalEpisodes: 16, couplingPairs: 4, vocabularyEpisodes: 4 },
};

const moduleOf = (name: string): URL => new URL(`./custom/${name}.ts`, import.meta.url);
const hashOf = (name: string): string => sha256Hex(readFileSync(moduleOf(name)));

describe('on one thread and on three, on shared memory and on copies', () => {
  const crews: Crew[] = [];
  beforeAll(async () => {
    for (const copied of [false, true]) crews.push(await openCrew(spawnWorker, 3, { copied, cores: null }));
  });
  afterAll(() => {
    for (const crew of crews) crew.close();
  });

  const withLabels = { ...quick, method: 'classifier+cloning' } as const;
  const corridorHere = { environment: corridor };
  const cases: [string, Partial<Config>, TrainOptions, TrainOptions][] = [
    ['a vector environment', quick, corridorHere, { environment: moduleOf('corridor') }],
    ['a text environment', quick, { environment: textRooms }, { environment: moduleOf('rooms') }],
    [
      'a network in an environment of its own',
      quick,
      { ...corridorHere, policy: narrowNetwork },
      { environment: moduleOf('corridor'), policy: moduleOf('narrowNetwork') },
    ],
    [
      'a network in a built-in environment',
      { ...quick, env: 'look-alike', observation: 'vector' },
      { policy: narrowNetwork },
      { policy: moduleOf('narrowNetwork').href },
    ],
    [
      'a source of labels',
      withLabels,
      { ...corridorHere, labelSource: nearerIsGood },
      { environment: moduleOf('corridor'), labelSource: moduleOf('nearerIsGood') },
    ],
  ];
  test.each(cases)('%s: the parameters have the same bits', async (_, config, here, everywhere) => {
    const alone = await train(config, here);
    expect(alone.updates).toBeGreaterThan(0);
    for (const crew of crews) {
      const { parametersSha256, success, receipt } = await train(config, { ...everywhere, crew });
      expect([parametersSha256, success]).toEqual([alone.parametersSha256, alone.success]);
      expect(receipt.config).toEqual(alone.receipt.config);
      for (const name of Object.keys(here)) {
        expect(
          await train(config, { ...everywhere, [name]: here[name as keyof TrainOptions], crew }).catch(String),
        ).toMatch(
          `train: ${name} must be the URL of a module with more than one thread, got a function on 3 threads; pass new URL(`,
        );
      }
    }
  });
});

test('the corridor is learnt: success in games not trained on rises by more than 0.3', async () => {
  const before = await train({ ...quick, iterations: 0, evalEpisodes: 200 }, { environment: corridor });
  const after = await train({ ...quick, iterations: 40, evalEpisodes: 200 }, { environment: corridor });
  expect(Number(after.success.outOfDomain) - Number(before.success.outOfDomain)).toBeGreaterThan(0.3);
});

describe('the receipt', () => {
  test('names the parts with the hash of their modules, is parsed, and can be replayed only with them', async () => {
    const options = { environment: moduleOf('corridor'), labelSource: moduleOf('nearerIsGood') };
    const { receipt } = await train({ ...quick, method: 'classifier' }, options);
    expect(receipt.custom).toEqual({
      note: 'replay needs these parts',
      environment: hashOf('corridor'),
      labelSource: hashOf('nearerIsGood'),
    });
    expect([receipt.config.env, receipt.config.policy, receipt.config.labels]).toEqual(['custom', 'mlp', 'custom']);
    const text = encodeReceipt({ receipt, check: '', files: {} });
    expect(parseReceipt(text)).toEqual({ receipt, check: '', files: {} });
    const config = receipt.config as unknown as Config;
    const replayed = await replay(config, options);
    expect([firstDifference(receipt, replayed, 3), replayed.hash]).toEqual([null, receipt.hash]);
    const another = await replay(config, { ...options, environment: corridor });
    expect(firstDifference(receipt, another, 3)).toMatchObject({ at: 'start', differs: [{ what: 'custom parts' }] });
    await expect(replay(config, { environment: options.environment })).rejects.toThrow(
      'config: labels "custom" must come with the labelSource itself, got none; pass it to train() or replay() as options.labelSource',
    );
    await expect(replay(config)).rejects.toThrow(
      'config: env "custom" must come with the environment itself, got none',
    );
  });

  test('is verified by the library with the parts of the run, and by no other part', async () => {
    const options = { environment: moduleOf('corridor') };
    const { receipt } = await train({ ...quick, iterations: 1 }, options);
    expect(await verify(receipt, options)).toMatchObject({ equal: true, first: null });
    expect(await verify(receipt, { environment: corridor })).toMatchObject({ equal: false });
    await expect(verify(receipt)).rejects.toThrow(
      'config: env "custom" must come with the environment itself, got none',
    );
  });

  test('of a run without such parts has no word of them', async () => {
    const { receipt } = await train({ ...quick, env: 'look-alike', policy: 'mlp', iterations: 1 });
    expect(Object.keys(receipt)).not.toContain('custom');
  });

  test('a changed hash of a part contradicts the root', async () => {
    const { receipt } = await train({ ...quick, iterations: 1 }, { environment: moduleOf('corridor') });
    const custom = { note: 'replay needs these parts', environment: hashOf('rooms') } as const;
    expect(parseReceipt(encodeReceipt({ receipt: { ...receipt, custom }, check: '', files: {} }))).toEqual({
      flaw: 'contradicts itself: root does not follow from what the run starts from',
    });
  });
});

describe('a resumed run', () => {
  const options = { environment: corridor, labelSource: nearerIsGood };
  const config = { ...quick, method: 'classifier', checkpointEvery: 1 };
  test('ends with the bits of an uninterrupted one, and the memory of its labels', async () => {
    const { outcome, checkpoints } = await recordedRun(config, options);
    expect((await resumedRun(config, checkpoints, 2, options)).outcome).toEqual(outcome);
  });

  test('must have the parts of its run', async () => {
    const { checkpoints } = await recordedRun(config, options);
    await expect(resumedRun(config, checkpoints, 2, { ...options, environment: moduleOf('corridor') })).rejects.toThrow(
      'train: the checkpoint was made with other custom parts (environment, policy or labelSource); pass the modules of its run',
    );
  });
});

describe('hooks', () => {
  test('each may be given alone, and receives every line, checkpoint and measurement', async () => {
    const lines: number[] = [];
    const checkpoints: number[] = [];
    const couplings: string[] = [];
    const config = { ...quick, env: 'look-alike', policy: 'mlp', checkpointEvery: 2 } as const;
    await train(config, { onMetrics: (iteration) => lines.push(iteration) });
    await train(config, { onCheckpoint: ({ iteration }) => checkpoints.push(iteration) });
    await train(config, { onCoupling: (name, iteration) => couplings.push(`${name} ${iteration}`) });
    expect([lines, checkpoints, couplings]).toEqual([
      [0, 1, 2, 3],
      [0, 2, 3],
      ['coupling-start 0', 'coupling-end 3'],
    ]);
  });
});

describe('refusals', () => {
  const vector = (changes: object): CustomEnvironment => ({ ...corridor(), ...changes }) as CustomVectorEnvironment;
  const spec = corridor().spec;
  const trainIn = (environment: CustomEnvironment, config: Partial<Config> = {}): Promise<unknown> =>
    train({ ...quick, ...config }, { environment: () => environment });
  const cases: [string, () => Promise<unknown>, string][] = [
    ['no step', () => trainIn(vector({ step: undefined })), 'environment: step must be a function, got undefined'],
    [
      'no form',
      () => trainIn(vector({ spec: { ...spec, form: 'image' } })),
      'environment: spec.form must be one of vector, tokens, text, got "image"',
    ],
    [
      'no limit',
      () => trainIn(vector({ spec: { ...spec, maxSteps: undefined } })),
      'environment: maxSteps must be an integer in [1, 10000], got undefined',
    ],
    [
      'no number of actions',
      () => trainIn(vector({ spec: { ...spec, actionCount: undefined } })),
      'environment: spec.actionCount must be the number of discrete actions, an integer >= 1, got undefined; there are no continuous actions: let each id stand for one of a few values',
    ],
    [
      'continuous actions',
      () => trainIn(vector({ spec: { ...spec, actionLow: [-1], actionHigh: [1] } })),
      'environment: spec.actionCount must be the number of discrete actions, an integer >= 1, got a spec with actionLow; there are no continuous actions: let each id stand for one of a few values',
    ],
    [
      'a short vector',
      () => trainIn(vector({ reset: () => ({ observation: [1] }) })),
      'observation must have 9 numbers, got 1',
    ],
    [
      'a vector with NaN',
      () => trainIn(vector({ reset: () => ({ observation: Array(9).fill(Number.NaN) }) })),
      'observation must be finite, got NaN at 0',
    ],
    [
      'a reward that is no number',
      () => trainIn(vector({ step: () => ({ observation: Array(9).fill(0), reward: 'much' }) })),
      'environment: reward must be a finite number, got "much"',
    ],
    [
      'a key of the config beside the part',
      () => trainIn(vector({}), { env: 'household' }),
      'config: env must be "custom" with options.environment, got "household"; leave env out of the config',
    ],
    [
      'labels that nothing reads',
      () => train(quick, { environment: corridor, labelSource: nearerIsGood }),
      'config: method must have a term that reads labels with options.labelSource, got "grpo"',
    ],
    [
      'a module without the function',
      () => train(quick, { environment: new URL('./recordedRun.ts', import.meta.url) }),
      'train: environment must be a module whose default export is a function, got undefined',
    ],
    [
      'a module that is not there',
      () => train(quick, { environment: new URL('./nowhere.ts', import.meta.url) }),
      'train: environment must be a module whose bytes can be read, got ENOENT',
    ],
    [
      'a path instead of a URL',
      () => train(quick, { environment: './corridor.ts' }),
      'train: environment must be a function or the absolute URL of a module, got "./corridor.ts"; use new URL(\'./file.js\', import.meta.url)',
    ],
    [
      'a part of another type',
      () => train(quick, { environment: {} as never }),
      'train: options.environment must be a function or the URL of a module',
    ],
    [
      'custom without the part',
      () => train({ ...quick, policy: 'custom' }),
      'config: policy "custom" must come with the policy itself, got none',
    ],
    [
      'an expert that is not there',
      () => trainIn(vector({ spec: { ...spec, hasExpert: true } })),
      'environment: expertActions must be a function where spec.hasExpert is true',
    ],
    [
      'too few labels',
      () =>
        train(
          { ...quick, method: 'classifier' },
          { environment: corridor, labelSource: () => ({ label: () => new Int8Array(3) }) },
        ),
      'labelSource: labels must be an Int8Array of',
    ],
    [
      'half a memory',
      () =>
        train(
          { ...quick, method: 'classifier' },
          { environment: corridor, labelSource: () => ({ ...nearerIsGood(), restore: undefined }) as never },
        ),
      'labelSource: restore must be a function beside save',
    ],
    [
      'a network without a value head',
      () =>
        train(
          { ...quick, method: 'ppo' },
          {
            environment: corridor,
            policy: (b, config) => ({ ...narrowNetwork(b, config), value: undefined }) as never,
          },
        ),
      'policy: heads.value must be an object, got undefined',
    ],
  ];
  test.each(cases)('%s', async (_, run, message) => {
    await expect(run()).rejects.toThrow(message);
  });
});

describe('what an environment may leave out', () => {
  const never = { ...corridor().spec, maxSteps: 5 };
  /** Steps of the episodes that are played, by their end. */
  async function lengths(environment: () => CustomEnvironment): Promise<number[]> {
    const metrics: Record<string, number>[] = [];
    await train({ ...quick, iterations: 1 }, { environment, onMetrics: (_, line) => metrics.push(line) });
    return metrics.map((line) => line.envSteps);
  }

  test('an end: the engine truncates after maxSteps', async () => {
    const endless = (): CustomEnvironment => ({
      spec: never,
      reset: () => ({ observation: new Float32Array(9) }),
      step: () => ({ observation: new Float32Array(9), reward: 0.25 }),
    });
    expect(await lengths(endless)).toEqual([0, 16 * 5]);
  });

  test('promises: answers that come later give the same bits', async () => {
    const later = (): CustomEnvironment => {
      const inner = corridor();
      return {
        spec: inner.spec,
        reset: async (episode) => inner.reset(episode),
        step: async (action) => inner.step(action),
      };
    };
    const [now, then] = [await train(quick, { environment: corridor }), await train(quick, { environment: later })];
    expect(then.parametersSha256).toBe(now.parametersSha256);
  });

  test('rewards may be dense: success is the mean sum of rewards', async () => {
    const paying = (): CustomEnvironment => ({
      spec: never,
      reset: () => ({ observation: new Float32Array(9) }),
      step: (action) => ({ observation: new Float32Array(9), reward: action === 1 ? 0.5 : -0.25 }),
    });
    const { success } = await train({ ...quick, iterations: 30, learningRate: 0.03 }, { environment: paying });
    expect(success.train).toBeGreaterThan(2);
    expect(success.train).toBeLessThanOrEqual(2.5);
  });

  test('a state hash: without it graph labels take the observation for the state', async () => {
    const config = { ...quick, method: 'classifier', labels: 'graph', iterations: 6, numGenerations: 8 } as const;
    const own = (): CustomEnvironment => {
      const inner = corridor();
      let [at, goal] = [0, 0];
      const note = <T extends { observation: ArrayLike<number> }>(step: T): T => {
        at = Array.from(step.observation).indexOf(1);
        goal = step.observation[8];
        return step;
      };
      return {
        ...inner,
        reset: (episode) => note(inner.reset(episode) as never),
        step: (action) => note(inner.step(action) as never),
        stateHash: () => at * 2 + (goal > 0 ? 1 : 0),
      };
    };
    const lines: Record<string, number>[] = [];
    const onMetrics = (_: number, line: Record<string, number>): void => void lines.push(line);
    const [a, b] = [
      await train(config, { environment: corridor, onMetrics }),
      await train(config, { environment: own }),
    ];
    expect(Math.max(...lines.map((line) => line['labels/coverage'] ?? 0))).toBeGreaterThan(0);
    expect(b.parametersSha256).toBe(a.parametersSha256);
  });

  test('nothing but clone is needed for counterfactual labels, whose absence is refused by name', async () => {
    const config = { ...quick, method: 'classifier', labels: 'counterfactual', iterations: 1 } as const;
    await expect(train(config, { environment: corridor })).rejects.toThrow('clone');
    const copied = (state = { at: 3, goal: 7 }): CustomVectorEnvironment => {
      const own = { ...state };
      const observe = (): number[] => Array.from({ length: 9 }, (_, i) => (i === 8 ? own.goal : Number(i === own.at)));
      return {
        spec: corridor().spec,
        reset({ seed }) {
          Object.assign(own, { at: 2 + (seed % 4), goal: seed % 8 < 4 ? 0 : 7 });
          return { observation: observe() };
        },
        step(action) {
          own.at += action === 1 ? 1 : -1;
          own.at = Math.max(0, Math.min(7, own.at));
          return { observation: observe(), reward: Number(own.at === own.goal), terminated: own.at === own.goal };
        },
        clone: () => copied(own),
      };
    };
    const lines: Record<string, number>[] = [];
    await train(config, { environment: () => copied(), onMetrics: (_, line) => lines.push(line) });
    expect(lines[1]['labels/env_steps']).toBeGreaterThan(0);
  });
});
