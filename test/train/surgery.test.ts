import { describe, expect, test } from 'vitest';
import { type Config, resolveConfig } from '../../src/config/config.ts';
import { pcGrad } from '../../src/coupling/remedies/pcGrad.ts';
import { taskOrders } from '../../src/coupling/remedies/tasks.ts';
import { upGrad } from '../../src/coupling/remedies/upGrad.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import type { LossSet } from '../../src/engine/learn/shards.ts';
import { createLearner, type Learner, update } from '../../src/engine/learn/update.ts';
import { updatesHere } from '../../src/engine/learn/updatePhase.ts';
import { createPolicy } from '../../src/engine/policy/policy.ts';
import { appendStates, createStateList, inputShape } from '../../src/engine/states/stateList.ts';
import { createHousehold } from '../../src/env/household/household.ts';
import { createLookAlike } from '../../src/env/lookAlike.ts';
import { randomStream } from '../../src/random.ts';
import { trainingGames } from '../../src/rollout/success.ts';
import type { UpdateTask } from '../../src/train/minibatch.ts';
import {
  createSurgeon,
  cutByTask,
  type Operation,
  type OperationStats,
  operateOn,
  roundsOf,
  type Surgeon,
  tasksOf,
} from '../../src/train/surgery.ts';
import { gramOf } from '../coupling/remedies/gradients.ts';
import { randomStates } from '../engine/layers/randomNetwork.ts';
import { errorOfLargest } from '../engine/policy/golden.ts';
import { still } from '../engine/policy/goldenLosses.ts';

const environment = createLookAlike();
const STATES = 60;

async function openLearner(): Promise<Learner> {
  const sizes = { tokenWidth: 6, matchWidth: 4, hidden: 16, embedding: 8, blocks: 0, heads: 2, logitScale: 1 };
  const policy = createPolicy(await createArena(), environment.spec, { policy: 'mlp', ...sizes });
  policy.network.initialise(policy.weights, 9);
  policy.network.prepare(policy.weights);
  return createLearner(policy);
}

/** One step with the gradients of one thread, as a run without a crew takes it. */
function operate(learner: Learner, surgeon: Surgeon, operation: Operation): Promise<OperationStats> {
  return operateOn(updatesHere(roundsOf(operation), learner.policy), learner, surgeon, operation, still);
}

// Each state three times, once for each task, so that the advantages' signs decide what conflicts.
const list = createStateList(inputShape(environment.spec));
const different = randomStates(list.shape, randomStream(2, 'test/surgery'), STATES / 3, 5);
for (let s = 0; s < STATES; s++) appendStates(list, different, Math.floor(s / 3), 1);

/**
 * Advantages and labels of random states; `sign` of the advantages of the three tasks that the states are of in turn.
 */
function taskOfUpdate(sign: readonly number[], labelCoef: number): UpdateTask {
  const random = randomStream(3, 'test/surgery/losses');
  const order = Int32Array.from({ length: STATES }, (_, i) => i);
  const set: LossSet = {
    list,
    order,
    taken: new Int32Array(STATES),
    oldLogProb: new Float32Array(STATES).fill(-1.4),
    refLogProb: null,
    advantage: Float32Array.from(order, (i) => sign[i % 3] * (1 + random.uniform())),
    weight: new Float32Array(STATES).fill(1 / STATES),
    cloningWeight: null,
    labels: Int8Array.from({ length: list.actions }, () => random.below(3) - 1),
    repeats: null,
    settings: {
      epsilon: 0.9,
      epsilonHigh: 9,
      beta: 0,
      entropyCoef: 0.01,
      temperature: 1,
      cloningCoef: 0,
      goodWeight: labelCoef,
      badWeight: labelCoef,
    },
  };
  return { sets: [set], contrastive: null };
}

const tasks = Int32Array.from({ length: STATES }, (_, i) => i % 3);

function surgeonFor(learner: Learner, method: string, changes: Partial<Config> = {}): Surgeon {
  const config = resolveConfig({ method, seed: 4, ...changes });
  return createSurgeon(config, learner, environment, trainingGames(4, 3)) as Surgeon;
}

