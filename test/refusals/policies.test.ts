/** Functions on policies given what they cannot use: a message by name, and no NaN. */
import { describe, expect, test } from 'vitest';
import { pushState } from '../../src/engine/states/stateList.ts';
import { collectSamplePairs, gramMatrix } from '../../src/entry/coupling.ts';
import { batchCapacity, policyOn } from '../../src/entry/layers.ts';
import {
  actionLogProbs,
  createStateList,
  inputShape,
  loadParameters,
  loadStates,
  parameterTensors,
} from '../../src/entry/learn.ts';
import { createLabelSource, createPolicy, evaluate, measureCoupling } from '../../src/index.ts';
import { openCrew } from '../../workers/workers.node.ts';
import { refusal, rejection } from '../refusal.ts';
import { arena, config, household, policy } from './smallPolicy.ts';

/** Any argument, as a caller without types may give it. */
// biome-ignore lint/suspicious/noExplicitAny: the wrong types are what is tested
type Anything = any;

/** Rows of a name, a call and the message it must end in. */
type Cases = [string, () => unknown, string][];
const cases: Cases = [
  [
    'openCrew: no function',
    () => openCrew(null as Anything, 2),
    'openCrew: spawnWorker must be a function, got null; pass spawnWorker of unbraid/workers',
  ],
  [
    'openCrew: cores',
    () => openCrew(() => ({}) as never, 2, { cores: 0.5 }),
    'openCrew: options.cores must be an integer in [1, 65536], got 0.5; leave it out',
  ],
  [
    'evaluate: environments',
    () => evaluate(policy, [], {} as Anything),
    'evaluate: environments must be an array of environments, got []; pass one environment or more',
  ],
  [
    'evaluate: temperature',
    () => evaluate(policy, [household], { seed: 1, split: 'train', episodes: 1, trainGames: 1, temperature: 0 }),
    'evaluate: temperature must be a number > 0, got 0; 1 leaves the scores as they are',
  ],
  [
    'evaluate: episodes',
    () => evaluate(policy, [household], { seed: 1, split: 'train', episodes: 0, trainGames: 1, temperature: 1 }),
    'evaluate: episodes must be an integer in [1, 268435456], got 0; pass the number of episodes',
  ],
  [
    'evaluate: split',
    () =>
      evaluate(policy, [household], { seed: 1, split: 'test', episodes: 1, trainGames: 1, temperature: 1 } as Anything),
    'evaluate: split must be one of train, in-domain, out-of-domain, got "test"; choose one of them',
  ],
  [
    'collectSamplePairs: pairs',
    () =>
      collectSamplePairs(policy, [household], {
        seed: 1,
        split: 'train',
        pairs: Number.NaN,
        graphDiscount: 0.9,
        graphMaxEdges: 1,
      }),
    'collectSamplePairs: pairs must be an integer in [1, 10000], got NaN; pass the number of pairs of each class',
  ],
  [
    'measureCoupling: no sample pairs',
    () => measureCoupling(policy, null as Anything),
    'measureCoupling: samplePairs must be an object, got null; collectSamplePairs returns null where no action is good in one game and bad in another',
  ],
  [
    'gramMatrix: no samples',
    () => gramMatrix(policy, policy.weights, null as Anything),
    'gramMatrix: samples must be an object, got null; pass { list, states, taken }',
  ],
  [
    'gramMatrix: no policy',
    () =>
      gramMatrix(null as Anything, 0, { list: createStateList(inputShape(household.spec)), states: [0], taken: [0] }),
    'gramMatrix: policy must be an object, got null; pass the result of createPolicy or policyOn',
  ],
  [
    'createLabelSource: source',
    () => createLabelSource({ labels: 'grph' } as Anything),
    'labels: labels must be one of advantage, anchor, graph, critic, counterfactual, oracle, demonstrations, shuffled, got "grph"; did you mean "graph"?',
  ],
  [
    'createLabelSource: noise',
    () => createLabelSource({ labels: 'oracle', seed: 1, labelNoise: 2 } as Anything),
    'labels: labelNoise must be a number >= 0 and <= 1, got 2; with 0 all labels stay unchanged',
  ],
  [
    'createLabelSource: counts',
    () => createLabelSource({ labels: 'graph', seed: 1, labelNoise: 0 } as Anything),
    'labels: graphMaxEdges must be an integer >= 1, got undefined; pass the config of a run',
  ],
  [
    'batchCapacity: states',
    () => batchCapacity(inputShape(household.spec), 0.5),
    'batchCapacity: states must be an integer in [1, 65536], got 0.5; use a smaller batch',
  ],
  [
    'inputShape: null',
    () => inputShape(null as Anything),
    'inputShape: spec must be an object, got null; pass the spec of an environment',
  ],
  [
    'inputShape: slots',
    () => inputShape({ ...household.spec, stateSlots: Number.NaN } as Anything),
    'inputShape: shape.stateSlots must be an integer in [0, 16777216], got NaN; pass inputShape(spec) of an environment',
  ],
  [
    'createStateList: capacity',
    () => createStateList(inputShape(household.spec), -1),
    'createStateList: capacity must be an integer in [0, 1048576], got -1; the list grows by itself',
  ],
  [
    'createPolicy: widths',
    () => createPolicy(arena, household.spec, { ...config, hidden: 0.5 }),
    'createPolicy: config.hidden must be an integer >= 1, got 0.5; change the config or the environment',
  ],
  [
    'createPolicy: blocks',
    () => createPolicy(arena, household.spec, { ...config, blocks: 3000 }),
    'createPolicy: config.blocks must be an integer <= 4, got 3000; change the config or the environment',
  ],
  [
    'createPolicy: no config',
    () => createPolicy(arena, household.spec, null as Anything),
    'createPolicy: config must be an object, got null; pass the config of a run',
  ],
  [
    'policyOn: null',
    () => policyOn(null as Anything),
    'policyOn: network must be an object, got null; pass the network that createNetwork returned',
  ],
  [
    'loadParameters: null',
    () => loadParameters(policy, null as Anything),
    'loadParameters: tensors must be an array, got null; read them from a checkpoint',
  ],
];

