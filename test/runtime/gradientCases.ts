/** Calls of the kernels of per-sample gradients and of losses. */
import { type Bench, offsetsOf, scratchBytes, sizes, widths } from './kernelBench.ts';

export function perSample(bench: Bench): void {
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

export function losses(bench: Bench): void {
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
