/** Calls of the kernels on tensors: element by element, matrix products, attention, rows and tables. */
import { type Bench, offsetsOf, scratchBytes, sizes, widths } from './kernelBench.ts';

export function elementwise(bench: Bench): void {
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

export function products(bench: Bench): void {
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

export function attention(bench: Bench): void {
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

export function rowsAndTables(bench: Bench): void {
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
    kernels.embeddingBagBackward(rows, width, features, offsets, d, bench.output(vocabulary * slots * width), 0);
    kernels.slotEmbedding(rows, slots, width, features, offsets, table, bench.output(rows * slots * width));
    kernels.slotEmbeddingBackward(rows, slots, width, features, offsets, d, bench.output(vocabulary * width));
    kernels.addPeriodic(rows, slots, width, bench.floats(slots * width), bench.output(rows * slots * width));
    const mask = bench.bytes(bench.below(rows * slots, 2));
    for (const mode of [0, 1]) {
      const index = bench.ints(bench.below(rows, vocabulary));
      kernels.gatherRows(rows, width, index, table, bench.output(rows * width), mode);
      kernels.scatterRows(rows, width, index, d, bench.output(vocabulary * width), 1);
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

/** Tables of gradients of which few rows are touched. */
export function touchedRows(bench: Bench): void {
  const { kernels } = bench;
  const [rows, count] = [5, 29];
  const list = offsetsOf(rows);
  for (const width of widths) {
    const touched = bench.bytes(Array.from({ length: count }, () => 0));
    const features = bench.ints(bench.below(list[rows], count));
    const table = bench.output(count * width);
    const d = bench.floats(rows * width);
    kernels.embeddingBagBackward(rows, width, features, bench.ints(list), d, table, touched);
    kernels.addRows(count, width, bench.output(count * width), bench.bytes(bench.below(count, 2)), table, touched);
    kernels.scatterRows(rows, width, bench.ints(bench.below(rows, count)), d, table, 0);
    kernels.clearRows(count, width, bench.output(count * width), touched);
  }
}
