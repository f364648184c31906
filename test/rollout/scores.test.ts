import { describe, expect, test } from 'vitest';
import { actionKey, sample, takenLogProbs } from '../../src/engine/policy/policy.ts';
import { copyStates, forgetStates, meetStates, openKnownStates } from '../../src/engine/states/knownStates.ts';
import { createStateList, inputShape } from '../../src/engine/states/stateList.ts';
import { randomStream } from '../../src/random.ts';
import { sampleScored, scoreWaiting } from '../../src/rollout/scores.ts';
import { policyFor, sources } from './shares.ts';

const key = actionKey(3, 'test', 0);
const temperature = 0.7;

describe.each(sources)('%s', (_, __, open) => {
  /** Random play of three games in turn, each several times. The waiting states are scored at intervals. */
  async function played() {
    const source = await open();
    const environment = source.create();
    const policy = await policyFor(environment);
    const known = openKnownStates(policy.arena, environment.spec);
    const random = randomStream(5, 'test/scores');
    for (let episode = 0; episode < 12; episode++) {
      let step = await environment.reset({ seed: episode % 3, split: 'train', rollout: 0 });
      while (!step.terminated && !step.truncated) {
        meetStates(known, [step], 1);
        step = await environment.step(random.below(Math.min(2, step.info.admissibleActions.length)));
      }
      if (episode % 4 === 3) scoreWaiting(policy, known, temperature);
    }
    const list = createStateList(inputShape(environment.spec));
    const first = new Int32Array(known.states);
    copyStates(known, list, first);
    return { policy, known, list, first };
  }

  test('repeated states are computed once, and log-probabilities are bitwise identical to those of each state alone', async () => {
    const { policy, known, list, first } = await played();
    const logProbs = policy.arena.read(known.arrays.addresses.logProbs, known.actions);
    expect(first.some((f, s) => f < s)).toBe(true);
    for (let s = 0; s < list.states; s++) {
      const rows = list.rowOffsets[s + 1] - list.rowOffsets[s];
      const known = logProbs.slice(list.rowOffsets[first[s]], list.rowOffsets[first[s]] + rows);
      for (let action = 0; action < rows; action++) {
        const [alone] = takenLogProbs(policy, policy.weights, list, [s], [action], temperature);
        expect(known[action]).toBe(alone);
      }
    }
  });

  test('sampled actions are those of each state alone, for any number of states', async () => {
    const { policy, known, list } = await played();
    const count = list.states;
    const counters = Int32Array.from({ length: count }, (_, s) => 7 * s + 1);
    const draws = { taken: new Int32Array(count + 3), logProb: new Float32Array(count + 3) };
    sampleScored(policy, known, 0, count, key, counters, draws, 3);
    for (let s = 0; s < count; s++) {
      sample(policy, list, [s], 0, 1, key, counters, temperature);
      expect(draws.taken[3 + s]).toBe(policy.arena.i32[policy.taken >> 2]);
      expect(draws.logProb[3 + s]).toBe(policy.arena.f32[policy.takenLogProb >> 2]);
    }
  });
});

test('removed states: an equal state is scored again, also with other weights', async () => {
  const [, , open] = sources[0];
  const environment = (await open()).create();
  const policy = await policyFor(environment);
  const known = openKnownStates(policy.arena, environment.spec);
  const step = await environment.reset({ seed: 1, split: 'train' });
  const score = (): Float32Array => {
    meetStates(known, [step, step], 2);
    expect([...policy.arena.i32.subarray(known.arrays.addresses.first >> 2).subarray(0, 2)]).toEqual([0, 0]);
    expect(known.waiting).toBe(1);
    scoreWaiting(policy, known, 1);
    return policy.arena.read(known.arrays.addresses.logProbs, known.actions / 2);
  };
  const before = score();
  policy.network.initialise(policy.weights, 9);
  policy.network.prepare(policy.weights);
  forgetStates(known);
  const after = score();
  expect(after).not.toEqual(before);
  const list = createStateList(inputShape(environment.spec));
  copyStates(known, list, new Int32Array(2));
  expect(after[2]).toBe(takenLogProbs(policy, policy.weights, list, [0], [2], 1)[0]);
});
