/** Calls of every kernel on seeded inputs, at sizes around the lengths of vectors and tiles. */
import type { Kernels } from '../../src/kernels/load.ts';

/** Places buffers for one case and remembers what a kernel wrote. */
export interface Bench {
  readonly kernels: Kernels;
  /** `count` floats in [-scale, scale). */
  floats(count: number, scale?: number): number;
  /** Floats >= 0. */
  positives(count: number): number;
  ints(values: readonly number[]): number;
  bytes(values: readonly number[]): number;
  /** Integers in [0, below). */
  below(count: number, below: number): number[];
  /** Floats that the kernel overwrites or adds to. */
  output(count: number): number;
  /** f64 sums that the kernel adds to. */
  sums(count: number): number;
  /** A number that a kernel returned. */
  returned(value: number): void;
  scratch(bytes: number): number;
}

const sizes = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65];
const widths = [1, 3, 4, 7, 8, 12, 17];
const scratchBytes = 1 << 19;

/** Offsets of `groups` groups with least + 1, least + 2, least + 3, least, ... members. */
function offsetsOf(groups: number, least = 0): number[] {
  const offsets = [0];
  for (let g = 1; g <= groups; g++) offsets.push(offsets[g - 1] + least + (g % 4));
  return offsets;
}

function elementwise(bench: Bench): void {
  const { kernels } = bench;
  for (const n of sizes) {
    for (const kind of [1, 2, 3]) {
      const x = bench.floats(n, 4);
      const y = bench.output(n);
      kernels.activationForward(kind, x, y, n);
      kernels.activationBackward(kind, kind === 3 ? x : y, bench.output(n), n);
    }
    bench.returned(kernels.sumOfSquares(bench.floats(n), n));
    const [p, m, v] = [bench.output(n), bench.output(n), bench.positives(n)];
    kernels.adamw(n, p, bench.floats(n), m, v, 3e-3, 0.9, 0.999, 1e-8, 0.01, 10, 1000);
    kernels.copyBytes(bench.output(n), bench.floats(n), n * 4);
    kernels.addInto(bench.output(n), bench.floats(n), n);
    for (const mode of [0, 1]) kernels.addScaled(n, 0.3, bench.floats(n), bench.output(n), mode);
    kernels.scaleBy(bench.output(n), n, 1.7);
    kernels.fill(bench.output(n), n, 0.1);
    kernels.randomUniform(n, 2, n, -0.5, 0.7, bench.output(n));
    kernels.permute(n, 3, n, bench.output(n));
    kernels.randomNormal(n, 3, n, 0.3, bench.output(n));
  }
  for (let x = -90; x < 90; x += 0.37) {
    bench.returned(kernels.exp1(x));
    bench.returned(kernels.sigmoid1(x));
    bench.returned(kernels.log1(x * x + 1e-3));
  }
}

function products(bench: Bench): void {
  const { kernels } = bench;
  const scratch = bench.scratch(scratchBytes);
  const shapes = sizes.flatMap((m) => [1, 3, 8, 13, 17, 64].map((n) => [m, n, ((m * 7 + n) % 33) + 1]));
  for (const [m, n, k] of [...shapes, [5, 9, 257], [64, 64, 300], [4, 8, 256]]) {
    for (const mode of [0, 1]) {
      const [a, b] = [bench.floats(m * k), bench.floats(n * k)];
      kernels.matmulNN(m, n, k, a, k, b, n, bench.output(m * n), n, mode, 0, scratch);
      kernels.matmulNT(m, n, k, a, k, b, k, bench.output(m * n), n, mode, 0, 0, scratch);
      kernels.matmulTN(m, n, k, a, m, b, n, bench.output(m * n), n, mode, 0, scratch);
      kernels.columnSum(m, k, a, k, bench.output(k), mode);
    }
    const bias = bench.floats(n);
    kernels.matmulNN(m, n, k, bench.floats(m * k), k, bench.floats(n * k), n, bench.output(m * n), n, 2, bias, scratch);
  }
}

