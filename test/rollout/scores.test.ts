import { describe, expect, test } from 'vitest';
import { actionKey, sample, takenLogProbs } from '../../src/policy/policy.ts';
import { randomStream } from '../../src/random.ts';
import {
  addState,
  clearScores,
  createScores,
  drawScored,
  type Scores,
  scoreWaiting,
} from '../../src/rollout/scores.ts';
import { createStateList, inputShape } from '../../src/rollout/states.ts';
import { policyFor, sources } from './shares.ts';

const key = actionKey(3, 'test', 0);
const temperature = 0.7;

describe.each(sources)('%s', (_, __, open) => {
  /** Random play of three games in turn, each several times, with the waiting scored every so often. */
  async function played() {
    const source = await open();
    const environment = source.create();
    const policy = await policyFor(environment);
    const scores = createScores(createStateList(inputShape(environment.spec)));
    const first: number[] = [];
    const random = randomStream(5, 'test/scores');
    for (let episode = 0; episode < 12; episode++) {
      let step = await environment.reset({ seed: episode % 3, split: 'train', rollout: 0 });
      while (!step.terminated && !step.truncated) {
        const { admissibleActions } = step.info;
        first.push(addState(scores, step.observation, admissibleActions));
        step = await environment.step(random.below(Math.min(2, admissibleActions.length)));
      }
      if (episode % 4 === 3) scoreWaiting(policy, scores, temperature);
    }
    return { policy, scores, first: Int32Array.from(first) };
  }

  test('states that repeat are computed once, and all have the log-probabilities they have by themselves, to the bit', async () => {
    const { policy, scores, first } = await played();
    const { list, logProbs } = scores;
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

  test('draws are those of each state by itself, however many there are', async () => {
    const { policy, scores, first } = await played();
    const { list } = scores;
    const count = list.states;
    const counters = Int32Array.from({ length: count }, (_, s) => 7 * s + 1);
    const draws = { taken: new Int32Array(count + 3), logProb: new Float32Array(count + 3) };
    drawScored(policy, scores, first, count, key, counters, draws, 3);
    for (let s = 0; s < count; s++) {
      sample(policy, list, [s], 0, 1, key, counters, temperature);
      expect(draws.taken[3 + s]).toBe(policy.arena.i32[policy.taken >> 2]);
      expect(draws.logProb[3 + s]).toBe(policy.arena.f32[policy.takenLogProb >> 2]);
    }
  });
});

test('cleared scores forget: the same state is new again, with other weights too', async () => {
  const [, , open] = sources[0];
  const environment = (await open()).create();
  const policy = await policyFor(environment);
  const scores = createScores(createStateList(inputShape(environment.spec)));
  const step = await environment.reset({ seed: 1, split: 'train' });
  const add = (to: Scores): number => addState(to, step.observation, step.info.admissibleActions);
  expect([add(scores), add(scores)]).toEqual([0, 0]);
  scoreWaiting(policy, scores, 1);
  const before = scores.logProbs.slice(0, scores.list.rowOffsets[1]);
  policy.network.initialise(policy.weights, 9);
  policy.network.prepare(policy.weights);
  clearScores(scores);
  expect([add(scores), add(scores)]).toEqual([0, 0]);
  scoreWaiting(policy, scores, 1);
  const after = scores.logProbs.slice(0, scores.list.rowOffsets[1]);
  expect(after).not.toEqual(before);
  expect(after[2]).toBe(takenLogProbs(policy, policy.weights, scores.list, [0], [2], 1)[0]);
});
