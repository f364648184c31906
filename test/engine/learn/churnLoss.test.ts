import { expect, test } from 'vitest';
import { index32 } from '../../../src/engine/kernels/address.ts';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { type ChurnSet, churnLoss, sumOfLosses } from '../../../src/engine/learn/churnLoss.ts';
import { contrastiveLoss } from '../../../src/engine/learn/contrastive.ts';
import { createLearner, type Learner, update, type WholeLoss } from '../../../src/engine/learn/update.ts';
import { actionLogProbs, createPolicy, type Policy } from '../../../src/engine/policy/policy.ts';
import { cutBatches, loadStates } from '../../../src/engine/states/loadBatch.ts';
import { inputShape, type StateList } from '../../../src/engine/states/stateList.ts';
import type { EnvironmentSpec } from '../../../src/env/environment.ts';
import { randomStream } from '../../../src/random.ts';
import { gradientByDifferences } from '../../reference/finiteDifferences.ts';
import { policyKl } from '../../reference/policyLoss.ts';
import { randomStates } from '../layers/randomNetwork.ts';
import { errorOfLargest } from '../policy/golden.ts';
import { still } from '../policy/goldenLosses.ts';

const common = { name: 'churn', version: '1', maxSteps: 9, hasExpert: false };
const vectors: EnvironmentSpec = { ...common, form: 'vector', vectorWidth: 5, actionCount: 5 };
const tokens: EnvironmentSpec = {
  ...{ ...common, form: 'tokens', layout: 'slots', stateSlots: 3, actionSlots: 2 },
  vocabulary: ['a', 'b', 'c', 'd', 'e'],
};
const sizes = { tokenWidth: 4, matchWidth: 3, hidden: 7, embedding: 5, blocks: 0, heads: 1, logitScale: 5 };
const temperature = 0.5;

interface Opened {
  readonly learner: Learner;
  readonly list: StateList;
  /** Weights of another policy, prepared. */
  readonly earlier: number;
}

async function open(spec: EnvironmentSpec, capacity = 128, valueHead = false): Promise<Opened> {
  const kind = spec.form === 'vector' ? 'mlp' : 'attention';
  const policy = createPolicy(await createArena(), spec, { policy: kind, ...sizes, valueHead }, capacity);
  const { arena, network, weights } = policy;
  const earlier = arena.floats(network.vectorSize);
  for (const [w, seed] of [
    [earlier, 8],
    [weights, 12],
  ]) {
    network.initialise(w, seed);
    network.prepare(w);
  }
  const list = randomStates(inputShape(spec), randomStream(2, 'test/churn'), 24, 5);
  return { learner: createLearner(policy), list, earlier };
}

const states = Int32Array.from([3, 0, 7, 8, 9, 11, 12, 20, 23, 1]);
const weights = Float32Array.from(states, (_, i) => (i + 1) / 55);
const setOf = (list: StateList, changes: Partial<ChurnSet> = {}): ChurnSet => ({
  ...{ list, states, weights, coef: 1, temperature },
  ...changes,
});

/** Log-probabilities of the states under the weights, and the offsets of the states. */
function logProbsOf(policy: Policy, w: number, list: StateList): { logP: number[]; offsets: number[] } {
  const { arena, network } = policy;
  const logP: number[] = [];
  const offsets = [0];
  let from = 0;
  for (const to of cutBatches(list, states, network.batch.capacity)) {
    loadStates(arena, network.batch, list, states, from, to);
    actionLogProbs(policy, w, temperature);
    const at = index32(policy.logProbs);
    logP.push(...arena.f32.slice(at, at + network.batch.actions));
    for (let i = from; i < to; i++) {
      offsets.push(offsets[i] + list.rowOffsets[states[i] + 1] - list.rowOffsets[states[i]]);
    }
    from = to;
  }
  return { logP, offsets };
}

/** One gradient of a loss: its vector, and the divergences that it reported. */
function gradientOf({ learner, list, earlier }: Opened, changes: Partial<ChurnSet> = {}, at = earlier) {
  const divergences: number[] = [];
  const loss = churnLoss(
    setOf(list, changes),
    () => at,
    (x) => divergences.push(x),
  );
  const { gradNorm } = update(learner, [], loss, still);
  const { arena, network } = learner.policy;
  return { g: arena.read(learner.gradients[0], network.size), divergences, gradNorm };
}

