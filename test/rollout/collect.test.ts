import { describe, expect, test } from 'vitest';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { actionKey, createPolicy, type Policy } from '../../src/engine/policy/policy.ts';
import { findRepeats } from '../../src/engine/states/repeats.ts';
import type { Environment, Split, Step } from '../../src/env/environment.ts';
import { createHousehold } from '../../src/env/household/household.ts';
import { createLookAlike } from '../../src/env/lookAlike.ts';
import type { WorldEnvironment } from '../../src/env/worldEnvironment.ts';
import { collect, play } from '../../src/rollout/collect.ts';
import type { GameChoice, Rollout } from '../../src/rollout/rollout.ts';

const sizes = { tokenWidth: 6, matchWidth: 4, hidden: 16, embedding: 8, blocks: 0, heads: 2, logitScale: 1 };

async function policyFor({ spec }: Environment, states?: number): Promise<Policy> {
  const kind = spec.form === 'vector' ? 'mlp' : 'attention';
  const policy = createPolicy(await createArena(), spec, { policy: kind, ...sizes }, states);
  policy.network.initialise(policy.weights, 4);
  policy.network.prepare(policy.weights);
  return policy;
}

const games = (count: number, split: Split = 'train'): GameChoice[] =>
  Array.from({ length: count }, (_, i) => ({ seed: 50 + (i >> 1), split, rollout: i & 1 }));

const households = (count: number): WorldEnvironment[] => Array.from({ length: count }, () => createHousehold());

const options = { key: actionKey(1, 'test', 0), temperature: 1 };

/** Each episode's actions and their results. */
function episodes(rollout: Rollout): Record<string, number[]>[] {
  const { games: choices, states, episode, taken, logProb, reward, hash, nextHash, terminated } = rollout;
  const of: Record<string, number[]>[] = choices.map(() => ({}));
  const columns = { taken, logProb, reward, hash, nextHash, terminated };
  for (let n = 0; n < states.states; n++) {
    for (const [name, column] of Object.entries(columns)) {
      const list = of[episode[n]][name] ?? [];
      list.push(column[n]);
      of[episode[n]][name] = list;
    }
  }
  return of;
}

describe('the record of a household batch', () => {
  const count = 12;
  const recorded = async (): Promise<Rollout> => {
    const environments = households(count);
    return collect(await policyFor(environments[0]), environments, games(count), options);
  };

  test('equals a replay of its actions: actions, rewards, ends, hashes and expert', async () => {
    const rollout = await recorded();
    const { states } = rollout;
    const environment = createHousehold();
    let ended = 0;
    for (let e = 0; e < count; e++) {
      let step = environment.reset(rollout.games[e]);
      let steps = 0;
      let total = 0;
      for (let n = 0; n < states.states; n++) {
        if (rollout.episode[n] !== e) continue;
        const rows = states.rowOffsets[n + 1] - states.rowOffsets[n];
        expect(rows).toBe(step.info.admissibleActions.length);
        expect(rollout.step[n]).toBe(steps++);
        expect(rollout.hash[n]).toBe(environment.stateHash());
        const marks = rollout.expert.subarray(states.rowOffsets[n], states.rowOffsets[n + 1]);
        expect([...marks.keys()].filter((a) => marks[a] === 1)).toEqual(
          [...environment.expertActions()].sort((a, b) => a - b),
        );
        expect(rollout.taken[n]).toBeGreaterThanOrEqual(0);
        expect(rollout.taken[n]).toBeLessThan(rows);
        expect(rollout.logProb[n]).toBeLessThan(0);
        step = environment.step(rollout.taken[n]);
        total += step.reward;
        expect(rollout.reward[n]).toBe(step.reward);
        expect(rollout.nextHash[n]).toBe(environment.stateHash());
        expect(rollout.terminated[n]).toBe(step.terminated ? 1 : 0);
      }
      expect(step.terminated || step.truncated).toBe(true);
      expect(rollout.lengths[e]).toBe(steps);
      expect(rollout.returns[e]).toBe(total);
      ended += steps;
    }
    expect(states.states).toBe(ended);
    const first = rollout.first.slice(0, ended);
    expect(first).toEqual(findRepeats(states, new Int8Array(states.actions)));
    expect(first.filter((f, n) => f < n).length).toBeGreaterThan(ended / 5);
  });

  test('has no expert actions with expert: false, and is the same otherwise', async () => {
    const environments = households(count);
    const policy = await policyFor(environments[0]);
    const asked = await collect(policy, environments, games(count), options);
    const plain = await collect(policy, environments, games(count), { ...options, expert: false });
    expect(asked.expert.some((mark) => mark === 1)).toBe(true);
    expect(plain).toEqual({ ...asked, expert: new Uint8Array(0) });
  });

  test('chains its hashes: nextHash of an action is hash of the next one', async () => {
    for (const { hash, nextHash } of episodes(await recorded())) expect(nextHash.slice(0, -1)).toEqual(hash.slice(1));
  });
});

