/** What `unbraid/edge` refuses, and that a refused call leaves every bit as it was. */
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { type OpenedPolicy, openPolicy, type Sample, type State } from '../src/edge.ts';
import { decodeSafetensors, encodeSafetensors } from '../src/record/safetensors.ts';
import { configTable } from '../src/train/config.ts';
import { refusal } from './refusal.ts';
import { savedPolicy } from './savedPolicy.ts';

let module: WebAssembly.Module;
let saved: Awaited<ReturnType<typeof savedPolicy>>;
let vectors: Awaited<ReturnType<typeof savedPolicy>>;
beforeAll(async () => {
  module = await WebAssembly.compile(await readFile(new URL('../wasm/unbraid.edge.wasm', import.meta.url)));
  saved = await savedPolicy();
  vectors = await savedPolicy('mlp');
});

const open = (): OpenedPolicy => openPolicy(module, saved.parameters);
const withActions = (admissibleActions: unknown): State => {
  const [{ observation }] = saved.states;
  return { observation, info: { admissibleActions: admissibleActions as never } };
};

/** Bits of all that a policy gives: scores, draws, and the parameters after one more step. */
function bitsOf(opened: OpenedPolicy): unknown {
  const [state, other] = saved.states;
  const scores = saved.states.map((each) => [...opened.logProbs(each), ...opened.goodProbs(each)]);
  const draws = [0, 1, 2, 3].map((index) => opened.sample(other, 5, index));
  const before = opened.save();
  const stats = opened.adapt([
    { state, action: 1, advantage: 1 },
    { state: other, action: 0, good: true },
  ]);
  return { scores, draws, greedy: opened.greedy(state), before, stats, after: opened.save() };
}

describe('sample', () => {
  const advice = 'choose another seed';
  test.each([
    [1.5, 0, `seed must be an integer in [0, 2^53), got 1.5; ${advice}`],
    [Number.NaN, 0, `seed must be an integer in [0, 2^53), got NaN; ${advice}`],
    [-1, 0, `seed must be an integer in [0, 2^53), got -1; ${advice}`],
    [2 ** 53, 0, `seed must be an integer in [0, 2^53), got 9007199254740992; ${advice}`],
    ['7', 0, `seed must be an integer in [0, 2^53), got "7"; ${advice}`],
    [undefined, 0, `seed must be an integer in [0, 2^53), got undefined; ${advice}`],
    [1, 0.5, 'index must be an integer in [0, 2^32), got 0.5; count the draws of a seed from 0'],
    [1, -1, 'index must be an integer in [0, 2^32), got -1; count the draws of a seed from 0'],
    [1, 2 ** 32, 'index must be an integer in [0, 2^32), got 4294967296; count the draws of a seed from 0'],
    [1, undefined, 'index must be an integer in [0, 2^32), got undefined; count the draws of a seed from 0'],
  ])('seed %s, index %s', (seed, index, message) => {
    expect(refusal(() => open().sample(saved.states[0], seed as number, index as number))).toBe(`sample: ${message}`);
  });

  test('takes the greatest seed and index', () => {
    const opened = open();
    expect(opened.sample(saved.states[0], 2 ** 53 - 1, 2 ** 32 - 1).action).toBeGreaterThanOrEqual(0);
  });
});

