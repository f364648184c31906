/** Diagnostics of the updates of an iteration, compared with double-precision computations from the same weights. */
import { describe, expect, test } from 'vitest';
import { type Config, resolveConfig } from '../../src/config/config.ts';
import type { LossSet } from '../../src/engine/learn/shards.ts';
import { type Learner, update } from '../../src/engine/learn/update.ts';
import { updatesHere } from '../../src/engine/learn/updatePhase.ts';
import { takenLogProbs } from '../../src/engine/policy/policy.ts';
import { openCrew } from '../../src/parallel/crew.ts';
import { unpackCheckpoint } from '../../src/record/checkpoint.ts';
import type { Rollout } from '../../src/rollout/rollout.ts';
import type { NextUpdates } from '../../src/train/iterations.ts';
import { stepAfter } from '../../src/train/takeUpdates.ts';
import { runBounded } from '../../src/train/trainer.ts';
import { gradientSignal, groupSets, openUpdateDiagnostics } from '../../src/train/updateDiagnostics.ts';
import { spawnWorker } from '../../workers/spawn.node.ts';
import { recordedRun, small } from './recordedRun.ts';

const changes: Partial<Config> = {
  ...{ iterations: 2, groupsPerIteration: 5, numGenerations: 4, coldStart: 40, coldStartUpdates: 60 },
  ...{ checkpointEvery: 1, couplingPairs: 0, evalEpisodes: 2 },
};
const config = resolveConfig({ ...small, ...changes });
const run = await recordedRun(changes);

/** Calls `visit` with the updates of iteration 2. */
async function beforeIteration2(visit: (next: NextUpdates) => void | Promise<void>): Promise<void> {
  const checkpoint = unpackCheckpoint(run.checkpoints.get(1) as ReadonlyMap<string, Uint8Array>, '1', 'none');
  await runBounded(config, { checkpoint }, { until: 1, extraCheckpoints: new Set<number>(), onNext: visit });
}

const spreadOf = ({
  policy,
}: Learner): { updates: (sets: readonly (readonly LossSet[])[]) => ReturnType<typeof updatesHere> } => ({
  updates: (sets) => updatesHere(sets, policy),
});

/** The gradient of a set, from an update whose learning rate is 0, with the learner as it was. */
function gradientOf(learner: Learner, set: LossSet): Float64Array {
  const { arena, network } = learner.policy;
  const { updates, beta1Power, beta2Power } = learner;
  const moments = [learner.firstMoment, learner.secondMoment];
  const copies = moments.map((vector) => arena.read(vector, network.size));
  update(learner, [set], null, { ...stepAfter(config, 0), learningRate: 0, weightDecay: 0, maxGradNorm: 1e9 });
  const gradient = Float64Array.from(arena.read(learner.gradients[0], network.size));
  for (const [i, vector] of moments.entries()) arena.write(vector, copies[i]);
  Object.assign(learner, { updates, beta1Power, beta2Power });
  return gradient;
}

describe('signal-to-noise ratio of the groups', () => {
  test('a group has the states of its episodes; the sum of all groups is the policy gradient of the batch', async () => {
    await beforeIteration2(({ learner, prepared, tasks, rollout }) => {
      const sets = groupSets(prepared, tasks[0], config);
      expect(sets).toHaveLength(5);
      for (const [group, { order }] of sets.entries()) {
        for (const s of order) expect(Math.floor(rollout.episode[s] / 4)).toBe(group);
      }
      expect(sets.reduce((sum, { order }) => sum + order.length, 0)).toBe(rollout.states.states);
      // Without advantages there is no gradient: neither entropy bonus nor another loss is part of it.
      const without = { ...sets[0], advantage: new Float32Array(rollout.states.states) };
      expect(gradientOf(learner, without).every((x) => x === 0)).toBe(true);
      const order = Int32Array.from({ length: rollout.states.states }, (_, s) => s);
      const weight = new Float32Array(order.length).fill(1 / order.length);
      const whole = gradientOf(learner, { ...sets[0], order, weight });
      const parts = sets.map((set) => gradientOf(learner, set));
      const largest = whole.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      expect(largest).toBeGreaterThan(1e-3);
      for (const [p, x] of whole.entries()) {
        const sum = parts.reduce((total, part) => total + part[p], 0);
        expect(Math.abs(sum - x)).toBeLessThan(1e-5 * largest);
      }
    });
  });

  test('is that of the gradients of the groups, by deviations from their mean', async () => {
    await beforeIteration2(async ({ learner, prepared, tasks }) => {
      const sets = groupSets(prepared, tasks[0], config);
      const gradients = sets.map((set) => gradientOf(learner, set));
      const n = gradients.length;
      let [noise, mean2] = [0, 0];
      for (let p = 0; p < gradients[0].length; p++) {
        const mean = gradients.reduce((sum, g) => sum + g[p], 0) / n;
        mean2 += mean * mean;
        noise += gradients.reduce((sum, g) => sum + (g[p] - mean) ** 2, 0) / (n - 1);
      }
      const ratio = await gradientSignal(learner, spreadOf(learner), sets);
      expect(ratio).toBeCloseTo((mean2 - noise / n) / noise, 6);
    });
  });

  test('bnpo averages over the steps of the batch, as dapo does', async () => {
    await beforeIteration2(({ prepared, tasks }) => {
      const weights = (lossType: Config['lossType']): Float32Array[] =>
        groupSets(prepared, tasks[0], { ...config, lossType }).map(({ weight }) => weight);
      expect(weights('bnpo')).toEqual(weights('dapo'));
      expect(weights('grpo')).not.toEqual(weights('dapo'));
    });
  });
});

