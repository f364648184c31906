/** What `adapt` refuses, and that a refused step leaves every bit as it was. */
import { describe, expect, test } from 'vitest';
import { configTable } from '../../src/config/config.ts';
import { openPolicy, type Sample, type State } from '../../src/edge.ts';
import { refusal } from '../refusal.ts';
import { bitsOf, module, open, saved, withActions } from './opened.ts';

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
      'samples must have at most 65536 actions together, got more at samples[128]; call adapt more often',
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
      /^adapt: policy: log-probabilities must be finite, got \S+; the weights are finite but the logits .*; the policy is as it was$/,
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