describe('states', () => {
  const step = 'give { observation, info: { admissibleActions } } as reset and step do';
  const features = 'features must be integers slot * 55 + token with slot < 6, got';
  const encoding = "check the environment's encoding";
  const info = { admissibleActions: [[1]] };
  const cases: [string, () => unknown, string][] = [
    ['null', () => null, `state must be an object, got null; ${step}`],
    ['text', () => 'kitchen', `state must be an object, got "kitchen"; ${step}`],
    ['no info', () => ({ observation: [] }), `state.info must be an object, got undefined; ${step}`],
    [
      'no actions',
      () => ({ observation: [], info: {} }),
      `admissibleActions must be an array of at most 512, got undefined; ${encoding}`,
    ],
    [
      'no observation',
      () => ({ info }),
      `observation must be an array of features of at most 1056, got undefined; ${encoding}`,
    ],
    [
      'an action that is a number',
      () => withActions([4]),
      `admissibleActions[0] must be an array of features of at most 9216, got 4; ${encoding}`,
    ],
    ['a feature out of range', () => withActions([[1], [55 * 6]]), `${features} 330; ${encoding}`],
    ['a fraction', () => withActions([[0.5]]), `${features} 0.5; ${encoding}`],
    ['a feature that is text', () => withActions([['1']]), `${features} "1"; ${encoding}`],
    ['a feature that is a symbol', () => withActions([[Symbol('x')]]), `${features} a symbol; ${encoding}`],
    ['a big integer', () => withActions([[5n]]), `${features} 5n; ${encoding}`],
    [
      'features in another order',
      () => withActions([[60, 3]]),
      'features must ascend by slot, got 3 of slot 0 after slot 1; sort them',
    ],
    [
      'too many actions',
      () => withActions(Array.from({ length: 3000 }, () => [1])),
      'admissibleActions must be an array of at most 512, got an array of 3000; give fewer',
    ],
    [
      'too many features of the state',
      () => ({ observation: Array(1057).fill(1), info }),
      'observation must be an array of features of at most 1056, got an array of 1057; give fewer',
    ],
    [
      'too many features of all actions',
      () => withActions([Array(9000).fill(1), Array(217).fill(1)]),
      'all actions together must have at most 9216 features, got 9217 up to action 1; give fewer',
    ],
    [
      'an array without elements',
      () => withActions(Array(3)),
      `admissibleActions[0] must be an array of features of at most 9216, got undefined; ${encoding}`,
    ],
  ];
  test.each(cases)('%s', (_, state, message) => {
    const opened = open();
    for (const method of ['logProbs', 'goodProbs', 'greedy'] as const) {
      expect(refusal(() => opened[method](state() as State))).toBe(`${method}: ${message}`);
    }
    expect(refusal(() => opened.sample(state() as State, 1, 0))).toBe(`sample: ${message}`);
    const samples = [
      { state: saved.states[0], action: 0, good: true },
      { state: state() as State, action: 0, good: true },
    ];
    expect(refusal(() => opened.adapt(samples))).toBe(`adapt: samples[1]: ${message}`);
    expect(bitsOf(opened)).toEqual(bitsOf(open()));
  });

  test('as large as a batch', () => {
    const [{ observation }] = saved.states;
    const actions = Array.from({ length: 512 }, (_, a) => [a % 55]);
    expect(open().logProbs({ observation, info: { admissibleActions: actions } }).length).toBe(512);
  });

  const vectorCases: [string, (good: State) => unknown, string][] = [
    ['a short vector', () => [1, 2], 'observation must have 16 numbers, got 2; check the environment'],
    [
      'no vector',
      () => ({ length: 16 }),
      'observation must be an array of 16 numbers, got an object; check the environment',
    ],
    [
      'NaN',
      ({ observation }) => [...observation.slice(0, 15), Number.NaN],
      'observation must be finite, got NaN at 15; check the environment',
    ],
    [
      'a number beyond 32-bit floats',
      ({ observation }) => [1e39, ...observation.slice(1)],
      'observation must be in the range of 32-bit floats, got 1e+39 at 0; check the environment',
    ],
    [
      'text',
      ({ observation }) => [...observation.slice(0, 15), '1'],
      'observation must be finite, got "1" at 15; check the environment',
    ],
  ];
  test.each(vectorCases)('of vectors: %s', (_, observation, message) => {
    const [good] = vectors.states;
    const opened = openPolicy(module, vectors.parameters);
    const before = opened.logProbs(good);
    expect(refusal(() => opened.logProbs({ ...good, observation: observation(good) as never }))).toBe(
      `logProbs: ${message}`,
    );
    expect(opened.logProbs(good)).toEqual(before);
  });

  test.each([6, -1, 0.5, '0', null, [0]])('of vectors: action id %s', (id) => {
    const [{ observation }] = vectors.states;
    const opened = openPolicy(module, vectors.parameters);
    const shown = id === null ? 'null' : Array.isArray(id) ? 'an array of 1' : typeof id === 'string' ? '"0"' : id;
    const state = { observation, info: { admissibleActions: [0, id] as number[] } };
    expect(refusal(() => opened.logProbs(state))).toBe(
      `logProbs: action ids must be integers in [0, 6), got ${shown}; check the environment`,
    );
  });

  test('of vectors: plain numbers score as a Float32Array does, as after a trip through JSON', () => {
    const [state] = vectors.states;
    const opened = openPolicy(module, vectors.parameters);
    const plain = { ...state, observation: [...state.observation] };
    expect(opened.logProbs(plain)).toEqual(opened.logProbs(state));
  });
});

