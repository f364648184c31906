import { expect, test } from 'vitest';
import { createHousehold } from '../../src/env/household/household.ts';
import { branch, requireCopies } from '../../src/rollout/branch.ts';
import { type Corridor, createCorridor, playCorridor } from '../credit/labels/corridor.ts';

test('each candidate is tried from its state: one that ends the episode returns its reward, once per repeat', async () => {
  const { policy, environment, rollout } = await playCorridor(6);
  const chosen = Int32Array.of(0, 2);
  const options = { key: [1, 2] as const, repeats: 3, temperature: 1, discount: 0.9 };
  const { returns } = await branch(policy, environment, rollout, chosen, options);
  expect([...chosen].map((n) => rollout.hash[n])).toEqual([0, 2]);
  // Traps of both states, and the way out.
  expect([...returns.subarray(9, 12)]).toEqual([0, 0, 0]);
  expect([...returns.subarray(12 + 6, 12 + 9)]).toEqual([1, 1, 1]);
  expect([...returns.subarray(12 + 9)]).toEqual([0, 0, 0]);
});

test('equal candidates have equal returns, since they share their random numbers', async () => {
  const { policy, environment, rollout } = await playCorridor(6);
  const place = rollout.hash.indexOf(0);
  const options = { key: [1, 2] as const, repeats: 40, temperature: 1, discount: 0.9 };
  const { returns } = await branch(policy, environment, rollout, Int32Array.of(place), options);
  // In place 0 the actions back and stay have the same effect.
  expect([...returns.subarray(0, 40)]).toEqual([...returns.subarray(40, 80)]);
  expect(new Set(returns).size).toBeGreaterThan(3);
});

test('the steps are those after the candidates and those that replay the episodes up to the states', async () => {
  const { policy, rollout } = await playCorridor(3);
  let steps = 0;
  const counted = (corridor: Corridor): Corridor => ({
    ...corridor,
    step(action) {
      steps++;
      return corridor.step(action);
    },
    clone: () => counted(corridor.clone()),
  });
  const last = rollout.states.states - 1;
  const options = { key: [1, 2] as const, repeats: 2, temperature: 1, discount: 0.9 };
  const { envSteps } = await branch(policy, counted(createCorridor()), rollout, Int32Array.of(0, last), options);
  expect(envSteps).toBe(steps);
  expect(steps).toBeGreaterThan(16 + rollout.step[last]);
});

test('an environment without clone is rejected', () => {
  const env = createHousehold();
  expect(requireCopies(env)).toBe(env);
  const { clone: _, ...plain } = env;
  expect(() => requireCopies(plain)).toThrow(
    new Error(
      'branch: the environment must have clone, got household without; choose other labels than "counterfactual"',
    ),
  );
});
