import { describe, expect, test } from 'vitest';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { type Batch, type Capacity, createBatch, type InputShape } from '../../../src/engine/layers/batch.ts';
import { cutBatches, cutEvenly, loadRows, loadStates } from '../../../src/engine/states/loadBatch.ts';
import { createStateList, pushState, type StateList } from '../../../src/engine/states/stateList.ts';
import { randomStream } from '../../../src/random.ts';

const bags: InputShape = {
  form: 'tokens',
  layout: 'slots',
  vocabularySize: 5,
  stateSlots: 3,
  actionSlots: 2,
  vectorWidth: 0,
};

/** Four states with 2, 1, 3 and 1 actions; state 3 has no tokens, the last action of state 2 none either. */
function fourStates(): StateList {
  const list = createStateList(bags);
  pushState(list, [4, 1, 12], [[3], [0, 9]]);
  pushState(list, [7], [[5]]);
  pushState(list, [0, 6, 7], [[2, 3, 8], [6], []]);
  pushState(list, [], [[1]]);
  return list;
}

async function batchOf(capacity: Capacity, shape = bags): Promise<{ batch: Batch; read: ReturnType<typeof reader> }> {
  const arena = await createArena();
  const batch = createBatch(arena, shape, capacity);
  return { batch, read: reader(arena, batch) };
}

function reader(arena: Awaited<ReturnType<typeof createArena>>, batch: Batch) {
  const ints = (pointer: number, count: number): number[] => [
    ...arena.i32.subarray(pointer >> 2, (pointer >> 2) + count),
  ];
  return {
    arena,
    content() {
      const { states, actions, shape } = batch;
      const stateOffsets = ints(batch.stateOffsets, states + 1);
      const actionOffsets = ints(batch.actionOffsets, actions + 1);
      return {
        rowOffsets: ints(batch.rowOffsets, states + 1),
        rowState: ints(batch.rowState, actions),
        stateOffsets,
        stateFeatures: ints(batch.stateFeatures, stateOffsets[states]),
        actionOffsets,
        actionFeatures: ints(batch.actionFeatures, actionOffsets[actions]),
        stateMask: [...arena.u8.subarray(batch.stateMask, batch.stateMask + states * shape.stateSlots)],
        actionMask: [...arena.u8.subarray(batch.actionMask, batch.actionMask + actions * shape.actionSlots)],
      };
    },
  };
}

const roomy: Capacity = { states: 4, actions: 8, stateFeatures: 16, actionFeatures: 16 };

describe('loadStates', () => {
  test('packs states in the order given, with offsets from 0 and masks of the slots that hold tokens', async () => {
    const { batch, read } = await batchOf(roomy);
    loadStates(read.arena, batch, fourStates(), [1, 3, 2, 0], 1, 4);
    expect([batch.states, batch.actions]).toEqual([3, 6]);
    expect(read.content()).toEqual({
      rowOffsets: [0, 1, 4, 6],
      rowState: [0, 1, 1, 1, 2, 2],
      stateOffsets: [0, 0, 3, 6],
      stateFeatures: [0, 4, 7, 12, 3, 8],
      actionOffsets: [0, 1, 4, 5, 5, 6, 8],
      actionFeatures: [2, 4, 6, 7, 3, 6, 0, 9],
      stateMask: [0, 0, 0, 1, 1, 0, 1, 0, 1],
      actionMask: [1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1],
    });
  });

  test('a smaller batch leaves nothing of the one before', async () => {
    const list = fourStates();
    const { batch, read } = await batchOf(roomy);
    loadStates(read.arena, batch, list, [2, 0], 0, 2);
    loadStates(read.arena, batch, list, [3], 0, 1);
    const again = read.content();
    const fresh = await batchOf(roomy);
    loadStates(fresh.read.arena, fresh.batch, list, [3], 0, 1);
    expect(again).toEqual(fresh.read.content());
  });

  test('vectors follow their states; the one slot of an action id always holds it', async () => {
    const shape: InputShape = { ...bags, form: 'vector', stateSlots: 0, actionSlots: 1, vectorWidth: 2 };
    const list = createStateList(shape);
    pushState(list, Float32Array.from([1, 2]), [4, 0]);
    pushState(list, Float32Array.from([3, 4]), [2]);
    const { batch, read } = await batchOf(roomy, shape);
    loadStates(read.arena, batch, list, [1, 0], 0, 2);
    expect([...read.arena.read(batch.vectors, 4)]).toEqual([3, 4, 1, 2]);
    expect(read.content()).toMatchObject({ actionFeatures: [2, 4, 0], actionMask: [1, 1, 1] });
  });

  test.each<[string, Partial<Capacity>, number]>([
    ['states', { states: 2 }, 2],
    ['actions', { actions: 5 }, 2],
    ['state tokens', { stateFeatures: 6 }, 2],
    ['action tokens', { actionFeatures: 3 }, 1],
  ])('refuses more %s than the batch holds', async (_, less, at) => {
    const capacity = { ...roomy, ...less };
    const { batch, read } = await batchOf(capacity);
    const { states, actions, stateFeatures, actionFeatures } = capacity;
    expect(() => loadStates(read.arena, batch, fourStates(), [0, 1, 2], 0, 3)).toThrow(
      new RangeError(
        `loadStates: a batch must hold at most ${states} states with ${stateFeatures} tokens and ${actions} actions with ${actionFeatures} tokens, got more at its state ${at}; load what cutBatches allows`,
      ),
    );
  });
});

