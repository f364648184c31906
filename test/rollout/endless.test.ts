/** Tests every function that plays episodes with environments that ignore their own step limit. */
import { describe, expect, test } from 'vitest';
import { type Config, resolveConfig } from '../../src/config/config.ts';
import { collectSamplePairs } from '../../src/coupling/samplePairStates.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { createPolicy, type Policy } from '../../src/engine/policy/policy.ts';
import type { Environment, TextEnvironment, VectorSpec } from '../../src/env/environment.ts';
import { createLookAlike } from '../../src/env/lookAlike.ts';
import { collectTexts } from '../../src/env/text/collectTexts.ts';
import { tokenized } from '../../src/env/text/tokenized.ts';
import { buildVocabulary } from '../../src/env/text/tokenizer.ts';
import { branch, requireCopies } from '../../src/rollout/branch.ts';
import { collect } from '../../src/rollout/collect.ts';
import { playExpert } from '../../src/rollout/expert.ts';
import { evaluate } from '../../src/rollout/success.ts';
import { demonstrate } from '../../src/train/coldStart.ts';
import { train } from '../../src/train/trainer.ts';
import { rooms } from '../env/text/rooms.ts';
import { options, policyFor, someGames } from './shares.ts';

const spec = (maxSteps: number, hasExpert = false): VectorSpec => ({
  ...{ form: 'vector', name: 'endless', version: '1', maxSteps, hasExpert, vectorWidth: 2, actionCount: 2 },
});

/** An environment that never ends an episode; synchronous or asynchronous. */
function endless(maxSteps: number, { asks = false, hasExpert = false } = {}): Environment {
  const step = () => ({
    observation: Float32Array.of(1, 2),
    reward: 0,
    terminated: false,
    truncated: false,
    info: { admissibleActions: [0, 1] },
  });
  return {
    spec: spec(maxSteps, hasExpert),
    reset: () => (asks ? Promise.resolve(step()) : step()),
    step: () => (asks ? Promise.resolve(step()) : step()),
    observationText: () => 'on',
    actionTexts: () => ['a', 'b'],
    stateHash: () => 1,
    expertActions: () => [0],
    clone: () => endless(maxSteps, { asks, hasExpert }),
  };
}

/** The rooms environment as text, with episodes that never end. */
function endlessText(asks: boolean, maxSteps = 5): TextEnvironment {
  const step = () => ({
    observation: 'You walk.',
    reward: 0,
    terminated: false,
    truncated: false,
    info: { admissibleActions: ['on', 'back'] },
  });
  return {
    spec: { name: 'endless', version: '1', maxSteps, hasExpert: false },
    reset: () => (asks ? Promise.resolve(step()) : step()),
    step: () => (asks ? Promise.resolve(step()) : step()),
  };
}

const ends = (caller: string): string =>
  `${caller}: an episode must end by step maxSteps = 5, got one that goes on; check environment endless`;
const bank = { seed: 1, split: 'in-domain', pairs: 2, graphDiscount: 0.9, graphMaxEdges: 100 } as const;
const evaluation = { seed: 1, split: 'train', episodes: 3, trainGames: 2, temperature: 1 } as const;
const demonstrations = { noise: 0, seed: 1, purpose: 'test' };

/** Functions that play episodes, with the name that errors contain. */
const players: readonly [
  string,
  string,
  boolean,
  (policy: Policy, create: () => Environment) => Promise<unknown> | unknown,
][] = [
  ['collect', 'collect', false, (policy, create) => collect(policy, [create()], someGames(1), options)],
  ['evaluate', 'collect', false, (policy, create) => evaluate(policy, [create(), create()], evaluation)],
  ['collectSamplePairs', 'collect', false, (policy, create) => collectSamplePairs(policy, [create()], bank)],
  ['collectSamplePairs, expert', 'playExpert', true, (policy, create) => collectSamplePairs(policy, [create()], bank)],
  ['playExpert', 'playExpert', true, (_, create) => playExpert(create(), someGames(1), demonstrations)],
  [
    'demonstrate',
    'playExpert',
    true,
    (_, create) => demonstrate(create(), someGames(1), resolveConfig({ coldStart: 2 }), undefined, () => {}),
  ],
];

describe.each([false, true])('an environment that never ends, in promises: %s', (asks) => {
  test.each(players)('%s', async (_, caller, hasExpert, play) => {
    const create = (): Environment => endless(5, { asks, hasExpert });
    await expect(async () => play(await policyFor(create()), create)).rejects.toThrow(ends(caller));
  });

  test('branch', async () => {
    const finite = createLookAlike({ stepsPerEpisode: 5, vectorWidth: 3, actionCount: 2 });
    const policy = await policyFor(finite);
    const rollout = await collect(policy, [finite], someGames(1), options);
    // The same states, but episodes that continue from them never end.
    const lasting = { ...requireCopies(endless(5, { asks })), spec: { ...finite.spec, name: 'endless' } };
    const wide = endless(5, { asks });
    const environment = { ...lasting, clone: () => ({ ...environment, step: wideStep }) } as typeof lasting;
    const wideStep = async () => ({ ...(await wide.step(0)), observation: Float32Array.of(1, 2, 3) });
    const chosen = Int32Array.of(0);
    await expect(branch(policy, environment, rollout, chosen, { ...options, repeats: 1, discount: 1 })).rejects.toThrow(
      ends('collect'),
    );
  });

  test('collectTexts, tokenized and a run', async () => {
    const create = () => endlessText(asks);
    await expect(collectTexts(create(), { episodes: 1, seed: 1 })).rejects.toThrow(ends('collectTexts'));
    const wrapped = tokenized(create(), buildVocabulary(['you walk on back']));
    const step = async () => wrapped.step(0);
    for (let episode = 0; episode < 2; episode++) {
      await wrapped.reset({ seed: 1, split: 'train' });
      for (let i = 0; i < 4; i++) await step();
      await expect(step()).rejects.toThrow(ends('tokenized'));
    }
    const openBridge = async () => ({ create, close: async () => {} });
    await expect(train({ env: 'endless', coldStart: 0 }, { openBridge })).rejects.toThrow(ends('collectTexts'));
  });
});