describe('actions depend only on seed, purpose, iteration, episode and step', () => {
  test('an episode is the same among 3, among 12, and with any capacity of a batch', async () => {
    const environments = households(12);
    const policy = await policyFor(environments[0]);
    const all = episodes(await collect(policy, environments, games(12), options));
    expect(episodes(await collect(policy, environments, games(3), options))).toEqual(all.slice(0, 3));
    const narrow = await policyFor(environments[0], 5);
    expect(episodes(await collect(narrow, environments, games(12), options))).toEqual(all);
  });

  test('another seed, purpose or iteration samples other actions', async () => {
    const environments = households(4);
    const policy = await policyFor(environments[0]);
    const actions = async (key: readonly [number, number]): Promise<unknown> =>
      episodes(await collect(policy, environments, games(4), { ...options, key })).map(({ taken }) => taken);
    const first = await actions(actionKey(1, 'test', 0));
    expect(await actions(actionKey(1, 'test', 0))).toEqual(first);
    for (const key of [actionKey(2, 'test', 0), actionKey(1, 'other', 0), actionKey(1, 'test', 1)]) {
      expect(await actions(key)).not.toEqual(first);
    }
  });

  test('rollouts of one group sample different actions', async () => {
    const environments = households(2);
    const [first, second] = episodes(await collect(await policyFor(environments[0]), environments, games(2), options));
    expect(first.hash[0]).toBe(second.hash[0]);
    expect(first.taken).not.toEqual(second.taken);
  });
});

test('play returns the returns that collect records, with as many environments as games or with three', async () => {
  const environments = Array.from({ length: 40 }, () => createLookAlike());
  const policy = await policyFor(environments[0]);
  const { returns } = await collect(policy, environments, games(40), options);
  expect(new Set(returns).size).toBe(2);
  const done: number[] = [];
  expect((await play(policy, environments, games(40), options)).returns).toEqual(returns);
  const withThree = { ...options, onEpisode: (n: number) => done.push(n) };
  expect((await play(policy, environments.slice(0, 3), games(40), withThree)).returns).toEqual(returns);
  expect(done).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
});

test('play that reaches more states than it keeps removes them and returns the same returns', async () => {
  const [environment] = households(1);
  const policy = await policyFor(environment);
  // About twenty states each.
  const many = Array.from({ length: 1200 }, (_, i): GameChoice => ({ seed: i, split: 'train', rollout: 0 }));
  const { returns } = await play(policy, households(30), many, options);
  expect(returns.some((x) => x === 1)).toBe(true);
  for (const first of [0, 600]) {
    const numbers = Array.from({ length: 600 }, (_, i) => first + i);
    const part = await play(policy, households(30), many.slice(first, first + 600), { ...options, numbers });
    expect(part.returns).toEqual(returns.slice(first, first + 600));
  }
});

describe('an asynchronous environment', () => {
  const promised = (environment: Environment): Environment => ({
    ...environment,
    reset: async (choice) => environment.reset(choice),
    step: async (action) => environment.step(action),
  });

  test('is collected and played like a synchronous one, also beside synchronous ones', async () => {
    const plain = households(6);
    const policy = await policyFor(plain[0]);
    const rollout = await collect(policy, plain, games(6), options);
    for (const slow of [households(6).map(promised), households(6).map((e, i) => (i % 2 ? promised(e) : e))]) {
      expect(episodes(await collect(policy, slow, games(6), options))).toEqual(episodes(rollout));
      expect((await play(policy, slow, games(6), options)).returns).toEqual(rollout.returns);
    }
  });

  test('that rejects stops collect and play with its own error', async () => {
    const broken: Environment = { ...createHousehold(), step: () => Promise.reject(new Error('the process died')) };
    const policy = await policyFor(broken);
    await expect(collect(policy, [broken], games(1), options)).rejects.toThrow('the process died');
    await expect(play(policy, [broken], games(1), options)).rejects.toThrow('the process died');
  });
});