const gradientOf = ({ policy, gradients }: Learner): Float32Array =>
  policy.arena.read(gradients[0], policy.network.size);

/** The gradient of one update without surgery. */
async function plainGradient(sets: readonly LossSet[]): Promise<Float32Array> {
  const learner = await openLearner();
  update(learner, sets, null, still);
  return gradientOf(learner);
}

async function operated(method: string, task: UpdateTask): Promise<{ gradient: Float32Array; stats: OperationStats }> {
  const learner = await openLearner();
  const stats = await operate(learner, surgeonFor(learner, method), cutByTask(task, tasks));
  return { gradient: gradientOf(learner), stats };
}

/** The task with another weight of the entropy bonus and of the KL penalty. */
function regularized({ sets: [set] }: UpdateTask, entropyCoef: number, beta: number): UpdateTask {
  const refLogProb = new Float32Array(STATES).fill(-1.2);
  return { sets: [{ ...set, refLogProb, settings: { ...set.settings, entropyCoef, beta } }], contrastive: null };
}

const sumOf = (a: Float32Array, b: Float32Array): Float32Array => a.map((x, k) => x + b[k]);

describe('the gradient of an update', () => {
  const opposed = taskOfUpdate([1, -1, 1], 0);

  test.each([
    ['pcgrad', (gram: Float64Array) => pcGrad(gram, taskOrders(3, 4, 0))],
    ['upgrad', (gram: Float64Array) => upGrad(gram)],
  ])(
    '%s: the tasks, each with its own gradient, combined in float64, error < 1e-4 of the largest',
    async (method, weigh) => {
      const surrogate = regularized(opposed, 0, 0);
      const gradients: number[][] = [];
      for (const { set } of cutByTask(surrogate, tasks).parts) gradients.push([...(await plainGradient([set]))]);
      const weights = weigh(gramOf(gradients));
      const expected = gradients[0].map((_, k) => 3 * gradients.reduce((sum, g, i) => sum + weights[i] * g[k], 0));
      const { gradient, stats } = await operated(method, surrogate);
      expect(errorOfLargest(gradient, expected)).toBeLessThan(1e-4);
      expect(stats.conflicts).toBe(2 / 3);
      // And it is another one than without surgery.
      expect(errorOfLargest(gradient, await plainGradient(surrogate.sets))).toBeGreaterThan(0.1);
    },
  );

  test.each(['pcgrad', 'gradvac', 'upgrad'])(
    '%s: without conflict that of GRPO, error < 1e-3 of the largest',
    async (method) => {
      const agreed = taskOfUpdate([1, 1, 1], 0);
      const { gradient, stats } = await operated(method, agreed);
      expect(stats.conflicts).toBe(0);
      expect(errorOfLargest(gradient, await plainGradient(agreed.sets))).toBeLessThan(1e-3);
    },
  );

  test('label losses are added as they are: error < 1e-4 of the largest', async () => {
    const labelled = taskOfUpdate([1, -1, 1], 0.05);
    const set = { ...labelled.sets[0], weight: new Float32Array(STATES) };
    const ofLabels = await plainGradient([set]);
    const without = (await operated('pcgrad', opposed)).gradient;
    const { gradient } = await operated('pcgrad', labelled);
    expect(errorOfLargest(ofLabels, without)).toBeGreaterThan(0.01);
    expect(errorOfLargest(gradient, sumOf(without, ofLabels))).toBeLessThan(1e-4);
  });

  test.each(['pcgrad', 'gradvac', 'upgrad'])(
    '%s: entropy bonus and KL penalty are added as they are, error < 1e-4 of the largest',
    async (method) => {
      const { sets } = regularized(opposed, 0.1, 0.2);
      const ofBoth = await plainGradient([{ ...sets[0], advantage: new Float32Array(STATES) }]);
      const without = (await operated(method, regularized(opposed, 0, 0))).gradient;
      const { gradient, stats } = await operated(method, { sets, contrastive: null });
      expect(errorOfLargest(ofBoth, without)).toBeGreaterThan(0.1);
      expect(errorOfLargest(gradient, sumOf(without, ofBoth))).toBeLessThan(1e-4);
      // And the record has every sum once.
      const plain = update(await openLearner(), sets, null, still);
      for (const key of ['policy', 'kl', 'entropy', 'approxKl'] as const) expect(stats[key]).toBeCloseTo(plain[key], 6);
    },
  );

  test('a gradient that is not finite is refused with the words of an update', async () => {
    const [set] = opposed.sets;
    const broken = {
      sets: [{ ...set, advantage: set.advantage.map((a, i) => (i === 1 ? Number.NaN : a)) }],
      contrastive: null,
    };
    await expect(operated('pcgrad', broken)).rejects.toThrow(
      'update 1: the policy loss is not finite; the step was not taken; lower learningRate or the weights of the losses, ' +
        'or check the environment for extreme observations',
    );
  });
});