test.each([0, -1, 2.5, Number.NaN, 10_001, 1e9])('maxSteps %d is rejected before the first step', async (maxSteps) => {
  const policy = await policyFor(endless(5));
  const refused = (caller: string): string =>
    `${caller}: maxSteps must be an integer in [1, 10000], got ${maxSteps}; change spec.maxSteps of environment endless`;
  const create = (): Environment => endless(maxSteps, { hasExpert: true });
  await expect(collect(policy, [create()], someGames(1), options)).rejects.toThrow(refused('collect'));
  await expect(evaluate(policy, [create()], evaluation)).rejects.toThrow(refused('play'));
  await expect(playExpert(create(), someGames(1), demonstrations)).rejects.toThrow(refused('playExpert'));
  const text = endlessText(false, maxSteps);
  await expect(collectTexts(text, { episodes: 1, seed: 1 })).rejects.toThrow(refused('collectTexts'));
  expect(() => tokenized(text, buildVocabulary(['x']))).toThrow(refused('tokenized'));
});

describe('timers and aborts are handled while a synchronous environment is played', () => {
  const long = (): Environment => createLookAlike({ stepsPerEpisode: 1000, vectorWidth: 3, actionCount: 2 });
  const longText = (): TextEnvironment => endlessText(false, 1000);
  type Work = (signal: AbortSignal | undefined) => Promise<unknown>;

  test.each<[string, (policy: Policy) => Work]>([
    ['collectTexts', () => (signal) => collectTexts(longText(), { episodes: 1, seed: 1, signal })],
    ['playExpert', () => (signal) => playExpert(long(), someGames(1), { ...demonstrations, signal })],
    ['collect', (policy) => (signal) => collect(policy, [long()], someGames(1), { ...options, signal })],
    ['evaluate', (policy) => (signal) => evaluate(policy, [long()], { ...evaluation, episodes: 1, signal })],
  ])('%s', async (_, prepare) => {
    const work = prepare(await policyFor(long()));
    let handled = false;
    setImmediate(() => {
      handled = true;
    });
    await work(undefined).catch(() => undefined);
    expect(handled).toBe(true);
    const stop = new AbortController();
    setImmediate(() => stop.abort());
    await expect(work(stop.signal)).rejects.toThrow('This operation was aborted');
  });
});

test('a rollout with more steps than its initial capacity contains all of them', async () => {
  const environments = Array.from({ length: 70 }, () =>
    createLookAlike({ stepsPerEpisode: 1000, vectorWidth: 3, actionCount: 2 }),
  );
  const policy = createPolicy(await createArena(), environments[0].spec, {
    ...{ policy: 'mlp', tokenWidth: 2, matchWidth: 2, hidden: 4, embedding: 4, blocks: 0, heads: 1, logitScale: 1 },
  });
  policy.network.initialise(policy.weights, 4);
  policy.network.prepare(policy.weights);
  const rollout = await collect(policy, environments, someGames(70), options);
  expect(rollout.states.states).toBe(70_000);
  for (const episode of [0, 69]) {
    const steps = Array.from(rollout.step.subarray(0, 70_000)).filter((__, n) => rollout.episode[n] === episode);
    expect(steps).toEqual(Array.from({ length: 1000 }, (__, step) => step));
  }
  expect(Array.from(rollout.terminated.subarray(0, 70_000)).reduce((sum, end) => sum + end, 0)).toBe(70);
  expect(rollout.logProb.subarray(0, 70_000).every((x) => x < 0)).toBe(true);
});

test('the memory of a run of rooms does not depend on maxSteps', async () => {
  const changes: Partial<Config> = {
    ...{ env: 'rooms', coldStart: 0, iterations: 1, groupsPerIteration: 2, numGenerations: 2, trainGames: 2 },
    ...{ evalEpisodes: 2, couplingPairs: 2, vocabularyEpisodes: 2 },
  };
  const run = (maxSteps: number) =>
    train(changes, {
      openBridge: async () => ({
        create: () => rooms({ spec: { ...rooms().spec, maxSteps } }),
        close: async () => {},
      }),
    });
  expect((await run(10_000)).envSteps).toBeGreaterThan(0);
  await expect(run(10_001)).rejects.toThrow('collectTexts: maxSteps must be an integer in [1, 10000], got 10001');
});
