import { describe, expect, test } from 'vitest';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { KL_TOLERANCE, openDial } from '../../../src/engine/learn/stepScale.ts';
import { createPolicy, type Policy, takenLogProbs } from '../../../src/engine/policy/policy.ts';
import { createStateList, inputShape, type StateList } from '../../../src/engine/states/stateList.ts';
import { createLookAlike } from '../../../src/env/lookAlike.ts';
import { randomStream } from '../../../src/random.ts';
import { randomStates } from '../layers/randomNetwork.ts';

const { spec } = createLookAlike();
const STATES = 40;
const list: StateList = randomStates(
  createStateList(inputShape(spec)).shape,
  randomStream(2, 'test/stepScale'),
  STATES,
  5,
);
const order = Int32Array.from({ length: STATES }, (_, i) => (i * 11) % STATES);

async function openPolicy(): Promise<Policy> {
  const sizes = { tokenWidth: 6, matchWidth: 4, hidden: 16, embedding: 8, blocks: 0, heads: 2, logitScale: 1 };
  const policy = createPolicy(await createArena(), spec, { policy: 'mlp', ...sizes });
  policy.network.initialise(policy.weights, 5);
  policy.network.prepare(policy.weights);
  return policy;
}

/** Adds `size` times a seeded direction to the weights. */
function move(policy: Policy, size: number): Float32Array {
  const { arena, network, weights } = policy;
  const random = randomStream(7, 'test/stepScale/direction');
  const before = arena.read(weights, network.size);
  arena.write(
    weights,
    before.map((x) => x + size * (2 * random.uniform() - 1)),
  );
  network.prepare(weights);
  return before;
}

/** log pi of every action of the states, one state after another, in double precision of the policy's values. */
function logProbs(policy: Policy, states: ArrayLike<number>, temperature: number): number[][] {
  return Array.from(states, (s) => {
    const actions = list.rowOffsets[s + 1] - list.rowOffsets[s];
    const repeated = new Int32Array(actions).fill(s);
    const taken = repeated.map((_, a) => a);
    return [...takenLogProbs(policy, policy.weights, list, repeated, taken, temperature)];
  });
}

function meanKl(before: number[][], after: number[][]): number {
  const kls = before.map((row, s) => row.reduce((sum, x, a) => sum + Math.exp(x) * (x - after[s][a]), 0));
  return kls.reduce((sum, x) => sum + x, 0) / kls.length;
}

const dial = (target: number, temperature = 1) => ({ set: { list, order, repeats: null }, temperature, target });

describe('openDial', () => {
  test.each([1e-4, 1e-3, 0.01, 0.1])(
    'reaches a mean KL of %f within 1% for steps too short and too long, and keeps the direction',
    async (target) => {
      for (const size of [1e-3, 0.03, 0.5]) {
        const policy = await openPolicy();
        const { arena, network, weights } = policy;
        const old = logProbs(policy, order, 1);
        const scaleStep = openDial(policy, dial(target));
        const start = move(policy, size);
        const stepped = arena.read(weights, network.size);
        const { kl, scale, reached } = scaleStep();
        expect(reached).toBe(true);
        expect(Math.abs(kl / target - 1)).toBeLessThanOrEqual(KL_TOLERANCE);
        expect(Math.abs(meanKl(old, logProbs(policy, order, 1)) / kl - 1)).toBeLessThan(0.02);
        const scaled = arena.read(weights, network.size);
        for (let k = 0; k < network.size; k++) {
          const expected = start[k] + scale * Math.fround(stepped[k] - start[k]);
          expect(Math.abs(scaled[k] - expected)).toBeLessThan(1e-6);
        }
      }
    },
  );

  test('equal states are counted as often as they occur', async () => {
    const pair = Int32Array.of(0, 1, 1, 1, 2);
    const repeats = Int32Array.from({ length: STATES }, (_, s) => (s === 2 ? 0 : s));
    const results = [];
    for (const set of [
      { list, order: pair, repeats },
      { list, order: Int32Array.of(0, 1, 1, 1, 0), repeats: null },
    ]) {
      const policy = await openPolicy();
      const scaleStep = openDial(policy, { set, temperature: 1, target: 0.01 });
      move(policy, 0.1);
      results.push(scaleStep());
    }
    expect(results[0]).toEqual(results[1]);
  });

  test('the divergence is that of the policy at its temperature', async () => {
    const policy = await openPolicy();
    const old = logProbs(policy, order, 0.5);
    const scaleStep = openDial(policy, dial(0.02, 0.5));
    move(policy, 0.1);
    const { kl } = scaleStep();
    expect(Math.abs(meanKl(old, logProbs(policy, order, 0.5)) / kl - 1)).toBeLessThan(0.02);
    expect(Math.abs(meanKl(logProbs(policy, order, 1), old) / kl - 1)).toBeGreaterThan(0.1);
  });

  test('a step that changes no weight stays, and is stated as not reached', async () => {
    const policy = await openPolicy();
    const scaleStep = openDial(policy, dial(0.01));
    const start = move(policy, 0);
    expect(scaleStep()).toEqual({ kl: 0, scale: 1, reached: false });
    expect(policy.arena.read(policy.weights, policy.network.size)).toEqual(start);
  });
});
