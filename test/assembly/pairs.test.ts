import { expect, test } from 'vitest';
import { randomStream } from '../../src/random.ts';
import { distinctPairs } from '../reference/pairs.ts';
import { lengths, offsetsOf, openWorkbench } from './workbench.ts';

const newCase = await openWorkbench();
const stream = randomStream(1, 'test/pairs');

/** Places of pairs are the inverse of their order. */
function inverse(order: readonly number[]): number[] {
  const out = order.map(() => 0);
  order.forEach((pair, at) => {
    out[pair] = at;
  });
  return out;
}

test('distinctPairs equals a plain search, states 0 to 17, 1 to 4 slots, states without candidates and candidates without tokens', () => {
  let repeats = 0;
  for (const states of lengths) {
    const slots = 1 + (states % 4);
    const vocabulary = 3;
    const rowOffsets = offsetsOf(Array.from({ length: states }, () => stream.below(5)));
    const rows = rowOffsets[states];
    const featureOffsets = offsetsOf(Array.from({ length: rows }, () => stream.below(2 * slots + 1)));
    const count = featureOffsets[rows];
    const features = Array.from({ length: count }, () => stream.below(vocabulary * slots));
    const expected = distinctPairs(slots, rowOffsets, featureOffsets, features);
    repeats += count - expected.order.length;
    const c = newCase();
    const rowOffsetsPtr = c.ints(rowOffsets);
    const featureOffsetsPtr = c.ints(featureOffsets);
    const featuresPtr = c.ints(features);
    const newest = c.scratch(vocabulary * slots * 4);
    const offsets = c.outputInts(new Array(states + 1).fill(-1));
    const slotOffsets = c.outputInts(new Array(slots + 2).fill(-1));
    const [tokens, order, place, at] = Array.from({ length: 4 }, () => c.outputInts(new Array(count).fill(-1)));
    c.run((k) => {
      k.distinctPairs(
        states,
        slots,
        rowOffsetsPtr,
        featureOffsetsPtr,
        featuresPtr,
        newest,
        offsets,
        tokens,
        slotOffsets,
        order,
        place,
        at,
      );
    });
    const pairs = expected.order.length;
    const read = (pointer: number, length: number): number[] => [...c.readInts(pointer, length)];
    expect(read(offsets, states + 1), `${states} states`).toEqual(expected.offsets);
    expect(read(slotOffsets, slots + 1), `${states} states`).toEqual(expected.slotOffsets);
    expect(read(tokens, pairs), `${states} states`).toEqual(expected.tokens);
    expect(read(order, pairs), `${states} states`).toEqual(expected.order);
    expect(read(place, pairs), `${states} states`).toEqual(inverse(expected.order));
    expect(read(at, count), `${states} states`).toEqual(expected.at);
  }
  expect(repeats).toBeGreaterThan(100);
});