test.each(cases)('%s', async (_, call, message) => {
  expect(await rejection(async () => call())).toBe(message);
});

test.each([Number.NaN, 0, -1, '1', null])('actionLogProbs: temperature %s', (temperature) => {
  const shown = temperature === '1' ? '"1"' : temperature;
  expect(refusal(() => actionLogProbs(policy, policy.weights, temperature as Anything))).toBe(
    `actionLogProbs: temperature must be a number > 0, got ${shown}; 1 leaves the scores as they are`,
  );
});

describe('states and parameters', () => {
  test('loadStates refuses what is no state of the list', async () => {
    const list = createStateList(inputShape(household.spec));
    const { observation, info } = await household.reset({ seed: 1, split: 'train' });
    pushState(list, observation, info.admissibleActions);
    for (const [order, to, shown] of [
      [[1], 1, '1'],
      [[-1], 1, '-1'],
      [[0.5], 1, '0.5'],
      [[], 1, 'undefined'],
    ] as const) {
      expect(refusal(() => loadStates(arena, policy.network.batch, list, order, 0, to))).toBe(
        `loadStates: order[0] must be an integer in [0, 1), got ${shown}; pass numbers of states in the list`,
      );
    }
    for (const states of [['0'], [0.5], [Number.NaN]] as Anything[]) {
      expect(refusal(() => gramMatrix(policy, policy.weights, { list, states, taken: [0] }))).toMatch(
        /^gramMatrix: states must be in \[0, 1\), got /,
      );
    }
  });

  test('loadParameters leaves every parameter as it was when the last tensor is wrong', () => {
    const before = parameterTensors(policy);
    const changed = before.map(({ name, shape, values }, i) => ({
      name,
      shape,
      values: values.map((x) => (i + 1 === before.length ? Number.NaN : x + 1)) as Float32Array,
    }));
    const last = before.at(-1)?.name;
    expect(refusal(() => loadParameters(policy, changed))).toBe(
      `loadParameters: ${last} must be finite, got NaN; use an earlier checkpoint`,
    );
    expect(parameterTensors(policy)).toEqual(before);
  });

  test('an environment that shows no lists is named in the training path, too', async () => {
    const shows = (step: object) =>
      ({ ...household, reset: () => ({ reward: 0, terminated: false, truncated: false, ...step }) }) as Anything;
    const play = (step: object): Promise<string> =>
      rejection(() =>
        evaluate(policy, [shows(step)], { seed: 1, split: 'train', episodes: 1, trainGames: 1, temperature: 1 }),
      );
    const most = 'an array of features of at most 1048576, got';
    const advice = "check the environment's encoding";
    const info = { admissibleActions: [[1]] };
    expect(await play({ observation: null, info })).toBe(`pushState: observation must be ${most} null; ${advice}`);
    expect(await play({ observation: [], info: null })).toBe(
      `pushState: admissibleActions must be an array of at most 1048576, got undefined; ${advice}`,
    );
    expect(await play({ observation: [], info: { admissibleActions: [null] } })).toBe(
      `pushState: admissibleActions[0] must be ${most} null; ${advice}`,
    );
    const { observation, info: first } = household.reset({ seed: 1, split: 'train' });
    for (const [step, shown] of [
      [{ reward: '1' }, '"1"'],
      [null, 'undefined'],
    ]) {
      const environment = { ...shows({ observation, info: first }), step: () => step } as Anything;
      const options = { seed: 1, split: 'train', episodes: 1, trainGames: 1, temperature: 1 } as const;
      expect(await rejection(() => evaluate(policy, [environment], options))).toBe(
        `collect: reward must be a finite 32-bit float, got ${shown}; check environment household`,
      );
    }
  });
});