/** π(a|s) of all actions of a state, in double precision. */
function distributionOf({ policy }: Learner, { states }: Rollout, s: number): number[] {
  const actions = Array.from({ length: states.rowOffsets[s + 1] - states.rowOffsets[s] }, (_, a) => a);
  const order = actions.map(() => s);
  return [...takenLogProbs(policy, policy.weights, states, order, actions)].map(Math.exp);
}

test('churn: mean KL of each update on the distinct states outside its minibatch, mean over updates', async () => {
  await beforeIteration2(async ({ learner, prepared, tasks, rollout, iteration }) => {
    const distinct = Array.from({ length: rollout.states.states }, (_, s) => s).filter((s) => rollout.first[s] === s);
    // All of them are measured: fewer than 256.
    expect(distinct.length).toBeGreaterThan(30);
    expect(distinct.length).toBeLessThan(256);
    const diagnostics = await openUpdateDiagnostics(learner, spreadOf(learner), prepared, tasks, config, iteration);
    const means: number[] = [];
    for (const task of tasks) {
      const before = distinct.map((s) => distributionOf(learner, rollout, s));
      update(learner, task.sets, task.contrastive, stepAfter(config, learner.updates));
      diagnostics.afterUpdate(task);
      const inside = new Set([...task.sets[0].order].map((s) => rollout.first[s]));
      const kl = distinct.flatMap((s, i) => {
        const after = distributionOf(learner, rollout, s);
        return inside.has(s) ? [] : [before[i].reduce((sum, p, a) => sum + p * Math.log(p / after[a]), 0)];
      });
      means.push(kl.reduce((sum, x) => sum + x, 0) / kl.length);
    }
    const expected = means.reduce((sum, x) => sum + x, 0) / means.length;
    expect(expected).toBeGreaterThan(1e-4);
    expect(Math.abs(diagnostics.metrics()['churn/kl'] - expected)).toBeLessThan(1e-3 * expected);
  });
});

const keys = [
  'gradient/signal_to_noise',
  'churn/kl',
  'actions/repeated',
  'actions/repeated_in_state',
  'actions/no_effect',
];

describe('a run with diagnostics', () => {
  test('has the parameters of the run without, and no other metrics but the further ones', async () => {
    const measured = await recordedRun({ ...changes, diagnostics: true });
    expect(measured.outcome.parametersSha256).toBe(run.outcome.parametersSha256);
    expect(measured.outcome.success).toEqual(run.outcome.success);
    for (const [i, line] of measured.metrics.entries()) {
      const further = Object.keys(line).filter((key) => !Object.hasOwn(run.metrics[i], key));
      expect(further).toEqual(i === 0 ? [] : keys);
      for (const key of further) expect(Number.isFinite(line[key])).toBe(true);
      expect(Object.fromEntries(Object.entries(line).filter(([key]) => !further.includes(key)))).toEqual(
        run.metrics[i],
      );
    }
  });

  test.each([
    ['shared', 'grpo'],
    ['copied', 'gradvac+classifier'],
  ] as const)('three threads, memory %s, %s: the metrics of one thread', async (memory, method) => {
    const crew = await openCrew(spawnWorker, 3, { copied: memory === 'copied', cores: null });
    try {
      const given = { ...changes, method, diagnostics: true };
      expect(await recordedRun(given, { crew })).toEqual(await recordedRun(given));
    } finally {
      await crew.close();
    }
  });

  test('one minibatch of all states: no state is outside, so there is no churn', async () => {
    const { metrics } = await recordedRun({ ...changes, minibatches: 1, diagnostics: true });
    expect(metrics[1]).not.toHaveProperty('churn/kl');
    expect(metrics[1]).toHaveProperty('actions/no_effect');
  });
});
