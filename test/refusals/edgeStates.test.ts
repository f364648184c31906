/** What methods of an opened policy refuse, and that a refused call leaves every bit as it was. */
import { describe, expect, test } from 'vitest';
import { openPolicy, type State } from '../../src/edge.ts';
import { refusal } from '../refusal.ts';
import { savedPolicy } from '../savedPolicy.ts';
import { bitsOf, module, open, saved, withActions } from './opened.ts';

const vectors = await savedPolicy('mlp');

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
      `admissibleActions must be an array of at most 65536, got undefined; ${encoding}`,
    ],
    [
      'no observation',
      () => ({ info }),
      `observation must be an array of features of at most 1056, got undefined; ${encoding}`,
    ],
    [
      'an action that is a number',
      () => withActions([4]),
      `admissibleActions[0] must be an array of features of at most 1179648, got 4; ${encoding}`,
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
      () => withActions(Array.from({ length: 65_537 }, () => [1])),
      'admissibleActions must be an array of at most 65536, got an array of 65537; give fewer',
    ],
    [
      'too many features of the state',
      () => ({ observation: Array(1057).fill(1), info }),
      'observation must be an array of features of at most 1056, got an array of 1057; give fewer',
    ],
    [
      'too many features of all actions',
      () => withActions([Array(1_179_000).fill(1), Array(649).fill(1)]),
      'all actions together must have at most 1179648 features, got 1179649 up to action 1; give fewer',
    ],
    [
      'an array without elements',
      () => withActions(Array(3)),
      `admissibleActions[0] must be an array of features of at most 1179648, got undefined; ${encoding}`,
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

  test.each([512, 3000])('%i actions, as many as a batch has room for or more', (count) => {
    const [{ observation }] = saved.states;
    const actions = Array.from({ length: count }, (_, a) => [a % 55]);
    const logProbs = open().logProbs({ observation, info: { admissibleActions: actions } });
    expect(logProbs.length).toBe(count);
    expect(logProbs.reduce((sum, x) => sum + Math.exp(x), 0)).toBeCloseTo(1, 4);
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
