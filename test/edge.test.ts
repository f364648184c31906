import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Config, resolveConfig } from '../src/config/config.ts';
import { type OpenedPolicy, openPolicy, type Sample } from '../src/edge.ts';
import { createArena } from '../src/engine/kernels/createArena.ts';
import { engineModule } from '../src/engine/kernels/load.ts';
import { blueprintFromJson } from '../src/engine/policy/blueprint.ts';
import { loadParameters } from '../src/engine/policy/parameters.ts';
import { actionKey, actionLogProbs, createPolicy, type Policy, sample } from '../src/engine/policy/policy.ts';
import { loadStates } from '../src/engine/states/loadBatch.ts';
import { createStateList, pushState, type StateList } from '../src/engine/states/stateList.ts';
import { createHousehold } from '../src/env/household/household.ts';
import { decodeSafetensors, encodeSafetensors } from '../src/record/safetensors.ts';
import { refusal } from './refusal.ts';
import { savedPolicy } from './savedPolicy.ts';
import { recordedRun } from './train/recordedRun.ts';

let module: WebAssembly.Module;
let saved: Awaited<ReturnType<typeof savedPolicy>>;
const open = (options = {}): OpenedPolicy => openPolicy(module, saved.parameters, options);

beforeAll(async () => {
  module = await WebAssembly.compile(await readFile(new URL('../wasm/unbraid.edge.wasm', import.meta.url)));
  saved = await savedPolicy();
});

/** The same parameters in a policy as the trainer has it, all states loaded. */
async function trainerPolicy(): Promise<{ policy: Policy; list: StateList }> {
  const { tensors, metadata } = decodeSafetensors(saved.parameters);
  const { config } = blueprintFromJson(metadata.blueprint);
  const policy = createPolicy(await createArena(), createHousehold().spec, config, 64);
  loadParameters(policy, tensors);
  const list = createStateList(policy.network.batch.shape);
  for (const { observation, info } of saved.states) pushState(list, observation, info.admissibleActions);
  return { policy, list };
}

describe('scores', () => {
  test('have the bits of the trainer, state by state or all in one batch', async () => {
    const { policy, list } = await trainerPolicy();
    loadStates(policy.arena, policy.network.batch, list, [0, 1, 2, 3], 0, 4);
    actionLogProbs(policy);
    const opened = open();
    const scores = saved.states.flatMap((state) => [...opened.logProbs(state)]);
    expect(scores).toEqual([...policy.arena.read(policy.logProbs, list.actions)]);
    expect(new Set(scores).size).toBeGreaterThan(10);
  });

  test("goodProbs are the sigmoid of the classifier's scores", async () => {
    const { policy, list } = await trainerPolicy();
    const { arena, network } = policy;
    loadStates(arena, network.batch, list, [0, 1, 2, 3], 0, 4);
    network.forward(policy.weights);
    const scores = [...arena.read(network.heads.classifier.value, list.actions)];
    const opened = open();
    const probabilities = saved.states.flatMap((state) => [...opened.goodProbs(state)]);
    probabilities.forEach((p, i) => {
      expect(p).toBeCloseTo(1 / (1 + Math.exp(-scores[i])), 6);
    });
    expect(new Set(probabilities).size).toBeGreaterThan(10);
  });

  test('greedy takes the most probable action, of equal ones the first', () => {
    const opened = open();
    for (const state of saved.states) {
      const scores = [...opened.logProbs(state)];
      expect(opened.greedy(state)).toBe(scores.indexOf(Math.max(...scores)));
    }
    const [{ observation, info }] = saved.states;
    const twice = [info.admissibleActions[0], info.admissibleActions[0]] as never;
    expect(opened.greedy({ observation, info: { admissibleActions: twice } })).toBe(0);
  });

  test('sample draws what the trainer draws from the stream of the seed', async () => {
    const { policy, list } = await trainerPolicy();
    const opened = open();
    const drawn: number[] = [];
    for (let index = 0; index < 40; index++) {
      sample(policy, list, [1], 0, 1, actionKey(9, 'edge', 0), new Int32Array(4).fill(index));
      const { action, logProb } = opened.sample(saved.states[1], 9, index);
      expect([action, logProb]).toEqual([
        policy.arena.i32[policy.taken >> 2],
        policy.arena.f32[policy.takenLogProb >> 2],
      ]);
      drawn.push(action);
    }
    expect(new Set(drawn).size).toBeGreaterThan(2);
    const other = drawn.map((_, index) => opened.sample(saved.states[1], 10, index).action);
    expect(other).not.toEqual(drawn);
  });

  test('a higher temperature evens them out', () => {
    const spread = (temperature: number): number => {
      const scores = open({ temperature }).logProbs(saved.states[0]);
      return Math.max(...scores) - Math.min(...scores);
    };
    expect(spread(2)).toBeCloseTo(spread(1) / 2, 5);
  });

  test('a policy over vectors opens like one over tokens', async () => {
    const { parameters, states } = await savedPolicy('mlp');
    const opened = openPolicy(module, parameters);
    expect([opened.environment.split(' ')[0], opened.shape.form]).toEqual(['look-alike', 'vector']);
    expect(opened.logProbs(states[0]).length).toBe(states[0].info.admissibleActions.length);
  });
});

test.each([
  ['grpo', {}],
  ['ppo+heads', {}],
  ['grpo', { layerNorm: true, optimizer: 'muon' }],
] as const)('opens what a run saved: %s, %j', async (method, changes) => {
  const { checkpoints } = await recordedRun({ iterations: 1, method, ...changes });
  const bytes = checkpoints.get(1)?.get('parameters.safetensors') as Uint8Array;
  const opened = openPolicy(module, bytes);
  const { name, version } = createHousehold().spec;
  expect(opened.environment).toBe(`${name} ${version}`);
  expect(opened.save()).toEqual(bytes);
  const [state] = saved.states;
  const before = opened.logProbs(state);
  expect(before.length).toBe(state.info.admissibleActions.length);
  opened.adapt([{ state, action: 1, advantage: 1, good: true }]);
  expect(opened.logProbs(state)[1]).toBeGreaterThan(before[1]);
});

