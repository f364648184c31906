import { expect, test } from 'vitest';
import { type Config, resolveConfig } from '../../src/config/config.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { cloningWeights, countLabels } from '../../src/engine/learn/lossSet.ts';
import { balancedWeights } from '../../src/engine/learn/objective.ts';
import type { LossSet } from '../../src/engine/learn/shards.ts';
import { createLearner, update } from '../../src/engine/learn/update.ts';
import { createPolicy } from '../../src/engine/policy/policy.ts';
import { findRepeats } from '../../src/engine/states/repeats.ts';
import { appendStates, createStateList, inputShape } from '../../src/engine/states/stateList.ts';
import type { CustomVectorEnvironment } from '../../src/env/custom.ts';
import { createHousehold } from '../../src/env/household/household.ts';
import { randomStream } from '../../src/random.ts';
import { relabelFailed } from '../../src/rollout/hindsight.ts';
import { relabelledStates, withRelabelled } from '../../src/train/hindsight.ts';
import { adamwSettings } from '../../src/train/takeUpdates.ts';
import { train } from '../../src/train/trainer.ts';
import { playGames } from '../credit/labels/rollouts.ts';
import { randomChoice } from '../env/play.ts';
import { recordedRun, small } from './recordedRun.ts';

const config = resolveConfig({ method: 'classifier+cloning', hidden: 16, embedding: 8, tokenWidth: 4 });
const coefs = { cloningCoef: 0.3, classifierCoef: 0.7 };
const environment = createHousehold();
const games = Array.from({ length: 40 }, (_, i) => ({ seed: i % 20, split: 'train' as const, rollout: i }));
const rollout = playGames(environment, games, randomChoice(4));
const random = randomStream(1, 'test/hindsight');
const labelsOf = (rows: number): Int8Array =>
  Int8Array.from({ length: rows }, () => random.below(4) - 1).map((l) => Math.min(l, 1));

function setOf(list: LossSet['list'], labels: Int8Array, taken: Int32Array, weight: number): LossSet {
  const order = Int32Array.from({ length: list.states }, (_, s) => s);
  const { good, labelled } = countLabels(list, labels, order);
  return {
    ...{ list, order, taken, labels, refLogProb: null, repeats: findRepeats(list, labels) },
    oldLogProb: new Float32Array(list.states).fill(-1.5),
    advantage: new Float32Array(list.states).fill(0.5),
    weight: new Float32Array(list.states).fill(weight),
    cloningWeight: cloningWeights(list, labels, order),
    settings: {
      ...{ epsilon: 0.2, epsilonHigh: 0.2, beta: 0, entropyCoef: 0, temperature: 1, cloningCoef: coefs.cloningCoef },
      ...balancedWeights(good, labelled, coefs.classifierCoef),
    },
  };
}

async function parametersAfter(sets: readonly LossSet[]): Promise<Float32Array> {
  const policy = createPolicy(await createArena(), environment.spec, { ...config, logitScale: 1 });
  policy.network.initialise(policy.weights, 1);
  policy.network.prepare(policy.weights);
  // Plain gradient descent: AdamW's first step is the sign of the gradient.
  update(createLearner(policy), sets, null, { ...adamwSettings(config), epsilon: 1e3, learningRate: 1e4 });
  return policy.arena.read(policy.weights, policy.network.size).slice();
}

test('two sets have the label gradient of one set with both, and the policy gradient of the first, within 1e-5', async () => {
  const { rollout: again } = await relabelFailed(environment, rollout, rollout.returns);
  expect(again.states.states).toBeGreaterThan(10);
  const [ownLabels, newLabels] = [rollout, again].map(({ states }) => labelsOf(states.actions));
  const own = setOf(rollout.states, ownLabels, rollout.taken, 0.01);
  const order = Int32Array.from({ length: again.states.states }, (_, s) => s);
  const sets = withRelabelled(own, relabelledStates(again, newLabels), order, coefs);

  const list = createStateList(inputShape(environment.spec));
  appendStates(list, rollout.states, 0, rollout.states.states);
  appendStates(list, again.states, 0, again.states.states);
  const count = rollout.states.states;
  const taken = Int32Array.of(...rollout.taken.subarray(0, count), ...again.taken.subarray(0, again.states.states));
  const joined = setOf(list, Int8Array.of(...ownLabels, ...newLabels), taken, 0.01);
  joined.weight.fill(0, count);

  const [two, one, without] = await Promise.all([
    parametersAfter(sets),
    parametersAfter([joined]),
    parametersAfter([own]),
  ]);
  const distance = (a: Float32Array, b: Float32Array): number => Math.max(...a.map((x, i) => Math.abs(x - b[i])));
  expect(distance(two, one)).toBeLessThan(1e-5);
  expect(distance(without, one)).toBeGreaterThan(1e-3);
});

