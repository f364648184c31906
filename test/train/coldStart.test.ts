import { expect, test } from 'vitest';
import { type Config, resolveConfig } from '../../src/config/config.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { countLabels } from '../../src/engine/learn/lossSet.ts';
import { createLearner, type Learner } from '../../src/engine/learn/update.ts';
import { createPolicy } from '../../src/engine/policy/policy.ts';
import { loadStates } from '../../src/engine/states/loadBatch.ts';
import { openEnvironments } from '../../src/env/registry.ts';
import { soloCrew } from '../../src/parallel/crew.ts';
import { openSpread } from '../../src/parallel/spread.ts';
import { trainingGames } from '../../src/rollout/success.ts';
import {
  cloneDemonstrations,
  type Demonstrations,
  demonstrate,
  demonstrationSet,
  withClassifier,
} from '../../src/train/coldStart.ts';
import { adamwSettings } from '../../src/train/takeUpdates.ts';
import { recordedRun } from './recordedRun.ts';

const changes: Partial<Config> = { seed: 5, coldStart: 60, coldStartUpdates: 200, coldStartBatch: 64, trainGames: 60 };

/** A cold start, and demonstrations of games that it did not see. */
async function coldStart(
  more: Partial<Config>,
): Promise<{ learner: Learner; start: Float32Array; held: Demonstrations }> {
  const config = resolveConfig({ ...changes, ...more });
  const pool = await openEnvironments(config, null);
  const environment = pool.create();
  const policy = createPolicy(await createArena(), environment.spec, { ...config, logitScale: 1 });
  policy.network.initialise(policy.weights, config.seed);
  policy.network.prepare(policy.weights);
  const start = policy.arena.read(policy.weights, policy.network.size);
  const spread = await openSpread(soloCrew(), policy, config, pool, [environment], undefined);
  const learner = createLearner(policy);
  const shown = await demonstrate(environment, trainingGames(config.seed, 60), config, undefined, () => {});
  await cloneDemonstrations(spread, learner, shown, config, adamwSettings(config), () => {}, undefined);
  const held = await demonstrate(environment, trainingGames(config.seed + 1, 30), config, undefined, () => {});
  return { learner, start, held };
}

/** The head of the classifier: weight and bias. */
function headOf({ policy }: Learner, vector: Float32Array): number[] {
  const parts = policy.network.parameters.filter(({ name }) => name.startsWith('classifierHead'));
  expect(parts.length).toBe(2);
  return parts.flatMap(({ offset, size }) => Array.from(vector.subarray(offset / 4, offset / 4 + size)));
}

/** The class-balanced cross-entropy of the classifier on all labels, in float64: each class has half of the weight. */
function classifierLoss({ policy }: Learner, { states, labels }: Demonstrations): number {
  const { arena, network } = policy;
  const sums = [0, 0];
  const counts = [0, 0];
  for (let s = 0; s < states.states; s++) {
    loadStates(arena, network.batch, states, [s], 0, 1);
    network.forward(policy.weights);
    const logits = arena.read(network.heads.classifier.value, network.batch.actions);
    logits.forEach((logit, a) => {
      const label = labels[states.rowOffsets[s] + a];
      sums[label] += Math.log1p(Math.exp(label === 1 ? -logit : logit));
      counts[label]++;
    });
  }
  return 0.5 * (sums[0] / counts[0] + sums[1] / counts[1]);
}

test('the classifier learns in the cold start: its head changes, and its loss on held-out demonstrations falls', async () => {
  const off = await coldStart({});
  const on = await coldStart({ coldStartClassifier: true });
  const weights = ({ learner: { policy } }: typeof on): Float32Array =>
    policy.arena.read(policy.weights, policy.network.size);
  expect(headOf(off.learner, weights(off))).toEqual(headOf(off.learner, off.start));
  expect(headOf(on.learner, weights(on))).not.toEqual(headOf(on.learner, on.start));
  expect(on.start).toEqual(off.start);
  const [without, withIt] = [classifierLoss(off.learner, off.held), classifierLoss(on.learner, on.held)];
  // ln 2 is the loss of a classifier that thinks every action good with a probability of 0.5.
  expect(without).toBeGreaterThan(0.6);
  expect(withIt).toBeLessThan(0.9 * without);
  expect(withIt).toBeLessThan(0.85 * Math.LN2);
});

test('the weight is that of the classifier loss: 0 leaves the bits of the cold start', async () => {
  const small = { iterations: 0, evalEpisodes: 2 };
  const { outcome } = await recordedRun(small);
  const zero = await recordedRun({ ...small, coldStartClassifier: true, classifierCoef: 0 });
  expect(zero.outcome.parametersSha256).toBe(outcome.parametersSha256);
  const one = await recordedRun({ ...small, coldStartClassifier: true });
  expect(one.outcome.parametersSha256).not.toBe(outcome.parametersSha256);
});

test('each class has half of the weight, and the other losses keep theirs', async () => {
  const config = resolveConfig(changes);
  const pool = await openEnvironments(config, null);
  const shown = await demonstrate(pool.create(), trainingGames(5, 3), config, undefined, () => {});
  const coefs = { cloningCoef: 1, goodWeight: 0, badWeight: 0 };
  const set = demonstrationSet(shown, 40, config, 'test', 0, coefs);
  const { settings, ...rest } = withClassifier(set, 0.3);
  expect(rest).toEqual({ ...set, settings: undefined });
  const { good, labelled } = countLabels(shown.states, shown.labels, set.order);
  // One action of each state is demonstrated.
  expect(good).toBe(40);
  const { goodWeight, badWeight } = settings;
  expect(settings).toEqual({ ...set.settings, goodWeight, badWeight });
  expect(goodWeight * good).toBeCloseTo(0.15, 12);
  expect(badWeight * (labelled - good)).toBeCloseTo(0.15, 12);
  expect(withClassifier(set, 0)).toBe(set);
});