test.each([
  ['mlp', vectors],
  ['attention', tokens],
] as const)(
  '%s: the divergence in float64, and the gradient of all parameters by differences, error < 2e-3 of the largest',
  async (_, spec) => {
    const opened = await open(spec);
    const { policy } = opened.learner;
    const { arena, network } = policy;
    const { g, divergences } = gradientOf(opened);
    const old = logProbsOf(policy, opened.earlier, opened.list);
    const divergence = (): number => {
      network.prepare(policy.weights);
      return policyKl(old.offsets, logProbsOf(policy, policy.weights, opened.list).logP, old.logP, weights);
    };
    expect(divergences).toHaveLength(1);
    expect(divergences[0]).toBeGreaterThan(0.01);
    expect(errorOfLargest(divergences, [divergence()])).toBeLessThan(1e-5);
    // The step is small and the seed chosen so that no relu of the attention policy has its kink within a step.
    const expected: number[] = [];
    const actual: number[] = [];
    for (const { offset, size } of network.parameters) {
      const start = arena.read(policy.weights + offset, size);
      const f = (x: Float64Array): number => {
        arena.write(policy.weights + offset, x);
        return divergence();
      };
      expected.push(...gradientByDifferences(f, start, 1 / 2048));
      arena.write(policy.weights + offset, start);
      actual.push(...g.subarray(offset / 4, offset / 4 + size));
    }
    expect(errorOfLargest(actual, expected)).toBeLessThan(2e-3);
  },
);

test('against the present policy itself the divergence is 0 and the gradient 0 to the bit', async () => {
  const opened = await open(vectors);
  const { g, divergences, gradNorm } = gradientOf(opened, {}, opened.learner.policy.weights);
  expect(divergences).toEqual([0]);
  expect(gradNorm).toBe(0);
  expect(g.every((x) => x === 0)).toBe(true);
});

test('the weights of the present policy and the other heads stay, and coef scales the gradient alone', async () => {
  const opened = await open(vectors, 128, true);
  const { arena, network, weights: w } = opened.learner.policy;
  const before = arena.read(w, network.vectorSize);
  const once = gradientOf(opened);
  expect(arena.read(w, network.vectorSize)).toEqual(before);
  const half = gradientOf(opened, { coef: 0.5 });
  expect(half.divergences).toEqual(once.divergences);
  expect(half.g).toEqual(once.g.map((x) => 0.5 * x));
  const reached = network.parameters.filter(({ offset, size }) =>
    once.g.subarray(offset / 4, offset / 4 + size).some((x) => x !== 0),
  );
  const heads = reached.map(({ name }) => name).filter((name) => name.includes('Head'));
  expect(heads).toEqual(['policyHead.weight']);
});

test('in batches of three states: the divergence and the gradient of one batch, error < 1e-5 of the largest', async () => {
  const [whole, cut] = [gradientOf(await open(vectors)), gradientOf(await open(vectors, 3))];
  expect(errorOfLargest(cut.divergences, whole.divergences)).toBeLessThan(1e-5);
  expect(errorOfLargest(cut.g, whole.g)).toBeLessThan(1e-5);
});

test.each([3, 128])(
  'with the contrastive loss, batches of %i: the sum of both, each as it is alone',
  async (capacity) => {
    const opened = await open(vectors, capacity);
    const { learner, list, earlier } = opened;
    const labels = Int8Array.from({ length: list.actions }, (_, i) => i % 2);
    const rows = Int32Array.from({ length: 9 }, (_, i) => 3 * i);
    const contrastive = contrastiveLoss({ list, rows, labels, temperature: 0.2, coef: 1 });
    const churn = churnLoss(
      setOf(list),
      () => earlier,
      () => {},
    );
    const run = (loss: WholeLoss | null) => {
      const stats = update(learner, [], loss, still);
      return { g: learner.policy.arena.read(learner.gradients[0], learner.policy.network.size), stats };
    };
    const [both, swapped, first, second] = [
      run(sumOfLosses(contrastive, churn)),
      run(sumOfLosses(churn, contrastive)),
      run(contrastive),
      run(churn),
    ];
    const sum = first.g.map((x, i) => x + second.g[i]);
    expect(errorOfLargest(both.g, sum)).toBeLessThan(1e-6);
    expect(errorOfLargest(swapped.g, sum)).toBeLessThan(1e-6);
    expect(both.stats.contrastive).toBe(first.stats.contrastive);
    expect(second.stats.contrastive).toBe(0);
    expect(sumOfLosses(null, churn)).toBe(churn);
    expect(sumOfLosses(contrastive, null)).toBe(contrastive);
    expect(sumOfLosses(null, null)).toBeNull();
  },
);
