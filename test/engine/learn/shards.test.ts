import { describe, expect, test } from 'vitest';
import { createArena } from '../../../src/engine/kernels/arena.ts';
import { SAMPLES_PER_STATE } from '../../../src/engine/learn/objective.ts';
import { addShard, type LossSet, planShards } from '../../../src/engine/learn/shards.ts';
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
  ])(
    '%i states, %i samples, repeats %s: each sample in one entry of its state, entries in at most 8 even shards or full batches',
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
      if (total < 512) expect(ends.length).toBe(1);
      else if (entries.states.length <= 8 * policy.network.batch.capacity.states) {
        const even = Math.min(8, Math.floor(total / 256));
        expect(ends.length).toBeGreaterThanOrEqual(even);
        // 9 rows are the most that one state has.
        if (ends.length === even) {
          for (const shard of shards) {
            expect(Math.abs(shard.reduce((sum, n) => sum + n, 0) - total / even)).toBeLessThan(18);
          }
        }
      }
    },
  );
});

describe('addShard', () => {
  test.each([1, 2, 3, 5, 6, 7, 8, 13])(
    '%i shards have one sum to the bit, in whatever order they come',
    async (count) => {
      const arena = await createArena();
      const random = randomStream(count, 'test/addShard');
      const floats = 37;
      const values = Array.from({ length: count }, () =>
        Float32Array.from({ length: floats }, () => (random.uniform() - 0.5) * 10 ** (random.below(7) - 3)),
      );
      const gradients = values.map(() => arena.floats(floats));
      const network = { arena, addGradient: (to: number, from: number) => arena.kernels.addInto(to, from, floats) };
      const room = { gradients, sums: gradients, counters: arena.floats(2 + count) };
      const sumIn = (order: readonly number[]): Float32Array => {
        arena.zero(room.counters, (2 + count) * 4);
        for (const [k, shard] of order.entries()) {
          expect(arena.i32[room.counters >> 2]).toBe(0);
          arena.write(gradients[shard], values[shard]);
          addShard(network, room, shard, count);
          // Told when the sum of all is in, and not before.
          expect([k, arena.i32[room.counters >> 2]]).toEqual([k, k === count - 1 ? 1 : 0]);
        }
        return arena.read(gradients[0], floats);
      };
      const order = values.map((_, k) => k);
      const expected = sumIn(order);
      // The tree, in single precision: (0 + 1) + (2 + 3) + ...
      let level: Float32Array[] = values.map((value) => value.slice());
      while (level.length > 1) {
        const next: Float32Array[] = [];
        for (let i = 0; i < level.length; i += 2) {
          next.push(i + 1 < level.length ? level[i].map((x, j) => x + level[i + 1][j]) : level[i]);
        }
        level = next;
      }
      expect(expected).toEqual(level[0]);
      for (let trial = 0; trial < 20; trial++) {
        for (let i = count - 1; i > 0; i--) {
          const j = random.below(i + 1);
          [order[i], order[j]] = [order[j], order[i]];
        }
        expect(sumIn(order)).toEqual(expected);
      }
    },
  );
});