test('without a term its loss has no weight on relabelled states', async () => {
  const { rollout: again } = await relabelFailed(environment, rollout, rollout.returns);
  const own = { ...setOf(rollout.states, labelsOf(rollout.states.actions), rollout.taken, 0.01), cloningWeight: null };
  const relabelled = relabelledStates(again, labelsOf(again.states.actions));
  const [first, second] = withRelabelled(own, relabelled, Int32Array.of(0, 1), { cloningCoef: 0, classifierCoef: 0 });
  expect([first.cloningWeight, second.cloningWeight]).toEqual([null, null]);
  expect([second.settings.goodWeight, second.settings.badWeight, second.settings.cloningCoef]).toEqual([0, 0, 0]);
  expect([...second.weight, ...second.advantage]).toEqual(new Array(2 + again.states.states).fill(0));
});

const changes: Partial<Config> = { method: 'classifier+cloning', coldStart: 0, groupsPerIteration: 6, iterations: 2 };

test('lines state the share of failed episodes relabelled, their states, and the accuracy of their labels', async () => {
  const { metrics } = await recordedRun({ ...changes, hindsight: true });
  for (const line of metrics.slice(1)) {
    expect(line['hindsight/relabelled']).toBeGreaterThan(0);
    expect(line['hindsight/states']).toBeGreaterThan(0);
    expect(line['hindsight/accuracy']).toBeGreaterThan(0);
  }
  const keys = (await recordedRun(changes)).metrics.flatMap((line) => Object.keys(line));
  expect(keys.filter((key) => key.startsWith('hindsight'))).toEqual([]);
});

test('shuffled labels also permute the labels of relabelled states', async () => {
  const { metrics } = await recordedRun({ ...changes, hindsight: true, labels: 'shuffled' });
  const graph = await recordedRun({ ...changes, hindsight: true });
  expect(metrics[1]['hindsight/states']).toBe(graph.metrics[1]['hindsight/states']);
  expect(metrics[1]['hindsight/accuracy']).toBeLessThan(graph.metrics[1]['hindsight/accuracy']);
});

test('an environment that names no achieved goals is rejected before the run', async () => {
  const given = { ...small, ...changes, env: 'look-alike', policy: 'mlp', hindsight: true } as const;
  await expect(train(given)).rejects.toThrow(
    'config: hindsight needs an environment that names achieved goals, which look-alike does not; set hindsight to false, or implement achieved()',
  );
});

test('with hints: relabelled states show none', async () => {
  const hinted: Partial<Config> = { ...changes, hindsight: true, hint: 'classifier', hintThreshold: 0.1 };
  const { metrics } = await recordedRun(hinted);
  expect(metrics[1]['hindsight/states']).toBeGreaterThan(0);
});

/** Five places in a row, a start in the middle: left, right, or stop, which succeeds in the place of the goal. */
function row(achieved?: () => number[]): CustomVectorEnvironment {
  let [place, goal, ended] = [2, 0, false];
  const show = (): { observation: number[]; terminated: boolean; reward: number } => ({
    observation: Array.from({ length: 10 }, (_, i) => (i === place || i === 5 + goal ? 1 : 0)),
    terminated: ended,
    reward: ended && place === goal ? 1 : 0,
  });
  return {
    spec: { name: 'row', form: 'vector', maxSteps: 8, vectorWidth: 10, actionCount: 3 },
    reset(episode) {
      [place, goal, ended] = [2, episode.goal ?? (episode.seed % 2) * 4, false];
      return show();
    },
    step(action) {
      if (action === 2) ended = true;
      else place = Math.min(4, Math.max(0, place + 2 * action - 1));
      return show();
    },
    stateHash: () => 2 * place + (ended ? 1 : 0),
    achieved: achieved ?? (() => (ended && place !== goal ? [place] : [])),
  };
}

test('an environment of the user may name goals; other values than numbers of goals are rejected', async () => {
  const given: Partial<Config> = { ...changes, policy: 'mlp', hindsight: true, couplingPairs: 0 };
  const lines: Record<string, number>[] = [];
  await train({ ...small, ...given }, { environment: () => row(), onMetrics: (_, line) => lines.push(line) });
  expect(lines[1]['hindsight/relabelled']).toBeGreaterThan(0.5);
  expect(lines[1]['hindsight/states']).toBeGreaterThan(10);
  for (const goals of [[-1], [0.5], ['a'], null]) {
    const wrong = train({ ...small, ...given }, { environment: () => row(() => goals as number[]) });
    await expect(wrong).rejects.toThrow('environment: achieved() must be an array of integers >= 0, got');
  }
});

test('as text: relabelled states are read from texts', async () => {
  const text: Partial<Config> = { ...changes, observation: 'text', maxSteps: 12, iterations: 1, evalEpisodes: 2 };
  const { metrics } = await recordedRun({ ...text, groupsPerIteration: 12, hindsight: true });
  expect(metrics[1]['hindsight/relabelled']).toBeGreaterThan(0);
});