describe('adapt', () => {
  const cases: [string, (state: State) => unknown, string][] = [
    ['null', () => null, 'samples must be an array, got null; give at least one sample'],
    ['an object', () => ({ length: 1 }), 'samples must be an array, got an object; give at least one sample'],
    ['none', () => [], 'samples must not be empty, got []; give at least one'],
    [
      'a hole',
      () => Array(1),
      'samples[0] must be a plain object, got undefined; give { state, action, advantage } or { state, action, good }',
    ],
    [
      'an instance of a class',
      () => [new Map()],
      'samples[0] must be a plain object, got an object; give { state, action, advantage } or { state, action, good }',
    ],
    [
      'a misspelt key',
      (state) => [{ state, action: 0, advantge: 1 }],
      'unknown key "advantge" in samples[0]; did you mean "advantage"?',
    ],
    [
      'a strange key',
      (state) => [{ state, action: 0, good: true, reward: 1 }],
      'unknown key "reward" in samples[0]; the keys are: state, action, advantage, good',
    ],
    [
      'a label of null',
      (state) => [{ state, action: 0, good: null }],
      'samples[0].good must be true or false, got null; leave it out where nobody knows',
    ],
    [
      'a label of 0',
      (state) => [{ state, action: 0, advantage: 1, good: 0 }],
      'samples[0].good must be true or false, got 0; leave it out where nobody knows',
    ],
    [
      'neither label nor advantage',
      (state) => [{ state, action: 0 }],
      'samples[0] must have advantage or good, got neither; say how the action did',
    ],
    [
      'an advantage beyond 32-bit floats',
      (state) => [{ state, action: 0, advantage: 1e39 }],
      'samples[0].advantage must be in the range of 32-bit floats, got 1e+39; check the rewards',
    ],
    [
      'an advantage of null',
      (state) => [{ state, action: 0, advantage: null }],
      'samples[0].advantage must be finite, got null; check the rewards',
    ],
    [
      'an advantage that is text',
      (state) => [{ state, action: 0, advantage: '1' }],
      'samples[0].advantage must be finite, got "1"; check the rewards',
    ],
    [
      'too many',
      (state) => Array(1025).fill({ state, action: 0, good: true }),
      'samples must be at most 1024 samples, got an array of 1025; call adapt more often',
    ],
    [
      'too many actions together',
      () => Array(1024).fill({ state: withActions(Array(512).fill([1])), action: 0, good: true }),
      'samples must have at most 16384 actions together, got more at samples[32]; call adapt more often',
    ],
  ];
  test.each(cases)('samples: %s', (_, samples, message) => {
    const opened = open();
    expect(refusal(() => opened.adapt(samples(saved.states[0]) as Sample[]))).toBe(`adapt: ${message}`);
    expect(bitsOf(opened)).toEqual(bitsOf(open()));
  });

  test.each([-1, 0.5, Number.NaN, '0', 2 ** 40, undefined])('samples: action %s', (action) => {
    const [state] = saved.states;
    const count = state.info.admissibleActions.length;
    const shown = typeof action === 'string' ? '"0"' : action;
    expect(refusal(() => open().adapt([{ state, action: action as number, good: true }]))).toBe(
      `adapt: samples[0].action must be the index of one of ${count} actions, got ${shown}; use its place in admissibleActions`,
    );
  });

  const settings = ['learningRate', 'classifierCoef', 'cloningCoef'] as const;
  test.each(settings)('settings: %s has the rule of the config', (key) => {
    const rule = configTable.find((row) => row.key === key)?.rule;
    const opened = open();
    const labelled = [{ state: saved.states[0], action: 0, good: true }];
    const bad: [unknown, string][] = [
      [Number.NaN, 'NaN'],
      [-0.01, '-0.01'],
      [Number.POSITIVE_INFINITY, 'Infinity'],
      ['0.1', '"0.1"'],
      [null, 'null'],
    ];
    for (const [value, shown] of bad) {
      expect(refusal(() => opened.adapt(labelled, { [key]: value }))).toBe(
        `adapt: settings.${key} must be ${rule}, got ${shown}; leave it out for the default of a run`,
      );
    }
    expect(bitsOf(opened)).toEqual(bitsOf(open()));
    opened.adapt(labelled, { [key]: undefined });
  });

  test('settings: unknown keys and other than objects', () => {
    const [state] = saved.states;
    const adapt = (given: unknown): string =>
      refusal(() => open().adapt([{ state, action: 0, good: true }], given as object));
    expect(adapt({ lerningRate: 1 })).toBe(
      'adapt: unknown key "lerningRate" in settings; did you mean "learningRate"?',
    );
    expect(adapt(null)).toBe(
      'adapt: settings must be a plain object, got null; its keys are: learningRate, classifierCoef, cloningCoef',
    );
    expect(adapt([])).toBe(
      'adapt: settings must be a plain object, got []; its keys are: learningRate, classifierCoef, cloningCoef',
    );
  });

  const steps: [string, object, RegExp][] = [
    [
      'a learning rate that gives weights that are not finite',
      { learningRate: 1e300 },
      /^adapt: the weights must be finite after the step, got others with learningRate 1e\+300; lower it; the policy is as it was$/,
    ],
    [
      'a learning rate that gives weights that no longer score',
      { learningRate: 1e30 },
      /^adapt: policy: log-probabilities must be finite, got \S+; the weights are finite but give logits .*; the policy is as it was$/,
    ],
    [
      'a coefficient that gives a loss that is not finite',
      { classifierCoef: 1e300 },
      /^adapt: update 2: the classifier loss .* not finite; the step was not taken; .*; the policy is as it was$/,
    ],
  ];
  test.each(steps)('a step is undone after %s', (_, bad, message) => {
    const [opened, other] = [open(), open()];
    const samples: Sample[] = [{ state: saved.states[0], action: 0, advantage: 1, good: true }];
    for (const each of [opened, other]) each.adapt(samples);
    expect(refusal(() => opened.adapt(samples, bad))).toMatch(message);
    expect(bitsOf(opened)).toEqual(bitsOf(other));
  });

  test('takes the greatest number of samples', () => {
    const opened = open();
    const sample = { state: saved.states[0], action: 0, good: true };
    expect(opened.adapt(Array(1024).fill(sample)).classifierLabelled).toBe(1024);
  });
});