test('loadRows: each action row is a state of its own with this one candidate', async () => {
  const { batch, read } = await batchOf(roomy);
  // Rows 4 and 1 belong to states 2 and 0.
  loadRows(read.arena, batch, fourStates(), [0, 4, 1], 1, 3);
  expect([batch.states, batch.actions]).toEqual([2, 2]);
  expect(read.content()).toEqual({
    rowOffsets: [0, 1, 2],
    rowState: [0, 1],
    stateOffsets: [0, 3, 6],
    stateFeatures: [0, 4, 7, 12, 3, 8],
    actionOffsets: [0, 1, 3],
    actionFeatures: [3, 0, 9],
    stateMask: [1, 1, 0, 1, 0, 1],
    actionMask: [0, 1, 1, 1],
  });
});

describe('cutBatches', () => {
  const list = fourStates();
  const order = [0, 1, 2, 3];

  test('one run where all fits, none of an empty order', () => {
    expect(cutBatches(list, order, roomy)).toEqual([4]);
    expect(cutBatches(list, [], roomy)).toEqual([]);
  });

  test.each<[string, Partial<Capacity>, number[]]>([
    ['states', { states: 3 }, [3, 4]],
    ['actions', { actions: 3 }, [2, 3, 4]],
    ['state tokens', { stateFeatures: 4 }, [2, 4]],
    ['action tokens', { actionFeatures: 4 }, [2, 3, 4]],
  ])('cuts where the %s are full', (_, less, ends) => {
    expect(cutBatches(list, order, { ...roomy, ...less })).toEqual(ends);
  });

  test('cuts at maxStates, and follows the order given', () => {
    expect(cutBatches(list, order, roomy, 2)).toEqual([2, 4]);
    expect(cutBatches(list, [2, 2, 0], { ...roomy, actions: 5 })).toEqual([1, 3]);
  });

  test('whatever it cuts, loadStates takes', async () => {
    const capacity = { states: 3, actions: 4, stateFeatures: 5, actionFeatures: 5 };
    const { batch, read } = await batchOf(capacity);
    const long = Array.from({ length: 40 }, (_, i) => (i * 7) % 4);
    let from = 0;
    let states = 0;
    for (const to of cutBatches(list, long, capacity)) {
      loadStates(read.arena, batch, list, long, from, to);
      states += batch.states;
      from = to;
    }
    expect(states).toBe(40);
  });

  test.each<[Partial<Capacity>, number[]]>([
    [{ actions: 2 }, [1, 2, 3, 5, 6]],
    [{ stateFeatures: 2 }, [1, 2, 3, 6]],
    [{ actionFeatures: 3 }, [1, 2, 3, 6]],
  ])('a state that needs more than %j is a batch of its own, for which the batch grows', async (less, expected) => {
    const capacity = { ...roomy, ...less };
    expect(cutBatches(list, [2], capacity)).toEqual([1]);
    const order = [1, 2, 2, 1, 3, 1];
    const ends = cutBatches(list, order, capacity);
    expect(ends).toEqual(expected);
    const { batch, read } = await batchOf(capacity);
    const fresh = await batchOf(roomy);
    for (const [i, to] of ends.entries()) {
      const from = i === 0 ? 0 : ends[i - 1];
      loadStates(read.arena, batch, list, order, from, to);
      loadStates(fresh.read.arena, fresh.batch, list, order, from, to);
      expect(read.content()).toEqual(fresh.read.content());
    }
    expect(batch.capacity).toEqual(capacity);
    for (const [name, size] of Object.entries(less)) expect(batch.room[name as keyof Capacity]).toBeGreaterThan(size);
    // What lists are cut by stays as it was.
    expect(cutBatches(list, order, batch.capacity)).toEqual(ends);
  });

  test('a batch for which the memory has no room stays as it was', async () => {
    const { batch, read } = await batchOf(roomy);
    loadStates(read.arena, batch, list, [2, 0], 0, 2);
    const before = read.content();
    const mark = read.arena.mark();
    expect(() => batch.grow({ states: 1, actions: 2 ** 30, stateFeatures: 1, actionFeatures: 1 })).toThrow(
      new RangeError(
        'batch: the memory must hold a state with 1 tokens and 1073741824 actions with 1 tokens, got too little; use fewer threads, a smaller policy, or an environment with fewer actions',
      ),
    );
    expect([read.content(), batch.room, read.arena.mark()]).toEqual([before, roomy, mark]);
  });
});