describe('an environment that violates its contract', () => {
  /** The look-alike task with a changed second step. */
  function broken(change: (step: Step) => Step): Environment {
    const environment = createLookAlike();
    let steps = 0;
    return {
      ...environment,
      reset(choice) {
        steps = 0;
        return environment.reset(choice);
      },
      step: (action) => {
        const step = environment.step(action);
        return ++steps >= 2 ? change(step) : step;
      },
    };
  }

  const withFirst =
    (x: number) =>
    (step: Step): Step => ({
      ...step,
      observation: Float32Array.from(step.observation, (y, i) => (i === 0 ? x : y)),
    });
  const withActions =
    (admissibleActions: number[]) =>
    (step: Step): Step => ({ ...step, info: { admissibleActions } });

  const cases: [string, (step: Step) => Step, string][] = [
    [
      'NaN reward',
      (step) => ({ ...step, reward: Number.NaN }),
      'collect: reward must be a finite 32-bit float, got NaN; check environment look-alike',
    ],
    [
      'infinite reward',
      (step) => ({ ...step, reward: Number.POSITIVE_INFINITY }),
      'collect: reward must be a finite 32-bit float, got Infinity; check environment look-alike',
    ],
    [
      'a reward too large',
      (step) => ({ ...step, reward: -1e39 }),
      'collect: reward must be a finite 32-bit float, got -1e+39; check environment look-alike',
    ],
    [
      'no end',
      (step) => ({ ...step, terminated: false, info: { admissibleActions: [0] } }),
      'collect: an episode must end by step maxSteps = 3, got one that goes on; check environment look-alike',
    ],
    [
      'NaN in a vector',
      withFirst(Number.NaN),
      'pushState: observation must be finite, got NaN at 0; check the environment',
    ],
    [
      'a vector too short',
      (step) => ({ ...step, observation: new Float32Array(3) }),
      'pushState: observation must have 16 numbers, got 3; check the environment',
    ],
    [
      'no admissible action',
      withActions([]),
      'pushState: admissibleActions must not be empty before the end of an episode, got []; check the environment',
    ],
    [
      'an unknown action',
      withActions([0, 6]),
      'pushState: action ids must be integers in [0, 6), got 6; check the environment',
    ],
  ];

  test.each(cases)('%s: collect and play stop with the reason', async (_, change, message) => {
    const policy = await policyFor(createLookAlike());
    await expect(collect(policy, [broken(change)], games(1), options)).rejects.toThrow(message);
    await expect(play(policy, [broken(change)], games(1), options)).rejects.toThrow(message);
  });

  test('a feature out of range stops with the reason', async () => {
    const household = createHousehold();
    const { spec } = household;
    if (spec.form !== 'tokens') throw new Error('tokens expected');
    const { vocabulary, stateSlots } = spec;
    const beyond = stateSlots * vocabulary.length;
    const reset: Environment['reset'] = (choice) => ({ ...household.reset(choice), observation: [beyond] });
    await expect(collect(await policyFor(household), [{ ...household, reset }], games(1), options)).rejects.toThrow(
      `pushState: features must be integers slot * ${vocabulary.length} + token with slot < ${stateSlots}, got ${beyond}; check the environment's encoding`,
    );
  });
});

test('an abort stops collect and play between steps', async () => {
  const controller = new AbortController();
  let steps = 0;
  const environment = createHousehold();
  const counting: Environment = {
    ...environment,
    step(action) {
      if (++steps === 3) controller.abort(new Error('enough'));
      return environment.step(action);
    },
  };
  const policy = await policyFor(counting);
  const aborting = { ...options, signal: controller.signal };
  await expect(collect(policy, [counting], games(1), aborting)).rejects.toThrow('enough');
  await expect(play(policy, [counting], games(1), aborting)).rejects.toThrow('enough');
  expect(steps).toBe(3);
});

test('an abort from the event loop stops collect and play within 256 steps plus the steps of one batch', async () => {
  for (const run of [collect, play]) {
    const environments = households(20);
    const controller = new AbortController();
    let steps = 0;
    const counting = environments.map((environment): Environment => {
      return {
        ...environment,
        step(action) {
          if (++steps === 1) setImmediate(() => controller.abort(new Error('enough')));
          return environment.step(action);
        },
      };
    });
    const policy = await policyFor(counting[0]);
    const all = games(run === play ? 400 : 20);
    const whole = await run(policy, environments, all, options);
    const aborting = { ...options, signal: controller.signal };
    await expect(run(policy, counting, all, aborting)).rejects.toThrow('enough');
    expect(steps).toBeLessThan(256 + 20);
    expect(await run(policy, environments, all, options)).toEqual(whole);
  }
});