test('gradvac remembers the cosines of the pairs it met, in the learner', async () => {
  const learner = await openLearner();
  const surgeon = surgeonFor(learner, 'gradvac', { gradvacBeta: 0.5 });
  expect([...learner.targets]).toEqual(new Array(9).fill(0));
  const two = cutByTask(
    taskOfUpdate([1, -1, 1], 0),
    tasks.map((task) => (task === 1 ? 1 : 2)),
  );
  await operate(learner, surgeon, two);
  const { targets } = learner;
  // Tasks 1 and 2 alone: half of their cosine, which is negative.
  expect(targets[5]).toBeLessThan(-0.01);
  expect(targets[5]).toBeGreaterThan(-0.5);
  expect([...targets].filter((target) => target === 0)).toHaveLength(7);
});

describe('tasks', () => {
  test('kinds of the environment in the order in which games name them; else every game by itself; or the sign', async () => {
    const learner = await openLearner();
    const config = resolveConfig({ method: 'pcgrad' });
    const games = trainingGames(4, 20);
    const kinds = createSurgeon(config, learner, createHousehold(), games) as Surgeon;
    expect(kinds.tasks).toBe(6);
    const [first] = games;
    const other = games.find(({ seed }) => seed % 6 !== first.seed % 6);
    expect(kinds.taskOfGame?.get(first.seed)).toBe(0);
    expect(kinds.taskOfGame?.get(other?.seed as number)).toBeGreaterThan(0);
    expect(surgeonFor(learner, 'pcgrad').tasks).toBe(3);
    const bySign = surgeonFor(learner, 'pcgrad', { conflictTasks: 'sign' });
    const rollout = { states: { states: 3 } } as Parameters<typeof tasksOf>[1];
    expect([...tasksOf(bySign, rollout, Float32Array.from([0.5, -0.1, 0]))]).toEqual([0, 1, 0]);
  });

  test('an update is cut by them, in their order, and its other losses are a round of their own', () => {
    const { parts, rest } = cutByTask(taskOfUpdate([1, 1, 1], 0.1), tasks);
    expect(parts.map(({ task, set }) => [task, set.order[0], set.order.length])).toEqual([
      [0, 0, 20],
      [1, 1, 20],
      [2, 2, 20],
    ]);
    expect(parts.every(({ set }) => set.settings.goodWeight === 0)).toBe(true);
    expect(rest?.sets.map(({ settings, advantage }) => [settings.goodWeight, ...new Set(advantage)])).toEqual([
      [0.1, 0],
    ]);
    expect(roundsOf({ parts, rest }).map((sets) => sets.length)).toEqual([1, 1, 1, 1]);
    expect(cutByTask(regularized(taskOfUpdate([1, 1, 1], 0), 0, 0), tasks).rest).toBeNull();
  });

  test('gradvac refuses more tasks than it can remember', async () => {
    const learner = await openLearner();
    const config = resolveConfig({ method: 'gradvac' });
    expect(() => createSurgeon(config, learner, environment, trainingGames(4, 1001))).toThrow(
      new Error(
        'createSurgeon: gradvac must have at most 1000 tasks, got 1001; set conflictTasks to "sign", lower trainGames or take pcgrad',
      ),
    );
  });
});