function attention(bench: Bench): void {
  const { kernels } = bench;
  const scratch = bench.scratch(scratchBytes);
  const groups = 5;
  for (const keys of [1, 4, 5, 13]) {
    for (const width of [2, 6, 8, 14]) {
      for (const [unit, offsets] of [
        [3, 0],
        [2, bench.ints(offsetsOf(groups))],
      ]) {
        const rows = unit * (offsets ? offsetsOf(groups)[groups] : groups);
        const [q, k, v] = [rows, groups * keys, groups * keys].map((n) => bench.floats(n * width, 2));
        const mask = bench.bytes(bench.below(groups * keys, 2));
        const weights = bench.output(rows * 2 * keys);
        const out = bench.output(rows * width);
        const d = bench.floats(rows * width);
        kernels.attentionForward(
          groups,
          2,
          width,
          keys,
          offsets,
          unit,
          mask,
          q,
          width,
          k,
          v,
          width,
          out,
          width,
          weights,
          scratch,
        );
        const [dQ, dK, dV] = [rows, groups * keys, groups * keys].map((n) => bench.output(n * width));
        const room = bench.scratch(rows * keys * 4);
        kernels.attentionBackward(
          groups,
          2,
          width,
          keys,
          offsets,
          unit,
          q,
          width,
          k,
          v,
          width,
          d,
          width,
          weights,
          dQ,
          dK,
          dV,
          room,
          scratch,
        );
        kernels.matchForward(groups, width, keys, offsets, unit, q, k, bench.output(rows * keys), scratch);
        const [dOut, dQ2, dK2] = [
          bench.floats(rows * keys),
          bench.output(rows * width),
          bench.output(groups * keys * width),
        ];
        kernels.matchBackward(groups, width, keys, offsets, unit, q, k, dOut, dQ2, dK2, scratch);
      }
    }
  }
}

function rowsAndTables(bench: Bench): void {
  const { kernels } = bench;
  const [rows, slots, vocabulary] = [7, 3, 11];
  const list = offsetsOf(rows);
  for (const width of widths) {
    const offsets = bench.ints(list);
    const features = bench.ints(bench.below(list[rows], vocabulary * slots));
    const table = bench.floats(vocabulary * slots * width);
    const d = bench.floats(rows * slots * width);
    for (const mode of [0, 1, 2]) {
      kernels.embeddingBag(
        rows,
        width,
        features,
        offsets,
        table,
        bench.output(rows * width),
        mode,
        bench.floats(width),
      );
    }
    kernels.embeddingBagBackward(rows, width, features, offsets, d, bench.output(vocabulary * slots * width));
    kernels.slotEmbedding(rows, slots, width, features, offsets, table, bench.output(rows * slots * width));
    kernels.slotEmbeddingBackward(rows, slots, width, features, offsets, d, bench.output(vocabulary * width));
    kernels.addPeriodic(rows, slots, width, bench.floats(slots * width), bench.output(rows * slots * width));
    const mask = bench.bytes(bench.below(rows * slots, 2));
    for (const mode of [0, 1]) {
      const index = bench.ints(bench.below(rows, vocabulary));
      kernels.gatherRows(rows, width, index, table, bench.output(rows * width), mode);
      kernels.scatterRows(rows, width, index, d, bench.output(vocabulary * width));
      kernels.segmentSum(rows, width, offsets, 1, bench.floats(list[rows] * width), bench.output(rows * width), mode);
      kernels.segmentSum(rows, width, 0, slots, d, bench.output(rows * width), mode);
      kernels.meanPool(rows, slots, width, mask, d, bench.output(rows * width), mode);
      kernels.meanPoolBackward(rows, slots, width, mask, d, bench.output(rows * slots * width), mode);
    }
    const [gamma, beta, xHat, rstd] = [
      bench.floats(width),
      bench.floats(width),
      bench.output(rows * width),
      bench.output(rows),
    ];
    kernels.layerNormForward(rows, width, d, gamma, beta, bench.output(rows * width), xHat, rstd);
    for (const mode of [0, 1]) {
      const [dX, dGamma, dBeta] = [bench.output(rows * width), bench.output(width), bench.output(width)];
      kernels.layerNormBackward(rows, width, bench.floats(rows * width), gamma, xHat, rstd, dX, mode, dGamma, dBeta);
    }
  }
}