describe('cutEvenly', () => {
  const list = fourStates();

  test('equally many action rows where states allow it', () => {
    // Rows: 2, 1, 3, 1, 2, 1, 3, 1.
    const order = Int32Array.of(0, 1, 2, 3, 0, 1, 2, 3);
    const large = { states: 8, actions: 32, stateFeatures: 64, actionFeatures: 64 };
    expect(cutEvenly(list, order, large, 1)).toEqual([8]);
    expect(cutEvenly(list, order, large, 2)).toEqual([4, 8]);
    expect(cutEvenly(list, order, large, 4)).toEqual([3, 4, 7, 8]);
    expect(cutEvenly(list, new Int32Array(0), large, 3)).toEqual([]);
  });

  test('a run that does not fit is cut once more', () => {
    const order = Int32Array.of(0, 1, 2, 3, 0, 1, 2, 3);
    expect(cutEvenly(list, order, { states: 3, actions: 32, stateFeatures: 64, actionFeatures: 64 }, 2)).toEqual([
      3, 4, 7, 8,
    ]);
  });

  test.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'seed %i: all in order, none empty, each fits, and at most a state from even',
    (seed) => {
      const random = randomStream(seed, 'test/cutEvenly');
      const order = Int32Array.from({ length: random.below(60) }, () => random.below(4));
      const parts = 1 + random.below(9);
      const large = { states: 64, actions: 256, stateFeatures: 256, actionFeatures: 256 };
      const tight = {
        states: 3 + random.below(5),
        actions: 5 + random.below(9),
        stateFeatures: 4 + random.below(9),
        actionFeatures: 12,
      };
      const rowsOf = (from: number, to: number): number =>
        order.slice(from, to).reduce((sum, s) => sum + list.rowOffsets[s + 1] - list.rowOffsets[s], 0);
      const even = cutEvenly(list, order, large, parts);
      expect(even.length).toBeLessThanOrEqual(parts);
      const total = rowsOf(0, order.length);
      for (const [k, end] of even.entries()) {
        expect(end).toBeGreaterThan(k === 0 ? 0 : even[k - 1]);
        // 3 rows are the most that one state has.
        if (even.length === parts) expect(Math.abs(rowsOf(0, end) - (total * (k + 1)) / parts)).toBeLessThan(3);
      }
      expect(even.at(-1) ?? 0).toBe(order.length);
      const cut = cutEvenly(list, order, tight, parts);
      for (const end of even) expect(cut).toContain(end);
      let from = 0;
      for (const to of cut) {
        expect(cutBatches(list, order.slice(from, to), tight)).toEqual([to - from]);
        from = to;
      }
      expect(from).toBe(order.length);
    },
  );
});
