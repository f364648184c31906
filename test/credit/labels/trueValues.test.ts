/**
 * Tests every source in a corridor with values known by hand: compares its labels with those of the values, row by row.
 */
import { expect, test } from 'vitest';
import { resolveConfig } from '../../../src/config/config.ts';
import { createAnchorLabels } from '../../../src/credit/labels/anchor.ts';
import { createCounterfactualLabels } from '../../../src/credit/labels/counterfactual.ts';
import { criticLabels } from '../../../src/credit/labels/critic.ts';
import { createLabelSource, type LabelConfig, type LabelTools } from '../../../src/credit/labels/labels.ts';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { branch } from '../../../src/rollout/branch.ts';
import { createCritic } from '../../../src/train/critic.ts';
import { everyAction, labelsByPlace, playCorridor, trueLabels, trueValues } from './corridor.ts';
import { handMade, handMadeSpec, type Transition } from './rollouts.ts';

const rollout = everyAction();
const opposite = trueLabels.map((label) => 1 - label);

async function byPlace(changes: Partial<LabelConfig>, advantages = new Float32Array(rollout.games.length)) {
  const source = createLabelSource(resolveConfig(changes));
  const { labels, envSteps, weight } = await source.label(rollout, advantages, 1);
  expect([envSteps, weight]).toEqual([0, 1]);
  return labelsByPlace(rollout, labels);
}

test('graph: the true labels', async () => {
  expect(await byPlace({ labels: 'graph' })).toEqual(trueLabels);
});

test('oracle: the true labels; with noise 1 their opposites', async () => {
  expect(await byPlace({ labels: 'oracle' })).toEqual(trueLabels);
  expect(await byPlace({ labels: 'oracle', labelNoise: 1 })).toEqual(opposite);
});

test('anchor: good where the true value is above the mean return from the state, bad where it is below', () => {
  const margin = 0.02;
  const source = createAnchorLabels({ graphDiscount: 0.9, anchorIterations: 1, labelMargin: margin });
  // Beside the first actions there are the steps forward after them; each has the return V* of its place.
  const forward = [0, 0, 0];
  const counts = [
    [0, 0, 0, 0],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ];
  for (let n = 0; n < rollout.states.states; n++) counts[rollout.hash[n]][rollout.taken[n]]++;
  counts.forEach((row, place) => {
    forward[place] = row[2];
  });
  expect(forward).toEqual([4, 7, 9]);
  const wanted = trueValues.flatMap((values, place) => {
    const total = counts[place].reduce((sum, x) => sum + x, 0);
    const mean = values.reduce((sum, q, a) => sum + q * counts[place][a], 0) / total;
    return values.map((q) => (q > mean + margin ? 1 : q < mean - margin ? 0 : -1));
  });
  expect(labelsByPlace(rollout, source.label(rollout))).toEqual(wanted);
  expect(new Set(wanted)).toEqual(new Set([1, 0, -1]));
});

test('advantage: only actions that were taken, by the sign of the episode', async () => {
  const advantages = Float32Array.from(rollout.returns, (x) => 2 * x - 1);
  const source = createLabelSource(resolveConfig({ labels: 'advantage' }));
  const { labels } = await source.label(rollout, advantages, 1);
  for (let n = 0; n < rollout.states.states; n++) {
    for (let a = 0; a < 4; a++) {
      const ended = rollout.returns[rollout.episode[n]] === 1 ? 1 : 0;
      expect(labels[rollout.states.rowOffsets[n] + a]).toBe(a === rollout.taken[n] ? ended : -1);
    }
  }
});

test('critic: after 900 updates its values are the true ones within .06, its labels those of the true values', async () => {
  const config = resolveConfig({ policy: 'mlp', criticUpdates: 900, criticLearningRate: 0.003 });
  const critic = createCritic(await createArena(), handMadeSpec, config);
  // Before the first rollout it has no data.
  expect(critic.learn(rollout)).toBeLessThan(0.2);
  const values = critic.values(rollout);
  const truth = Float64Array.from({ length: values.length }, (_, row) => trueValues[rollout.hash[row >> 2]][row & 3]);
  const errors = values.map((x, row) => Math.abs(x - truth[row]));
  expect(errors.reduce((worst, x) => Math.max(worst, x))).toBeLessThan(0.06);
  expect(criticLabels(rollout, values, 0.1)).toEqual(criticLabels(rollout, truth, 0.1));
  const [first] = [labelsByPlace(rollout, criticLabels(rollout, truth, 0.1))];
  // The trap lowers the mean to .567, .61 and .678.
  expect(first).toEqual([1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0]);
  // For the same games again it explains all variance except its own error; for returns that are independent of the
  // states, none.
  expect(critic.learn(rollout)).toBeGreaterThan(0.98);
  const unforeseen = { ...rollout, reward: rollout.reward.map((x, n) => (rollout.episode[n] % 2 === 0 ? 1 - x : x)) };
  expect(critic.learn(unforeseen)).toBe(0);
});