describe('adapt', () => {
  const samples = (advantages: readonly number[]): Sample[] =>
    advantages.map((advantage, i) => ({ state: saved.states[i], action: i, advantage }));

  test('an action that did better than expected becomes likelier, one that did worse less likely', () => {
    for (const [advantage, sign] of [
      [1, 1],
      [-1, -1],
    ]) {
      const opened = open();
      const [state] = saved.states;
      const before = opened.logProbs(state)[0];
      const { gradNorm } = opened.adapt([{ state, action: 0, advantage }]);
      expect(gradNorm).toBeGreaterThan(0);
      expect(Math.sign(opened.logProbs(state)[0] - before)).toBe(sign);
    }
  });

  test('an action called good is cloned, and the classifier learns both', () => {
    const opened = open();
    const [state] = saved.states;
    const labelled: Sample[] = [
      { state, action: 0, good: true },
      { state, action: 1, good: false },
    ];
    const before = opened.logProbs(state)[0];
    const [goodBefore, badBefore] = opened.goodProbs(state);
    const first = opened.adapt(labelled);
    for (let i = 0; i < 20; i++) opened.adapt(labelled);
    const last = opened.adapt(labelled);
    expect(first.classifierLabelled).toBe(2);
    expect(last.classifier).toBeLessThan(first.classifier);
    expect(last.cloning).toBeLessThan(first.cloning);
    expect(opened.logProbs(state)[0]).toBeGreaterThan(before);
    const [good, bad] = opened.goodProbs(state);
    expect([good > goodBefore, bad < badBefore]).toEqual([true, true]);
  });

  test('equal steps give equal bytes, and a saved policy opens to the same scores', () => {
    const [a, b] = [open(), open()];
    for (const opened of [a, b]) opened.adapt(samples([1, -1, 0.5]));
    expect(a.save()).toEqual(b.save());
    expect(a.save()).not.toEqual(saved.parameters);
    const again = openPolicy(module, a.save());
    for (const state of saved.states) expect(again.logProbs(state)).toEqual(a.logProbs(state));
  });

  test("the engine's module gives the bytes of the edge's", async () => {
    const [a, b] = [open(), openPolicy(await engineModule(), saved.parameters)];
    for (const opened of [a, b]) opened.adapt(samples([1, -1, 0.5]));
    expect(a.save()).toEqual(b.save());
    expect(a.goodProbs(saved.states[0])).toEqual(b.goodProbs(saved.states[0]));
  });

  test('an unchanged policy saves to the bytes it was opened from', () => {
    expect(open().save()).toEqual(saved.parameters);
  });

  test('learningRate, classifierCoef and cloningCoef change the step; the defaults are those of a run', () => {
    const labelled: Sample[] = [{ state: saved.states[0], action: 0, advantage: 1, good: true }];
    const step = (settings = {}): Uint8Array => {
      const opened = open();
      opened.adapt(labelled, settings);
      return opened.save();
    };
    const { learningRate, classifierCoef, cloningCoef } = resolveConfig({}) as Config;
    expect(step({ learningRate, classifierCoef, cloningCoef })).toEqual(step());
    for (const settings of [{ learningRate: 0.01 }, { classifierCoef: 0 }, { cloningCoef: 0 }]) {
      expect(step(settings), JSON.stringify(settings)).not.toEqual(step());
    }
    expect(step({ learningRate: 0 })).toEqual(saved.parameters);
  });
});

describe('refuses', () => {
  test('samples without a known action or judgement', () => {
    const [state] = saved.states;
    const count = state.info.admissibleActions.length;
    const opened = open();
    expect(refusal(() => opened.adapt([]))).toBe('adapt: samples must not be empty, got []; give at least one');
    expect(refusal(() => opened.adapt([{ state, action: count, good: true }]))).toBe(
      `adapt: samples[0].action must be the index of one of ${count} actions, got ${count}; use its place in admissibleActions`,
    );
    expect(refusal(() => opened.adapt([{ state, action: 0 }]))).toBe(
      'adapt: samples[0] must have advantage or good, got neither; say how the action did',
    );
    expect(refusal(() => opened.adapt([{ state, action: 0, advantage: Number.NaN }]))).toBe(
      'adapt: samples[0].advantage must be finite, got NaN; check the rewards',
    );
    expect(opened.save()).toEqual(saved.parameters);
  });

  test('files that hold no policy, and temperatures that divide nothing', () => {
    const plain = encodeSafetensors(decodeSafetensors(saved.parameters).tensors);
    expect(refusal(() => openPolicy(module, plain))).toBe(
      "openPolicy: the file's header must hold a blueprint, got none; use parameters.safetensors of a run made by this version of unbraid",
    );
    const { tensors, metadata } = decodeSafetensors(saved.parameters);
    const blueprint = JSON.parse(metadata.blueprint);
    const hinted = { ...blueprint, config: { ...blueprint.config, hinted: true } };
    expect(
      refusal(() => openPolicy(module, encodeSafetensors(tensors, { ...metadata, blueprint: JSON.stringify(hinted) }))),
    ).toBe('openPolicy: the policy must act without hints, got one with them; train it with hint "off"');
    expect(refusal(() => open({ temperature: 0 }))).toBe(
      'openPolicy: temperature must be a number > 0, got 0; 1 leaves the scores as they are',
    );
  });
});
