import { describe, expect, test } from 'vitest';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { SAMPLES_PER_STATE } from '../../../src/engine/learn/objective.ts';
import { type LossSet, planShards } from '../../../src/engine/learn/shards.ts';
import { createPolicy, type Policy } from '../../../src/engine/policy/policy.ts';
import { inputShape } from '../../../src/engine/states/stateList.ts';
import type { VectorSpec } from '../../../src/env/environment.ts';
import { randomStream } from '../../../src/random.ts';
import { randomStates } from '../layers/randomNetwork.ts';

const spec: VectorSpec = {
  name: 'vectors',
  version: '1',
  maxSteps: 9,
  hasExpert: false,
  form: 'vector',
  vectorWidth: 3,
  actionCount: 9,
};

async function openPolicy(): Promise<Policy> {
  const sizes = { tokenWidth: 4, matchWidth: 4, hidden: 8, embedding: 4, blocks: 0, heads: 2, logitScale: 1 };
  return createPolicy(await createArena(), spec, { policy: 'mlp', ...sizes });
}

/** A set of `count` samples of `states` states, the later half of which repeat the first. */
function lossSet(states: number, count: number, repeated: boolean): LossSet {
  const random = randomStream(states, `test/shards/${count}`);
  const list = randomStates(inputShape(spec), random, states, 9);
  return {
    list,
    order: Int32Array.from({ length: count }, () => random.below(states)),
    taken: new Int32Array(states),
    oldLogProb: new Float32Array(states),
    refLogProb: null,
    advantage: new Float32Array(states),
    weight: new Float32Array(count),
    cloningWeight: null,
    labels: null,
    repeats: repeated ? Int32Array.from({ length: states }, (_, s) => s % Math.ceil(states / 2)) : null,
    settings: {
      epsilon: 0.2,
      epsilonHigh: 0.2,
      beta: 0,
      entropyCoef: 0,
      temperature: 1,
      cloningCoef: 0,
      goodWeight: 0,
      badWeight: 0,
    },
  };
}

describe('planShards', () => {
  test.each([
    [1, 1, false],
    [40, 30, false],
    [200, 150, false],
    [200, 150, true],
    [3, 400, true],
    [900, 2000, true],
    [2500, 2500, false],
  ])(
    '%i states, %i samples, repeats %s: each sample in one entry of its state, entries in even shards of at least 170 rows, as many as a power of two, or full batches',
    async (states, count, repeated) => {
      const policy = await openPolicy();
      const set = lossSet(states, count, repeated);
      const { entries, ends } = planShards(set, policy);
      const seen = new Int32Array(count);
      for (let e = 0; e < entries.states.length; e++) {
        const samples = entries.samples.subarray(entries.offsets[e], entries.offsets[e + 1]);
        expect(samples.length).toBeGreaterThan(0);
        expect(samples.length).toBeLessThanOrEqual(repeated ? SAMPLES_PER_STATE : 1);
        for (const i of samples) {
          seen[i]++;
          expect(set.repeats ? set.repeats[set.order[i]] : set.order[i]).toBe(entries.states[e]);
        }
        // In the order of the set.
        expect([...samples]).toEqual([...samples].sort((a, b) => a - b));
      }
      expect(seen.every((n) => n === 1)).toBe(true);
      expect(ends.at(-1)).toBe(entries.states.length);
      const rows = [...entries.states].map((s) => set.list.rowOffsets[s + 1] - set.list.rowOffsets[s]);
      const total = rows.reduce((sum, n) => sum + n, 0);
      const shards = ends.map((end, k) => rows.slice(k === 0 ? 0 : ends[k - 1], end));
      for (const shard of shards) expect(shard.length).toBeLessThanOrEqual(policy.network.batch.capacity.states);
      const even = 2 ** Math.floor(Math.log2(Math.max(1, Math.min(64, total / 170))));
      expect(ends.length).toBeGreaterThanOrEqual(even);
      if (entries.states.length <= even * policy.network.batch.capacity.states) expect(ends.length).toBe(even);
      // 9 rows are the most that one state has.
      if (ends.length === even) {
        for (const shard of shards)
          expect(Math.abs(shard.reduce((sum, n) => sum + n, 0) - total / even)).toBeLessThan(18);
      }
    },
  );
});