test('critic: an action that was not tried in an equal state has no label', () => {
  const step = (seen: number, taken: number): Transition => ({ hash: 0, next: 0, seen, taken });
  const given = handMade([[step(5, 0), step(6, 2)], [step(5, 1)]]);
  const values = Float64Array.from([0.9, 0.1, 0.2, 0.9, 0.1, 0.2, 0.9, 0.1, 0.2]);
  expect([...criticLabels(given, values, 0.1)]).toEqual([1, 0, -1, -1, -1, 0, 1, 0, -1]);
});

/**
 * V of the policy that takes every action with equal probability: V(0) = .225 (2 V(0) + V(1)), V(1) = .225 (V(0) + V(1)
 * + V(2)), V(2) = .25 + .225 (V(1) + V(2)).
 */
const uniform = [0.04806, 0.11748, 0.35669];
const uniformValues = [
  [uniform[0], uniform[0], uniform[1], 0].map((v) => 0.9 * v),
  [uniform[0], uniform[1], uniform[2], 0].map((v) => 0.9 * v),
  [0.9 * uniform[1], 0.9 * uniform[2], 1, 0],
];

test('counterfactual: returns within .03 of the values of the policy that continues, and the true labels', async () => {
  const repeats = 600;
  const { policy, environment, rollout: played } = await playCorridor(6);
  const steps: number[] = [];
  const returned: Float64Array[] = [];
  const source = createCounterfactualLabels(
    { seed: 1, counterfactualStates: 100, counterfactualRollouts: repeats, labelMargin: 0.02 },
    async (given, chosen) => {
      const options = { key: [5, 6] as const, repeats, temperature: 1, discount: 0.9 };
      const branches = await branch(policy, environment, given, chosen, options);
      expect(new Set(Array.from(chosen, (n) => given.hash[n]))).toEqual(new Set([0, 1, 2]));
      returned.push(branches.returns);
      steps.push(branches.envSteps);
      for (const [i, n] of chosen.entries()) {
        for (let a = 0; a < 4; a++) {
          const at = (i * 4 + a) * repeats;
          const mean = branches.returns.subarray(at, at + repeats).reduce((sum, x) => sum + x, 0) / repeats;
          expect(Math.abs(mean - uniformValues[given.hash[n]][a])).toBeLessThan(0.03);
        }
      }
      return branches;
    },
  );
  const { labels, envSteps } = await source.label(played, 1);
  for (let n = 0; n < played.states.states; n++) {
    const first = 4 * played.hash[n];
    expect([...labels.subarray(4 * n, 4 * n + 4)]).toEqual(trueLabels.slice(first, first + 4));
  }
  expect([envSteps]).toEqual(steps);
  expect(returned).toHaveLength(1);
});

test('counterfactual: the weight is 1 for labels on a tenth of the states, less for fewer, 0 where all candidates have equal returns', async () => {
  const config = { seed: 1, counterfactualRollouts: 1, labelMargin: 0.02 };
  const far = handMade([Array.from({ length: 40 }, (_, hash) => ({ hash, taken: 0, next: hash + 1 }))]);
  const weight = async (counterfactualStates: number, returned: (n: number, a: number) => number) => {
    const { label } = createCounterfactualLabels({ ...config, counterfactualStates }, async (_, chosen) => ({
      returns: Float64Array.from([...chosen].flatMap((n) => [0, 1, 2].map((a) => returned(n, a)))),
      envSteps: 0,
    }));
    return (await label(far, 1)).weight;
  };
  const differ = (_: number, a: number): number => a;
  expect([await weight(1, differ), await weight(3, differ), await weight(4, differ)]).toEqual([0.25, 0.75, 1]);
  expect(await weight(40, differ)).toBe(1);
  expect(await weight(4, () => 1)).toBe(0);
  // Only state 7 has candidates with different returns.
  expect(await weight(40, (n, a) => (n === 7 ? a : 0))).toBe(0.25);
});

test('critic and counterfactual use the functions of a run', async () => {
  const values = Float64Array.from(
    { length: rollout.states.actions },
    (_, row) => trueValues[rollout.hash[row >> 2]][row & 3],
  );
  const tools: LabelTools = {
    createCritic: () => ({ learn: () => 0.3, values: () => values, save: () => ({}), restore: () => {} }),
    createTryCandidates: () => async (given, chosen) => ({
      returns: Float64Array.from([...chosen].flatMap((n) => trueValues[given.hash[n]].flatMap((q) => [q, q]))),
      envSteps: 7,
    }),
  };
  const of = (labels: LabelConfig['labels']) =>
    createLabelSource(resolveConfig({ labels }), tools).label(rollout, new Float32Array(12), 1);
  const labelled = await of('critic');
  expect(labelled.labels).toEqual(criticLabels(rollout, values, 0.02));
  expect(labelled.weight).toBe(0.3);
  const tried = await of('counterfactual');
  expect(labelsByPlace(rollout, tried.labels)).toEqual(trueLabels);
  expect([tried.envSteps, tried.weight]).toEqual([7, 1]);
});
