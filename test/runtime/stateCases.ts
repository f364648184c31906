/** Calls of the kernels that index, recognise and gather states and their candidate actions. */
import { type Bench, offsetsOf, widths } from './kernelBench.ts';

/** Candidate actions of states whose features recur. */
export function pairs(bench: Bench): void {
  const { kernels } = bench;
  const [slots, vocabulary] = [3, 5];
  for (const states of [1, 4, 9]) {
    const rowsOf = offsetsOf(states);
    const featuresOf = offsetsOf(rowsOf[states]);
    const count = featuresOf[rowsOf[states]];
    const [rowOffsets, featureOffsets] = [bench.ints(rowsOf), bench.ints(featuresOf)];
    const features = bench.ints(bench.below(count, vocabulary * slots));
    const newest = bench.scratch(vocabulary * slots * 4);
    const [pairOffsets, slotOffsets, pairAt] = [states + 1, slots + 2, count].map((n) => bench.output(n));
    // As many of each as there are pairs; the room beyond is not written.
    const [tokens, order, place] = [0, 1, 2].map(() => bench.scratch(count * 4));
    const found = kernels.distinctPairs(
      states,
      slots,
      rowOffsets,
      featureOffsets,
      features,
      newest,
      pairOffsets,
      tokens,
      slotOffsets,
      order,
      place,
      pairAt,
    );
    bench.returned(found);
    for (const list of [tokens, order, place]) kernels.copyBytes(bench.output(found), list, found * 4);
  }
}

/** Masks of four slots, so that each row of them is one integer. */
export function batches(bench: Bench): void {
  const { kernels } = bench;
  const [slots, vocabulary] = [4, 6];
  for (const states of [1, 5, 9]) {
    const rowsOf = offsetsOf(states);
    const rows = rowsOf[states];
    const [stateOffsets, actionOffsets] = [states, rows].map((groups) => offsetsOf(groups));
    const [stateFeatures, actionFeatures] = [stateOffsets[states], actionOffsets[rows]].map((count) =>
      bench.ints(bench.below(count, vocabulary * slots)),
    );
    const found = kernels.indexBatch(
      states,
      bench.ints(rowsOf),
      bench.output(rows),
      slots,
      stateFeatures,
      bench.ints(stateOffsets),
      bench.output(states),
      slots,
      actionFeatures,
      bench.ints(actionOffsets),
      bench.output(rows),
    );
    bench.returned(found);
    const order = Array.from({ length: states }, (_, i) => (i * 3) % states);
    const chosenRows = order.reduce((sum, s) => sum + rowsOf[s + 1] - rowsOf[s], 0);
    kernels.gatherStates(
      states,
      bench.ints(order),
      bench.ints(rowsOf),
      bench.ints(stateOffsets),
      stateFeatures,
      bench.ints(actionOffsets),
      actionFeatures,
      5,
      bench.floats(states * 5),
      bench.output(states + 1),
      bench.output(states + 1),
      bench.output(stateOffsets[states] * 2),
      bench.output(chosenRows + 1),
      bench.output(actionOffsets[rows] * 2),
      bench.output(states * 5),
    );
  }
}

/** States that come again after four, with more and more numbers each. */
export function states(bench: Bench): void {
  const { kernels } = bench;
  const [vocabulary, stateSlots, actionSlots, count, mask] = [7, 5, 3, 11, 31];
  for (const width of [0, ...widths]) {
    const rowsOf = offsetsOf(count, 1);
    const rows = rowsOf[count];
    const [stateOffsets, actionOffsets] = [offsetsOf(count, width), offsetsOf(rows, 1)];
    const ofStates = bench.ints(Array.from({ length: stateOffsets[count] }, (_, f) => f % (vocabulary * stateSlots)));
    const ofActions = bench.ints(Array.from({ length: actionOffsets[rows] }, (_, f) => f % (vocabulary * actionSlots)));
    const vectors = bench.ints(Array.from({ length: count * width }, (_, i) => 0x3f800000 + ((i / width) & 3)));
    const [rowOffsets, table] = [bench.ints(rowsOf), bench.ints(new Array(mask + 1).fill(0))];
    const [hash, first, fresh] = [0, 1, 2].map(() => bench.output(count));
    const found = kernels.recogniseStates(
      ...([0, count, vocabulary, stateSlots, actionSlots, width, rowOffsets, bench.ints(stateOffsets)] as const),
      ...([ofStates, bench.ints(actionOffsets), ofActions, vectors, table, mask, hash, first, fresh] as const),
    );
    bench.returned(found);
    kernels.copyBytes(bench.output(actionOffsets[rows]), ofActions, 4 * actionOffsets[rows]);
    const values = bench.floats(rows);
    const gathered = bench.output(rows);
    kernels.gatherRowValues(found, fresh, rowOffsets, values, bench.output(found + 1), gathered);
    kernels.scatterRowValues(found, fresh, rowOffsets, gathered, bench.output(rows));
  }
}
