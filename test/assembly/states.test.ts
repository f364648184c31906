import { expect, test } from 'vitest';
import type { InputShape } from '../../src/engine/layers/batch.ts';
import { findRepeats } from '../../src/engine/states/repeats.ts';
import { createStateList, pushState } from '../../src/engine/states/stateList.ts';
import { randomStream } from '../../src/random.ts';
import { lengths, offsetsOf, openWorkbench } from './workbench.ts';

const newCase = await openWorkbench();
const stream = randomStream(1, 'test/states');

interface Shown {
  readonly state: number[];
  readonly actions: number[][];
  readonly vector: number[];
}

/**
 * A state whose features are drawn from few, so that states repeat; some have none, some differ only in where an action
 * ends.
 */
function drawn(vocabulary: number, stateSlots: number, actionSlots: number, width: number): Shown {
  const features = (most: number, slots: number): number[] =>
    Array.from({ length: stream.below(most + 1) }, () => (vocabulary * slots - 1) * stream.below(2)).sort(
      (a, b) => a - b,
    );
  const actions = [features(5, actionSlots), features(stream.below(9), actionSlots)].slice(stream.below(2));
  const state = stateSlots > 0 ? features(stream.below(7), stateSlots) : [];
  return { state, actions, vector: Array.from({ length: width }, () => stream.below(2)) };
}

function openList(shown: readonly Shown[], c: ReturnType<typeof newCase>, width: number) {
  const rows = shown.flatMap(({ actions }) => actions);
  const inputs = {
    rowOffsets: offsetsOf(shown.map(({ actions }) => actions.length)),
    stateOffsets: offsetsOf(shown.map(({ state }) => state.length)),
    actionOffsets: offsetsOf(rows.map((features) => features.length)),
  };
  return {
    rowOffsets: c.ints(inputs.rowOffsets),
    stateOffsets: c.ints(inputs.stateOffsets),
    stateFeatures: c.outputInts(shown.flatMap(({ state }) => state)),
    actionOffsets: c.ints(inputs.actionOffsets),
    actionFeatures: c.outputInts(rows.flat()),
    vectors: c.floats(shown.flatMap(({ vector }) => vector.slice(0, width))),
  };
}

test.each([
  ['slots', 55, 11, 6, 0],
  ['one slot', 3, 1, 1, 0],
  ['vectors of 5', 7, 0, 1, 5],
  ['vectors of 4 beside features', 1, 2, 3, 4],
  ['a table of nearly 2^31 rows', 2 ** 24, 127, 127, 0],
] as const)(
  'recogniseStates equals pushState and findRepeats: %s, 0 to 17 states after 5 known ones',
  (_, vocabularySize, stateSlots, actionSlots, vectorWidth) => {
    const before = 5;
    for (const count of lengths) {
      const states = before + count;
      const shown = Array.from({ length: states }, () => drawn(vocabularySize, stateSlots, actionSlots, vectorWidth));
      const form = vectorWidth > 0 ? 'vector' : 'tokens';
      const shape: InputShape = { form, layout: 'slots', vocabularySize, stateSlots, actionSlots, vectorWidth };
      const twin = createStateList({ ...shape, form: 'tokens' });
      twin.vectors = Float32Array.from(shown.flatMap(({ vector }) => vector));
      for (const { state, actions } of shown) pushState(twin, state, actions);
      const first = [...findRepeats(twin, new Int8Array(twin.actions))];
      const c = newCase();
      const list = openList(shown, c, vectorWidth);
      const mask = 63;
      const [table, hash, firstPtr] = [mask + 1, states, states].map((n) => c.outputInts(new Array(n).fill(0)));
      const [known, fresh] = [before, states].map((n) => c.outputInts(new Array(n).fill(-1)));
      const found: number[] = [];
      const { rowOffsets, stateOffsets, stateFeatures, actionOffsets, actionFeatures, vectors } = list;
      c.run((k) => {
        for (const [from, to, into] of [
          [0, before, known],
          [before, states, fresh],
        ]) {
          const returned = k.recogniseStates(
            from,
            to,
            vocabularySize,
            stateSlots,
            actionSlots,
            vectorWidth,
            rowOffsets,
            stateOffsets,
            stateFeatures,
            actionOffsets,
            actionFeatures,
            vectors,
            table,
            mask,
            hash,
            firstPtr,
            into,
          );
          found.push(returned);
        }
      });
      const what = `${count} states`;
      expect([...c.readInts(firstPtr, states)], what).toEqual(first);
      const firsts = first.filter((f, n) => f === n);
      expect(found.slice(0, 2), what).toEqual([
        firsts.filter((n) => n < before).length,
        firsts.filter((n) => n >= before).length,
      ]);
      expect([...c.readInts(known, found[0]), ...c.readInts(fresh, found[1])], what).toEqual(firsts);
      const [ofStates, ofActions] = [twin.stateOffsets[states], twin.actionOffsets[twin.actions]];
      expect(c.readInts(stateFeatures, ofStates), what).toEqual(twin.stateFeatures.slice(0, ofStates));
      expect(c.readInts(actionFeatures, ofActions), what).toEqual(twin.actionFeatures.slice(0, ofActions));
      const slots = [...c.readInts(table, mask + 1)].filter((slot) => slot !== 0);
      expect(
        slots.map((slot) => slot - 1).sort((a, b) => a - b),
        what,
      ).toEqual(firsts);
    }
  },
);

