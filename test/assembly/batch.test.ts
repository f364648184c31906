import { expect, test } from 'vitest';
import { randomStream } from '../../src/random.ts';
import { lengths, offsetsOf, openWorkbench } from './workbench.ts';

const newCase = await openWorkbench();
const stream = randomStream(1, 'test/batch');

/**
 * i8[rows, slots] after 9s, 1 where one of the row's features names the slot; rounded up to whole integers, the rest
 * stays.
 */
function markedSlots(rows: number, slots: number, offsets: ArrayLike<number>, features: readonly number[]): number[] {
  const mask = new Array(4 * Math.ceil((rows * slots) / 4)).fill(9).fill(0, 0, rows * slots);
  for (let r = 0; r < rows; r++) {
    for (let f = offsets[r]; f < offsets[r + 1]; f++) mask[r * slots + (features[f] % slots)] = 1;
  }
  return mask;
}

test('indexBatch equals plain loops, states 0 to 17, 0 to 4 slots of states, states without candidates and rows without tokens', () => {
  for (const states of lengths) {
    const stateSlots = states % 5;
    const actionSlots = 1 + (states % 4);
    const rowOffsets = offsetsOf(Array.from({ length: states }, () => stream.below(5)));
    const rows = rowOffsets[states];
    const stateOffsets = offsetsOf(Array.from({ length: states }, () => stream.below(2 * stateSlots + 1)));
    const actionOffsets = offsetsOf(Array.from({ length: rows }, () => stream.below(2 * actionSlots + 1)));
    const stateFeatures = Array.from({ length: stateOffsets[states] }, () => stream.below(7 * stateSlots));
    const actionFeatures = Array.from({ length: actionOffsets[rows] }, () => stream.below(7 * actionSlots));
    const stateMask = markedSlots(states, stateSlots, stateOffsets, stateFeatures);
    const actionMask = markedSlots(rows, actionSlots, actionOffsets, actionFeatures);
    const c = newCase();
    const [rowOffsetsPtr, stateOffsetsPtr, actionOffsetsPtr] = [rowOffsets, stateOffsets, actionOffsets].map((list) =>
      c.ints(list),
    );
    const [stateFeaturesPtr, actionFeaturesPtr] = [stateFeatures, actionFeatures].map((list) => c.ints(list));
    const rowState = c.outputInts(new Array(rows).fill(-1));
    const [stateMaskPtr, actionMaskPtr] = [stateMask, actionMask].map((mask) =>
      c.outputInts(new Array(mask.length / 4).fill(0x09090909)),
    );
    let returned = -1;
    c.run((k) => {
      returned = k.indexBatch(
        states,
        rowOffsetsPtr,
        rowState,
        stateSlots,
        stateFeaturesPtr,
        stateOffsetsPtr,
        stateMaskPtr,
        actionSlots,
        actionFeaturesPtr,
        actionOffsetsPtr,
        actionMaskPtr,
      );
    });
    const bytes = (at: number, count: number): number[] => [
      ...new Uint8Array(c.readInts(at, count / 4).slice().buffer),
    ];
    expect(returned, `${states} states`).toBe(rows);
    expect([...c.readInts(rowState, rows)], `${states} states`).toEqual(
      Array.from({ length: rows }, (_, r) => rowOffsets.findIndex((_, n) => rowOffsets[n + 1] > r)),
    );
    expect(bytes(stateMaskPtr, stateMask.length), `${states} states`).toEqual(stateMask);
    expect(bytes(actionMaskPtr, actionMask.length), `${states} states`).toEqual(actionMask);
  }
});

test('gatherStates equals plain loops, batches of 0 to 17 of 9 states, some more than once, without rows or without features', () => {
  const states = 9;
  for (const n of lengths) {
    const width = n % 6;
    const rowOffsets = offsetsOf(Array.from({ length: states }, () => stream.below(5)));
    const rows = rowOffsets[states];
    const stateOffsets = offsetsOf(Array.from({ length: states }, () => stream.below(11)));
    const actionOffsets = offsetsOf(Array.from({ length: rows }, () => stream.below(7)));
    const stateFeatures = Array.from({ length: stateOffsets[states] }, () => stream.below(99));
    const actionFeatures = Array.from({ length: actionOffsets[rows] }, () => stream.below(99));
    const vectors = Array.from({ length: states * width }, () => stream.uniform());
    const order = Array.from({ length: n }, () => stream.below(states));
    const ofRows = order.flatMap((s) =>
      Array.from({ length: rowOffsets[s + 1] - rowOffsets[s] }, (_, a) => rowOffsets[s] + a),
    );
    const slice = (list: readonly number[], offsets: readonly number[], k: number): number[] =>
      list.slice(offsets[k], offsets[k + 1]);
    const expected = {
      rowOffsets: offsetsOf(order.map((s) => rowOffsets[s + 1] - rowOffsets[s])),
      stateOffsets: offsetsOf(order.map((s) => stateOffsets[s + 1] - stateOffsets[s])),
      stateFeatures: order.flatMap((s) => slice(stateFeatures, stateOffsets, s)),
      actionOffsets: offsetsOf(ofRows.map((r) => actionOffsets[r + 1] - actionOffsets[r])),
      actionFeatures: ofRows.flatMap((r) => slice(actionFeatures, actionOffsets, r)),
    };
    const c = newCase();
    const inputs = [order, rowOffsets, stateOffsets, stateFeatures, actionOffsets, actionFeatures];
    const [orderPtr, ...lists] = inputs.map((list) => c.ints(list));
    const vectorsPtr = c.floats(vectors);
    const outputs = Object.values(expected).map((list) => c.outputInts(new Array(list.length).fill(-1)));
    const toVectors = c.output(new Array(n * width).fill(-1));
    c.run((k) => {
      const [rowsPtr, statesPtr, stateFeaturesPtr, actionsPtr, actionFeaturesPtr] = lists;
      const [toRows, toStates, toStateFeatures, toActions, toActionFeatures] = outputs;
      k.gatherStates(
        n,
        orderPtr,
        rowsPtr,
        statesPtr,
        stateFeaturesPtr,
        actionsPtr,
        actionFeaturesPtr,
        width,
        vectorsPtr,
        toRows,
        toStates,
        toStateFeatures,
        toActions,
        toActionFeatures,
        toVectors,
      );
    });
    for (const [i, [name, list]] of Object.entries(expected).entries()) {
      expect([...c.readInts(outputs[i], list.length)], `${name} of ${n}`).toEqual(list);
    }
    expect(c.read(toVectors, n * width)).toEqual(
      Float32Array.from(order.flatMap((s) => vectors.slice(s * width, (s + 1) * width))),
    );
  }
});