/** Candidate actions of states whose features recur. */
function pairs(bench: Bench): void {
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
function batches(bench: Bench): void {
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
function states(bench: Bench): void {
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

function perSample(bench: Bench): void {
  const { kernels } = bench;
  const scratch = bench.scratch(scratchBytes);
  const work = bench.scratch(scratchBytes);
  const n = 6;
  const list = offsetsOf(n);
  for (const width of widths) {
    for (const [unit, offsets] of [
      [3, 0],
      [2, bench.ints(list)],
      [16, bench.ints(list)],
    ]) {
      const rows = unit * (offsets ? list[n] : n);
      const [x, d] = [bench.floats(rows * width), bench.floats(rows * 5)];
      const [gram, biasGram, pairs] = [bench.output(n * n), bench.output(n * n), bench.output(n * n)];
      kernels.gramRows(n, x, d, n, x, d, width, 5, gram, biasGram, n, work);
      const firsts = bench.ints(Array.from({ length: n + 1 }, (_, i) => unit * (offsets ? list[i] : i)));
      kernels.gramPairwise(n, firsts, x, d, n, firsts, x, d, width, 5, pairs, n, work);
      const sums = bench.sums(n * n);
      bench.returned(kernels.gramAdd(n, n, pairs, n, sums));
      kernels.mirrorTile(n, n, sums, n, bench.sums(n * n), n, 0, 3);
      kernels.copyRows(n, n * 4, gram, n * 4, bench.output(n * (n + 1)), n * 4 + 4);
      for (const mode of [0, 1]) {
        const size = width * 5;
        kernels.perSampleOuter(n, offsets, unit, x, width, d, 5, bench.output(n * size), size, mode, scratch);
      }
      const other = bench.floats(rows * width);
      kernels.perSampleProduct(n, offsets, unit, width, other, x, bench.output(n * width), width);
      kernels.perSampleSum(n, offsets, unit, 2, width, x, bench.output(n * 2 * width), 2 * width);
    }
    const features = bench.ints(bench.below(list[n], 8 * 3));
    const d = bench.floats(n * 3 * width);
    kernels.perSampleScatter(n, 0, features, bench.ints(list), 3, width, d, bench.output(n * 8 * width), 8 * width);
  }
}

function losses(bench: Bench): void {
  const { kernels } = bench;
  const scratch = bench.scratch(scratchBytes);
  for (const states of [1, 3, 4, 9, 17]) {
    const list = offsetsOf(states, 1);
    const rows = list[states];
    const offsets = bench.ints(list);
    // The first action of a state is there and is good, so that no state is without.
    const some = (): number => bench.bytes(bench.below(rows, 2).map((bit, r) => (list.includes(r) ? 1 : bit)));
    for (const mask of [0, some()]) {
      const logP = bench.output(rows);
      kernels.logSoftmax(states, offsets, bench.floats(rows, 5), mask, 0.7, logP);
      const [taken, takenLogP] = [bench.output(states), bench.output(states)];
      kernels.sampleActions(states, offsets, logP, 5, 6, bench.ints(bench.below(states, 1000)), taken, takenLogP);
      const chosen = bench.ints(new Array(states).fill(0));
      kernels.logProbGradient(states, offsets, logP, chosen, bench.output(rows));
      const labels = some();
      const weights = bench.positives(states);
      kernels.cloningLoss(states, offsets, logP, labels, weights, 0.3, bench.output(rows), bench.sums(1));
      const [old, advantages] = [bench.floats(states, 2), bench.floats(states, 2)];
      for (const reference of [0, bench.floats(states, 2)]) {
        const dLogits = bench.output(rows);
        kernels.policyLoss(
          states,
          offsets,
          logP,
          chosen,
          old,
          reference,
          advantages,
          weights,
          0.2,
          0.3,
          0.05,
          0.01,
          dLogits,
          bench.sums(6),
          0,
        );
      }
    }
  }
  for (const rows of sizes) {
    const labels = bench.bytes(bench.below(rows, 3).map((label) => label - 1));
    for (const counts of [0, bench.positives(rows)]) {
      kernels.binaryCrossEntropy(
        rows,
        bench.floats(rows, 5),
        labels,
        0.7,
        1.3,
        bench.output(rows),
        bench.sums(3),
        counts,
      );
    }
    for (const width of [3, 8]) {
      const work = bench.scratch(rows * (2 * width + rows + 2) * 4);
      const [e, sides, dE] = [
        bench.floats(rows * width),
        bench.bytes(bench.below(rows, 2)),
        bench.output(rows * width),
      ];
      kernels.contrastiveLoss(rows, width, e, sides, 0.2, 0.5, dE, bench.sums(1), work, scratch);
    }
  }
}

/** Families of kernels; each is run on an empty bench. */
export const kernelCases: Readonly<Record<string, (bench: Bench) => void>> = {
  elementwise,
  products,
  attention,
  rowsAndTables,
  pairs,
  batches,
  states,
  perSample,
  losses,
};
