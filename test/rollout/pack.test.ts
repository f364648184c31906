import { describe, expect, test } from 'vitest';
import { packArray, packRollout, packStates } from '../../src/rollout/pack.ts';
import { collectAll, policyFor, someGames, sources } from './shares.ts';

describe('packArray', () => {
  const array = Float32Array.from([1, 2, 3, 4]);

  test('copies the first elements, so that later writes of the sender have no effect', () => {
    for (const shared of [false, true]) {
      const packed = packArray(array, 3, shared);
      expect(packed).toBeInstanceOf(Float32Array);
      expect([...packed]).toEqual([1, 2, 3]);
      expect(packed.buffer).toBeInstanceOf(shared ? SharedArrayBuffer : ArrayBuffer);
      expect(packed.buffer.byteLength).toBe(12);
      packed[0] = 9;
      expect(array[0]).toBe(1);
    }
  });

  test.each([Int8Array.of(-1, 1), Uint8Array.of(255, 1), Int32Array.of(-70_000, 1), Float64Array.of(0.1, -0)])(
    'keeps the type of %o',
    (values) => {
      for (const shared of [false, true]) expect(packArray(values, 2, shared)).toStrictEqual(values);
    },
  );
});

describe.each(sources)('%s', (_, hasExpert, open) => {
  test('a packed list contains the same states in its own buffers of the exact length', async () => {
    const source = await open();
    const policy = await policyFor(source.create());
    const { states: list } = await collectAll(source, policy, someGames(5));
    for (const shared of [false, true]) {
      const packed = packStates(list, shared);
      const { shape, states, actions, stateOffsets, actionOffsets } = list;
      expect([packed.shape, packed.states, packed.actions]).toEqual([shape, states, actions]);
      const lengths = {
        rowOffsets: states + 1,
        stateOffsets: states + 1,
        actionOffsets: actions + 1,
        stateFeatures: stateOffsets[states],
        actionFeatures: actionOffsets[actions],
        vectors: states * shape.vectorWidth,
      };
      for (const [key, length] of Object.entries(lengths) as [keyof typeof lengths, number][]) {
        expect([key, packed[key].length, packed[key].byteLength]).toEqual([key, length, packed[key].buffer.byteLength]);
        expect(packed[key]).toEqual(list[key].subarray(0, length));
      }
    }
  });

  test('the arrays of a packed rollout are copies in one buffer, which can be transferred', async () => {
    const source = await open();
    const policy = await policyFor(source.create());
    const rollout = await collectAll(source, policy, someGames(5));
    const packed = packRollout(rollout);
    const arrays = [...Object.values(packed), ...Object.values(packed.states)].filter((x) => ArrayBuffer.isView(x));
    const buffers = new Set(arrays.map((array) => array.buffer));
    // 9 by state, 3 by episode, the expert's, 6 of the list.
    expect(arrays.length).toBe(19);
    expect(buffers.size).toBe(1);
    expect(buffers).not.toContain(rollout.returns.buffer);
    const ends = arrays.map(({ byteOffset, byteLength }) => [byteOffset, byteOffset + byteLength]);
    ends.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    for (let k = 1; k < ends.length; k++) expect(ends[k][0]).toBeGreaterThanOrEqual(ends[k - 1][1]);
    const { states } = rollout.states;
    for (const key of ['episode', 'step', 'taken', 'logProb', 'hash', 'nextHash', 'reward', 'terminated'] as const) {
      expect([key, packed[key]]).toEqual([key, rollout[key].slice(0, states)]);
      expect(packed[key].buffer).not.toBe(rollout[key].buffer);
    }
    const rows = hasExpert ? rollout.states.actions : 0;
    expect(packed.expert).toEqual(rollout.expert.slice(0, rows));
    expect([packed.returns, packed.lengths, packed.games]).toEqual([rollout.returns, rollout.lengths, rollout.games]);
  });
});