describe('openPolicy', () => {
  const file = 'give the bytes of parameters.safetensors';
  const wasm = 'give unbraid/edge.wasm or unbraid/unbraid.wasm, compiled by the host';
  const opened = (given: unknown, bytes: unknown = saved.parameters, options?: unknown): string =>
    refusal(() => openPolicy(given as WebAssembly.Module, bytes as Uint8Array, options as object));

  test('modules', async () => {
    const empty = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    const threads = await WebAssembly.compile(await readFile(new URL('../wasm/unbraid.threads.wasm', import.meta.url)));
    const rule = 'openPolicy: module must be a WebAssembly.Module of this package';
    expect(opened(null)).toBe(`${rule}, got null; ${wasm}`);
    expect(opened(saved.parameters)).toBe(`${rule}, got an array of ${saved.parameters.length} bytes; ${wasm}`);
    expect(opened({})).toBe(`${rule}, got an object; ${wasm}`);
    expect(opened(empty)).toBe(`${rule}, got one without the function heapBase; ${wasm}`);
    expect(opened(threads)).toMatch(/^openPolicy: module must be .*, got one that does not start: .*; give unbraid/);
  });

  test('bytes and options', () => {
    expect(opened(module, null)).toBe(`openPolicy: parameters must be a Uint8Array, got null; ${file}`);
    expect(opened(module, 'x')).toBe(`openPolicy: parameters must be a Uint8Array, got "x"; ${file}`);
    expect(opened(module, saved.parameters.buffer)).toBe(
      `openPolicy: parameters must be a Uint8Array, got an object; ${file}`,
    );
    expect(opened(module, saved.parameters, { temprature: 2 })).toBe(
      'openPolicy: unknown option "temprature"; did you mean "temperature"?',
    );
    expect(opened(module, saved.parameters, null)).toBe(
      'openPolicy: options must be a plain object, got null; its keys are: temperature',
    );
    for (const temperature of [Number.NaN, -1, Number.POSITIVE_INFINITY, null]) {
      expect(opened(module, saved.parameters, { temperature })).toBe(
        `openPolicy: temperature must be a number > 0, got ${temperature}; 1 leaves the scores as they are`,
      );
    }
  });

  /** The saved policy with another blueprint. */
  function withBlueprint(change: (blueprint: Record<string, Record<string, unknown>>) => void): Uint8Array {
    const { tensors, metadata } = decodeSafetensors(saved.parameters);
    const blueprint = JSON.parse(metadata.blueprint);
    change(blueprint);
    return encodeSafetensors(tensors, { ...metadata, blueprint: JSON.stringify(blueprint) });
  }

  const again = 'save the policy again with this version of unbraid';
  const another = 'the checkpoint is of another policy or environment; use the config it was made with';
  const cases: [string, (blueprint: Record<string, Record<string, unknown>>) => void, string][] = [
    [
      '3,000 blocks',
      ({ config }) => Object.assign(config, { blocks: 3000 }),
      `blueprintFromJson: config.blocks must be an integer <= 4, got 3000; ${again}`,
    ],
    [
      'heads that do not divide',
      ({ config }) => Object.assign(config, { heads: 3 }),
      `blueprintFromJson: config.heads must divide tokenWidth 4, got 3; ${again}`,
    ],
    [
      'another policy',
      ({ config }) => Object.assign(config, { policy: 'mlp' }),
      `blueprintFromJson: config.policy must be "attention" for the tokens form, got "mlp"; ${again}`,
    ],
    [
      'a width beyond any memory',
      ({ config }) => Object.assign(config, { hidden: 2 ** 40 }),
      `blueprintFromJson: config.hidden must be an integer <= 16777216, got 1099511627776; ${again}`,
    ],
    [
      'wide layers without their tensors',
      ({ config }) => Object.assign(config, { hidden: 2 ** 24, embedding: 2 ** 24 }),
      `loadParameters: state.weight must have shape [44,16777216], got [44,8]; ${another}`,
    ],
    [
      'control characters',
      (blueprint) => Object.assign(blueprint, { environment: 'house\u001b[2J' }),
      `blueprintFromJson: environment must be text without control characters, got "house\\u001b[2J"; ${again}`,
    ],
    [
      'an unknown key',
      ({ config }) => Object.assign(config, { dropout: 1 }),
      `blueprintFromJson: config must have known keys alone, got "dropout"; ${again}`,
    ],
    [
      'one block less',
      ({ config }) => Object.assign(config, { blocks: 0 }),
      `loadParameters: state.weight must have shape [4,88], got [44,8]; ${another}`,
    ],
    [
      'a value head without its tensors',
      ({ config }) => Object.assign(config, { valueHead: true }),
      `loadParameters: the checkpoint has no valueHead.weight; ${another}`,
    ],
  ];
  test.each(cases)('a blueprint with %s', (_, change, message) => {
    expect(opened(module, withBlueprint(change))).toBe(message);
  });

  test('tensors beside those of the policy, and tensors that are no 32-bit floats', () => {
    const { tensors, metadata } = decodeSafetensors(saved.parameters);
    const more = [...tensors, { name: 'extra', shape: [1], values: new Float32Array(1) }];
    expect(opened(module, encodeSafetensors(more, metadata))).toBe(
      `loadParameters: the policy must have every tensor, got "extra" beside its own; ${another}`,
    );
    const [first, ...rest] = tensors;
    const doubles = [{ ...first, values: Float64Array.from(first.values) }, ...rest];
    expect(opened(module, encodeSafetensors(doubles, metadata))).toBe(
      `loadParameters: ${first.name} must hold ${first.values.length} 32-bit floats, got an array of ${8 * first.values.length} bytes; ${another}`,
    );
  });

  test('a policy whose tables need more memory than a host should give for its file', () => {
    const shape = {
      form: 'tokens',
      layout: 'slots',
      vocabularySize: 100_000,
      stateSlots: 20_000,
      actionSlots: 1,
      vectorWidth: 0,
    };
    const config = {
      policy: 'attention',
      tokenWidth: 1,
      matchWidth: 1,
      hidden: 1,
      embedding: 1,
      blocks: 0,
      heads: 1,
      logitScale: 1,
    };
    const shapes: [string, number[]][] = [
      ['tokens', [100_000, 1]],
      ['state.weight', [1, 20_000]],
      ['state.bias', [1]],
      ['match.key.weight', [1, 1]],
      ['action.weight', [1, 1]],
      ['match.query.weight', [1, 1]],
      ['match.weight', [20_000, 1]],
      ['embedding.weight', [1, 1]],
      ['embedding.bias', [1]],
      ['policyHead.weight', [1, 1]],
      ['classifierHead.weight', [1, 1]],
      ['classifierHead.bias', [1]],
    ];
    const tensors = shapes.map(([name, dimensions]) => ({
      name,
      shape: dimensions,
      values: new Float32Array(dimensions.reduce((a, b) => a * b)),
    }));
    const blueprint = JSON.stringify({ version: 1, environment: 'e 1', shape, config });
    expect(opened(module, encodeSafetensors(tensors, { blueprint }))).toMatch(
      /^openPolicy: a policy must take at most 1024 MiB of memory, got \d{5} MiB; train one with smaller layers or a smaller vocabulary$/,
    );
  });
});

