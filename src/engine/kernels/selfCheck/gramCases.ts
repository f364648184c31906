/** Calls of the kernels of per-sample gradients and of their Gram matrices. */
import { type Bench, type Cases, offsetsOf, scratchBytes } from './bench.ts';

/** Gram matrices of ni and nj samples with input rows of `width` and output gradients of `size` floats. */
function gram(bench: Bench, ni: number, nj: number, width: number, size: number, most: number): void {
  const { kernels, floats, output } = bench;
  const work = bench.scratch(scratchBytes);
  const operands = (rows: number): [x: number, d: number] => [floats(rows * width), floats(rows * size)];
  const [[xi, di], [xj, dj]] = [operands(ni), operands(nj)];
  const ld = nj + 2;
  const [k, kBias, total] = [output(ni * ld), output(ni * ld), bench.sums(ni * ld)];
  kernels.gramRows(ni, xi, di, nj, xj, dj, width, size, ni, k, kBias, 1, total, ld, work);
  // The diagonal begins at column 2.
  kernels.gramRows(ni, xi, di, nj, xj, dj, width, size, 2, output(ni * ld), 0, 0, bench.sums(ni * ld), ld, work);
  kernels.gramRows(ni, xi, di, nj, xj, dj, width, size, 0, 0, 0, 1, total, ld, work);
  kernels.gramPut(ni, nj, total, ld, bench.sums(ni * (nj + 1)), nj + 1);
  // Sample i has i modulo `most` rows.
  const [listI, listJ] = [ni, nj].map((n) => {
    const offsets = [0];
    for (let i = 0; i < n; i++) offsets.push(offsets[i] + ((i + n) % most));
    return offsets;
  });
  const [[xs, ds], [ys, es]] = [operands(listI[ni]), operands(listJ[nj])];
  const pairs = output(ni * ld);
  const [firstI, firstJ] = [bench.ints(listI), bench.ints(listJ)];
  kernels.gramPairwise(ni, firstI, xs, ds, nj, firstJ, ys, es, width, size, pairs, ld, work);
  const sums = bench.sums(ni * ld);
  kernels.gramAdd(ni, nj, pairs, ld, sums);
  const n = Math.min(ni, nj);
  kernels.mirrorTile(n, n, sums, ld, bench.sums(ni * ld), ld, 0, 3);
  kernels.mirrorTile(n, n, k, ld, output(ni * ld), ld, 1, 2);
  kernels.copyRows(ni, nj * 4, k, ld * 4, output(ni * (nj + 1)), nj * 4 + 4);
}

export const grams: Cases = function* (bench) {
  for (let n = 0; n < 18; n++) {
    gram(bench, n, (n * 5) % 18, (n % 17) + 1, ((n * 7) % 17) + 1, 4);
    gram(bench, (n * 7) % 18, n, ((n * 3) % 17) + 1, (n % 17) + 1, 18);
    yield;
  }
  // More samples and more rows than a tile has.
  for (const [ni, nj, width, size] of [
    [66, 67, 33, 20],
    [9, 70, 5, 64],
  ]) {
    gram(bench, ni, nj, width, size, 5);
    yield;
  }
};

/** Gradients of each sample by itself. */
export const perSample: Cases = function* (bench) {
  const { kernels, floats, output, ints } = bench;
  const n = 6;
  const list = offsetsOf(n);
  for (let width = 0; width < 18; width++) {
    const size = ((width * 5) % 18) + 1;
    const scratch = bench.scratch(scratchBytes);
    for (const [unit, offsets] of [
      [3, 0],
      [2, ints(list)],
      [16, ints(list)],
    ]) {
      const rows = unit * (offsets ? list[n] : n);
      const [x, d] = [floats(rows * width), floats(rows * size)];
      for (const mode of [0, 1]) {
        const ld = width * size + mode;
        kernels.perSampleOuter(n, offsets, unit, x, width, d, size, output(n * ld), ld, mode, scratch);
      }
      kernels.perSampleProduct(n, offsets, unit, width, floats(rows * width), x, output(n * width), width);
      kernels.perSampleSum(n, offsets, unit, 2, width, x, output(n * 2 * width), 2 * width);
    }
    const features = ints(bench.below(list[n], 8 * 3));
    const d = floats(n * 3 * width);
    kernels.perSampleScatter(n, 0, features, ints(list), 3, width, d, output(n * 8 * width), 8 * width);
    yield;
  }
};
