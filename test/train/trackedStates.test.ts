import { describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { createPolicy, takenLogProbs } from '../../src/engine/policy/policy.ts';
import type { Environment } from '../../src/env/environment.ts';
import { createHousehold } from '../../src/env/household/household.ts';
import type { TrackedState } from '../../src/record/actionProbabilities.ts';
import { collectTrackedStates, trackedProbabilities } from '../../src/train/trackedStates.ts';
import { recordedRun, resumedRun } from './recordedRun.ts';

const household = createHousehold();
const tracked = await collectTrackedStates(household, { seed: 3 }, undefined);

describe('collectTrackedStates', () => {
  test('state number i of game number i, in words, with all of its actions', () => {
    expect(tracked.states.map(({ step }) => step)).toEqual(
      [0, 1, 2, 3, 4, 5, 6, 7].map((t, i) => Math.min(t, tracked.states[i].step)),
    );
    expect(tracked.states[2].step).toBe(2);
    for (const [s, { state, actions }] of tracked.states.entries()) {
      expect(state).toMatch(/You are at .* Task: /);
      const { rowOffsets } = tracked.list;
      const count = rowOffsets[s + 1] - rowOffsets[s];
      expect(actions).toHaveLength(Math.min(count, 16));
      expect(actions.some(({ good }) => good)).toBe(true);
      expect(actions.some(({ good }) => good === false)).toBe(true);
    }
  });

  test('depends on the seed alone', async () => {
    expect((await collectTrackedStates(createHousehold(), { seed: 3 }, undefined)).states).toEqual(tracked.states);
    expect((await collectTrackedStates(createHousehold(), { seed: 4 }, undefined)).states).not.toEqual(tracked.states);
  });

  test('without an expert: random steps, no labels; of many actions the first 16', async () => {
    const many = Array.from({ length: 40 }, (_, a) => `wait ${a}`);
    const { expertActions: _, ...rest } = createHousehold();
    const environment: Environment = { ...rest, actionTexts: () => many };
    const { states, actions } = await collectTrackedStates(environment, { seed: 3 }, undefined);
    for (const [s, state] of states.entries()) {
      for (const { good } of state.actions) expect(good).toBe(null);
      expect(actions[s]).toEqual(state.actions.map((_action, a) => a));
      expect(actions[s].length).toBeLessThanOrEqual(16);
    }
  });

  test('actions of the expert are recorded, wherever they are in a long list', async () => {
    const long = Array.from({ length: 30 }, (_, id) => id);
    const environment = {
      ...createHousehold({ form: 'vector' }),
      actionTexts: () => long.map(String),
      expertActions: () => [29],
    };
    const wide: Environment = {
      ...environment,
      reset: (game) => ({ ...environment.reset(game), info: { admissibleActions: long } }),
      step: () => ({ ...environment.reset({ seed: 1, split: 'train' }), info: { admissibleActions: long } }),
    };
    const { actions, states } = await collectTrackedStates(wide, { seed: 3 }, undefined);
    expect(actions[0]).toEqual([...long.slice(0, 15), 29]);
    expect(states[0].actions.at(-1)).toEqual({ action: '29', good: true });
  });
});

test('trackedProbabilities: π(a|s) of each recorded action, at the temperature of the run', async () => {
  const sizes = { tokenWidth: 6, matchWidth: 4, hidden: 16, embedding: 8, blocks: 0, heads: 2, logitScale: 1 };
  const policy = createPolicy(await createArena(), household.spec, { policy: 'attention', ...sizes });
  policy.network.initialise(policy.weights, 5);
  policy.network.prepare(policy.weights);
  const measured = trackedProbabilities(policy, tracked, 0.5);
  const order = tracked.actions.flatMap((kept, s) => kept.map(() => s));
  const taken = tracked.actions.flat();
  const expected = takenLogProbs(policy, policy.weights, tracked.list, order, taken, 0.5);
  expect(measured).toHaveLength(expected.length);
  for (const [i, logProb] of expected.entries()) expect(measured[i]).toBeCloseTo(Math.exp(logProb), 6);
});

describe('a run', () => {
  type Measured = [iteration: number, states: readonly TrackedState[], probabilities: readonly number[]];
  const changes: Partial<Config> = {
    iterations: 4,
    evalEvery: 2,
    couplingEvery: 3,
    checkpointEvery: 1,
    diagnostics: true,
  };

  async function measuredIn(given: Partial<Config>, from?: number): Promise<Measured[]> {
    const measured: Measured[] = [];
    const onActionProbabilities = (...one: Measured): void => void measured.push(one);
    if (from === undefined) await recordedRun(given, { onActionProbabilities });
    else await resumedRun(given, (await recordedRun(given)).checkpoints, from, { onActionProbabilities });
    return measured;
  }

  test('measures at the start and after evaluations and coupling measurements; also when it is resumed', async () => {
    const measured = await measuredIn(changes);
    expect(measured.map(([iteration]) => iteration)).toEqual([0, 2, 3, 4]);
    expect(new Set(measured.map(([, states]) => JSON.stringify(states))).size).toBe(1);
    expect(measured[0][2]).not.toEqual(measured[3][2]);
    expect(await measuredIn(changes, 2)).toEqual(measured.slice(2));
  });

  test('measures nothing without diagnostics', async () => {
    expect(await measuredIn({ ...changes, diagnostics: false })).toEqual([]);
  });
});
