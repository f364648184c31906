/** Calls of the kernels that index, recognise and gather states and their candidate actions. */
import { type Cases, offsetsOf } from './bench.ts';

/** Candidate actions of states whose features recur. */
export const pairs: Cases = function* (bench) {
  const { kernels } = bench;
  const [slots, vocabulary] = [3, 5];
  for (const states of [1, 4, 9, 17]) {
    const rowsOf = offsetsOf(states);
    const featuresOf = offsetsOf(rowsOf[states]);
    const count = featuresOf[rowsOf[states]];
    const [rowOffsets, featureOffsets] = [bench.ints(rowsOf), bench.ints(featuresOf)];
    const features = bench.ints(bench.below(count, vocabulary * slots));
    const newest = bench.scratch(vocabulary * slots * 4);
    const [pairOffsets, slotOffsets, pairAt] = [states + 1, slots + 2, count].map((n) => bench.intOutput(n));
    // As many of each as there are pairs; the room beyond is not written.
    const [tokens, order, place] = [0, 1, 2].map(() => bench.intOutput(count));
    kernels.distinctPairs(
      ...([states, slots, rowOffsets, featureOffsets, features, newest] as const),
      ...([pairOffsets, tokens, slotOffsets, order, place, pairAt] as const),
    );
    yield;
  }
};

/** Masks of four slots, so that each row of them is one integer. */
export const batches: Cases = function* (bench) {
  const { kernels, ints, intOutput } = bench;
  const [slots, vocabulary] = [4, 6];
  for (const states of [1, 5, 9]) {
    const rowsOf = offsetsOf(states);
    const rows = rowsOf[states];
    const [stateOffsets, actionOffsets] = [states, rows].map((groups) => offsetsOf(groups));
    const [stateFeatures, actionFeatures] = [stateOffsets[states], actionOffsets[rows]].map((count) =>
      ints(bench.below(count, vocabulary * slots)),
    );
    kernels.indexBatch(
      ...([
        states,
        ints(rowsOf),
        intOutput(rows),
        slots,
        stateFeatures,
        ints(stateOffsets),
        intOutput(states),
      ] as const),
      ...([slots, actionFeatures, ints(actionOffsets), intOutput(rows)] as const),
    );
    const order = Array.from({ length: states }, (_, i) => (i * 3) % states);
    const chosenRows = order.reduce((sum, s) => sum + rowsOf[s + 1] - rowsOf[s], 0);
    for (const width of [0, 1, 5, 8, 17]) {
      kernels.gatherStates(
        ...([states, ints(order), ints(rowsOf), ints(stateOffsets), stateFeatures, ints(actionOffsets)] as const),
        ...([
          actionFeatures,
          width,
          bench.floats(states * width),
          intOutput(states + 1),
          intOutput(states + 1),
        ] as const),
        ...([
          intOutput(stateOffsets[states] * 2),
          intOutput(chosenRows + 1),
          intOutput(actionOffsets[rows] * 2),
        ] as const),
        bench.output(states * width),
      );
    }
    yield;
  }
};

/** States that come again after four, with more and more numbers each. */
export const states: Cases = function* (bench) {
  const { kernels, ints, intOutput, output } = bench;
  const [vocabulary, stateSlots, actionSlots, count, mask] = [7, 5, 3, 11, 31];
  for (let width = 0; width < 18; width++) {
    const rowsOf = offsetsOf(count, 1);
    const rows = rowsOf[count];
    const [stateOffsets, actionOffsets] = [offsetsOf(count, width), offsetsOf(rows, 1)];
    const ofStates = ints(Array.from({ length: stateOffsets[count] }, (_, f) => f % (vocabulary * stateSlots)));
    // The kernel converts the features in their place.
    const ofActions = intOutput(actionOffsets[rows]);
    const features = ints(Array.from({ length: actionOffsets[rows] }, (_, f) => f % (vocabulary * actionSlots)));
    kernels.copyBytes(ofActions, features, 4 * actionOffsets[rows]);
    const vectors = ints(Array.from({ length: count * width }, (_, i) => 0x3f800000 + ((i / width) & 3)));
    const [rowOffsets, table] = [ints(rowsOf), ints(new Array(mask + 1).fill(0))];
    const [hash, first, fresh] = [0, 1, 2].map(() => intOutput(count));
    const found = kernels.recogniseStates(
      ...([0, count, vocabulary, stateSlots, actionSlots, width, rowOffsets, ints(stateOffsets)] as const),
      ...([ofStates, ints(actionOffsets), ofActions, vectors, table, mask, hash, first, fresh] as const),
    );
    const values = bench.floats(rows);
    const gathered = output(rows);
    kernels.gatherRowValues(found, fresh, rowOffsets, values, intOutput(found + 1), gathered);
    kernels.scatterRowValues(found, fresh, rowOffsets, gathered, output(rows));
    yield;
  }
};
