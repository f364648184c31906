import { describe, expect, test } from 'vitest';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { createBatch } from '../../../src/engine/layers/batch.ts';
import { cutBatches, loadStates } from '../../../src/engine/states/loadBatch.ts';
import { placeLists } from '../../../src/engine/states/placedLists.ts';
import { collectAll, policyFor, someGames, sources } from '../../rollout/shares.ts';

describe.each(sources)('%s', (_, __, open) => {
  test('batches of lists placed in an arena are those of loadStates, to the byte, also of longer lists placed later', async () => {
    const source = await open();
    const policy = await policyFor(source.create());
    const { shape, capacity } = policy.network.batch;
    const [short, other, long] = await Promise.all(
      [someGames(2), someGames(3).slice(1), someGames(9)].map((games) => collectAll(source, policy, games)),
    );
    const arena = await createArena();
    const expected = createBatch(arena, shape, capacity);
    const placed = createBatch(arena, shape, capacity);
    const bytes = (address: number, length: number): Uint8Array => arena.u8.slice(address, address + length);
    for (const rollouts of [[short, other], [long]]) {
      const loads = placeLists(
        arena,
        rollouts.map(({ states }) => states),
      );
      for (const [k, { states: list }] of rollouts.entries()) {
        const order = Int32Array.from({ length: list.states }, (_, i) => (i * 7 + 3) % list.states);
        let from = 0;
        for (const to of cutBatches(list, order, capacity, 50)) {
          loadStates(arena, expected, list, order, from, to);
          loads[k](arena, placed, list, order, from, to);
          const { states, actions } = expected;
          expect([placed.states, placed.actions]).toEqual([states, actions]);
          const [ofStates, ofActions] = [expected.stateOffsets + 4 * states, expected.actionOffsets + 4 * actions];
          const lengths = {
            rowOffsets: 4 * (states + 1),
            rowState: 4 * actions,
            stateOffsets: 4 * (states + 1),
            stateFeatures: 4 * arena.i32[ofStates >> 2],
            actionOffsets: 4 * (actions + 1),
            actionFeatures: 4 * arena.i32[ofActions >> 2],
            stateMask: states * shape.stateSlots,
            actionMask: actions * shape.actionSlots,
            vectors: 4 * states * shape.vectorWidth,
          };
          for (const [name, length] of Object.entries(lengths)) {
            const key = name as keyof typeof lengths;
            expect(bytes(placed[key], length), name).toEqual(bytes(expected[key], length));
          }
          from = to;
        }
        expect(from).toBe(list.states);
      }
    }
  });
});
