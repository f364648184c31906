import { expect, test } from 'vitest';
import { gramMatrix } from '../../src/coupling/gram.ts';
import {
  keyOf,
  type LabelledStates,
  type PairSample,
  type SamplePairs,
  samplesOf,
} from '../../src/coupling/samplePairs.ts';
import { type Spillover, spillover } from '../../src/coupling/spillover.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { createPolicy, type Policy, takenLogProbs } from '../../src/engine/policy/policy.ts';
import { inputShape } from '../../src/engine/states/stateList.ts';
import type { VectorSpec } from '../../src/env/environment.ts';
import { runAtOnce } from '../../src/eventLoop.ts';
import { randomStream } from '../../src/random.ts';
import { randomStates } from '../engine/layers/randomNetwork.ts';

const spec: VectorSpec = {
  name: 'vectors',
  version: '1',
  maxSteps: 9,
  hasExpert: false,
  form: 'vector',
  vectorWidth: 7,
  actionCount: 5,
};
const list = randomStates(inputShape(spec), randomStream(5, 'test/spillover'), 6, 5);
const side: LabelledStates = { states: list, labels: new Int8Array(list.actions), game: new Int32Array(list.states) };

/** Spillover from one good sample to one bad sample in each other state. */
function spill(policy: Policy, state: number, action: number): Spillover {
  const good: PairSample = { side: 0, state, action, good: true };
  const bad = Array.from(
    { length: list.states },
    (_, s): PairSample => ({ side: 1, state: s, action: 0, good: false }),
  );
  const others = bad.filter((sample) => sample.state !== state);
  const samplePairs: SamplePairs = {
    sides: [side, side],
    byClass: { goodGood: [], goodBad: others.map((sample) => [good, sample] as const), badBad: [] },
  };
  const between = gramMatrix(
    policy,
    policy.weights,
    samplesOf(samplePairs, 0, [good]),
    samplesOf(samplePairs, 1, others),
  );
  const places = new Map(others.map((sample, i) => [keyOf(sample), i]));
  return runAtOnce(spillover(policy, policy.weights, samplePairs, between, new Map([[keyOf(good), 0]]), places));
}

test('where the good action has a probability of almost 1 no step is taken: spillover is 0, without overflow', async () => {
  const sizes = { tokenWidth: 6, matchWidth: 4, hidden: 16, embedding: 8, blocks: 0, heads: 2, logitScale: 1 };
  const policy = createPolicy(await createArena(), spec, { policy: 'mlp', ...sizes });
  const { arena, network, weights } = policy;
  network.initialise(weights, 9);
  network.prepare(weights);
  // The action with the largest margin over the others of its state; then all margins grow.
  let lead = 0;
  let surest = { state: 0, action: 0 };
  for (let state = 0; state < list.states; state++) {
    const actions = Array.from({ length: list.rowOffsets[state + 1] - list.rowOffsets[state] }, (_, a) => a);
    const logP = takenLogProbs(
      policy,
      weights,
      list,
      actions.map(() => state),
      actions,
    );
    const [first, second = first] = [...logP].sort((a, b) => b - a);
    if (first - second > lead) {
      lead = first - second;
      surest = { state, action: logP.indexOf(first) };
    }
  }
  const before = spill(policy, surest.state, surest.action);
  expect(before.stepSize).toBeGreaterThan(0);
  expect(before.relativeError).toBeLessThan(0.1);
  const head = network.parameters.find(({ name }) => name === 'policyHead.weight');
  if (!head) throw new Error('an mlp has a policy head');
  arena.kernels.scaleBy(weights + head.offset, head.size, 60 / lead);
  network.prepare(weights);
  const { stepSize, predicted, actual, relativeError } = spill(policy, surest.state, surest.action);
  expect([stepSize, predicted, actual, relativeError]).toEqual([0, 0, 0, 0]);
});
