/** Calls of the matrix products and of column sums. */
import { type Bench, type Cases, scratchBytes } from './bench.ts';

/** All products of one shape, with rows that are `gap` floats longer than the matrix where it is not 0. */
function multiplyAll(bench: Bench, m: number, n: number, k: number, gap: number): void {
  const { kernels } = bench;
  const scratch = bench.scratch(scratchBytes);
  const [kx, mx, nx] = [k + gap, m + gap, n + gap];
  const [a, aT] = [bench.floats(m * kx), bench.floats(k * mx)];
  const [b, bT, bias] = [bench.floats(k * nx), bench.floats(n * kx), bench.floats(n)];
  for (const mode of [0, 1, 2]) kernels.matmulNN(m, n, k, a, kx, b, nx, bench.output(m * nx), nx, mode, bias, scratch);
  for (const mode of [0, 1]) {
    // Without an activation, and with the derivatives of tanh and relu.
    const kind = (m + n + 2 * mode) % 3;
    const saved = kind ? bench.floats(m * nx) : 0;
    kernels.matmulNT(m, n, k, a, kx, bT, kx, bench.output(m * nx), nx, mode, kind, saved, scratch);
    const sums = (m + n + mode) % 2 ? bench.output(n) : 0;
    kernels.matmulTN(m, n, k, aT, mx, b, nx, bench.output(m * nx), nx, mode, sums, scratch);
    kernels.columnSum(k, n, b, nx, bench.output(n), mode);
  }
}

/** All tails of rows, columns and inner sizes. */
export const smallProducts: Cases = function* (bench) {
  for (let m = 0; m < 18; m++) {
    for (let n = 0; n < 18; n++) {
      multiplyAll(bench, m, n, (m * 7 + n * 5) % 18, (m + n) % 3);
      yield;
    }
  }
};

/** Shapes beyond a tile, a block of k (256) and what is read in place. */
export const largeProducts: Cases = function* (bench) {
  const shapes = [
    [1, 64, 33],
    [1, 33, 300],
    [3, 24, 128],
    [4, 16, 256],
    [5, 9, 257],
    [6, 31, 17],
    [7, 40, 513],
    [8, 48, 16],
    [9, 34, 65],
    [12, 100, 31],
    [15, 66, 40],
    [16, 17, 64],
    [17, 32, 130],
    [33, 49, 36],
    [64, 64, 300],
    [65, 15, 48],
    [66, 97, 70],
    [130, 5, 90],
  ];
  for (const [i, [m, n, k]] of shapes.entries()) {
    multiplyAll(bench, m, n, k, i % 4);
    yield;
  }
};