test('recogniseStates names the first state without actions, with a feature out of range or a number that is not finite, at each place of 1 to 9', () => {
  const good: Shown = { state: [0, 29], actions: [[1], [19, 2]], vector: [1, 2, 3, 4, 5, 6, 7, 8, 9] };
  const refused = (bad: Shown): number => {
    const c = newCase();
    const list = openList([good, bad, good], c, 9);
    const [table, hash, first, fresh] = [8, 3, 3, 3].map((n) => c.outputInts(new Array(n).fill(0)));
    let found = 0;
    c.run((k) => {
      const { rowOffsets, stateOffsets, stateFeatures, actionOffsets, actionFeatures, vectors } = list;
      found = k.recogniseStates(
        ...([0, 3, 10, 3, 2, 9, rowOffsets, stateOffsets, stateFeatures, actionOffsets, actionFeatures] as const),
        ...([vectors, table, 7, hash, first, fresh] as const),
      );
    });
    return found;
  };
  expect(refused(good)).toBe(1);
  expect(refused({ ...good, actions: [] })).toBe(-2);
  for (let n = 1; n <= 9; n++) {
    for (let at = 0; at < n; at++) {
      const features = (bad: number): number[] => Array.from({ length: n }, (_, i) => (i === at ? bad : i));
      for (const bad of [-1, 30, -(2 ** 31)]) expect(refused({ ...good, state: features(bad) })).toBe(-2);
      for (const bad of [-1, 20]) expect(refused({ ...good, actions: [[1], features(bad)] })).toBe(-2);
      expect(refused({ ...good, state: features(29) })).toBeGreaterThan(0);
    }
  }
  for (let at = 0; at < 9; at++) {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(refused({ ...good, vector: good.vector.map((x, i) => (i === at ? bad : x)) })).toBe(-2);
  }
});

test('gatherRowValues and scatterRowValues equal plain loops, 0 to 17 of 9 states, some without rows', () => {
  const states = 9;
  for (const n of lengths) {
    const rowOffsets = offsetsOf(Array.from({ length: states }, () => stream.below(6)));
    const rows = rowOffsets[states];
    const values = Array.from({ length: rows }, () => stream.uniform());
    const order = Array.from({ length: n }, () => stream.below(states));
    const expected = order.flatMap((s) => values.slice(rowOffsets[s], rowOffsets[s + 1]));
    const c = newCase();
    const [orderPtr, rowsPtr, valuesPtr] = [c.ints(order), c.ints(rowOffsets), c.floats(values)];
    const offsets = c.outputInts(new Array(n + 1).fill(-1));
    const gathered = c.output(new Array(expected.length).fill(-1));
    const scattered = c.output(new Array(rows).fill(-1));
    c.run((k) => {
      k.gatherRowValues(n, orderPtr, rowsPtr, valuesPtr, offsets, gathered);
      k.scatterRowValues(n, orderPtr, rowsPtr, gathered, scattered);
    });
    expect([...c.readInts(offsets, n + 1)]).toEqual(offsetsOf(order.map((s) => rowOffsets[s + 1] - rowOffsets[s])));
    expect(c.read(gathered, expected.length)).toEqual(Float32Array.from(expected));
    const isIn = (row: number): boolean => order.some((s) => row >= rowOffsets[s] && row < rowOffsets[s + 1]);
    expect(c.read(scattered, rows)).toEqual(Float32Array.from(values, (x, row) => (isIn(row) ? x : -1)));
  }
});