test('whatever stands in any place is refused by name, and no bit moves', () => {
  const [state] = saved.states;
  const throwing = {
    toString: () => {
      throw new Error('asked');
    },
    valueOf: () => {
      throw new Error('asked');
    },
  };
  const strange = [
    null,
    undefined,
    true,
    0,
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    5n,
    '',
    'x',
    Symbol('x'),
    () => 0,
    [],
    [null],
    [[null]],
    {},
    Object.create(null),
    { length: 3 },
    { length: -1 },
    throwing,
    [throwing],
    new Map(),
    new Date(0),
    new DataView(new ArrayBuffer(8)),
    new BigInt64Array(2),
    new Float32Array(3),
    /x/,
    new Error('x'),
    Object.assign([], { length: 4e9 }),
  ] as never[];
  const opened = open();
  const named = (call: () => unknown): boolean =>
    /^(openPolicy|logProbs|goodProbs|greedy|sample|adapt|decodeSafetensors): /.test(refusal(call)) ||
    refusal(call) === 'nothing';
  for (const value of strange) {
    const states = [
      value,
      { observation: value, info: state.info },
      { ...state, info: value },
      withActions(value),
      withActions([value]),
    ];
    for (const each of states) {
      expect(named(() => opened.logProbs(each as State))).toBe(true);
      expect(named(() => opened.sample(each as State, 1, 0))).toBe(true);
      expect(refusal(() => opened.adapt([{ state: each as State, action: 99, good: true }]))).toMatch(
        /^adapt: .*samples\[0\]/,
      );
    }
    expect(named(() => opened.sample(state, value, 0))).toBe(true);
    expect(named(() => opened.sample(state, 0, value))).toBe(true);
    expect(refusal(() => opened.adapt(value))).toMatch(/^adapt: .*samples/);
    expect(refusal(() => opened.adapt([value]))).toMatch(/^adapt: .*samples\[0\]/);
    for (const key of ['state', 'action']) {
      expect(named(() => open().adapt([{ state, action: 0, good: true, [key]: value }]))).toBe(true);
    }
    expect(named(() => openPolicy(value, saved.parameters))).toBe(true);
    expect(named(() => openPolicy(module, value))).toBe(true);
    if (value !== undefined) {
      expect(named(() => openPolicy(module, saved.parameters, { temperature: value }))).toBe(true);
    }
  }
  expect(bitsOf(opened)).toEqual(bitsOf(open()));
});
