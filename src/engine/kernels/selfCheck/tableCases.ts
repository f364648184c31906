/** Calls of the kernels on rows and tables: embeddings, gathering, pooling, layer norm. */
import { type Bench, type Cases, offsetsOf } from './bench.ts';

/** All tails of a row, and rows with a loop before the tail. */
const widths = [...Array(18).keys(), 24, 33, 64, 70];

const [rows, slots, vocabulary] = [7, 3, 11];
const list = offsetsOf(rows);

function embed({ kernels, floats, output, ints, below }: Bench, width: number): void {
  const offsets = ints(list);
  const features = ints(below(list[rows], vocabulary * slots));
  const table = floats(vocabulary * slots * width);
  const d = floats(rows * slots * width);
  const bias = floats(width);
  for (const mode of [0, 1, 2])
    kernels.embeddingBag(rows, width, features, offsets, table, output(rows * width), mode, bias);
  kernels.embeddingBagBackward(rows, width, features, offsets, d, output(vocabulary * slots * width), 0);
  kernels.slotEmbedding(rows, slots, width, features, offsets, table, output(rows * slots * width));
  kernels.slotEmbeddingBackward(rows, slots, width, features, offsets, d, output(vocabulary * width));
  kernels.addPeriodic(rows, slots, width, floats(slots * width), output(rows * slots * width));
}

function pool({ kernels, floats, output, ints, bytes, below }: Bench, width: number): void {
  const x = floats(rows * slots * width);
  const mask = bytes(below(rows * slots, 2));
  for (const mode of [0, 1]) {
    const index = ints(below(rows, vocabulary));
    kernels.gatherRows(rows, width, index, floats(vocabulary * width), output(rows * width), mode);
    kernels.scatterRows(rows, width, index, x, output(vocabulary * width), mode);
    kernels.segmentSum(rows, width, ints(list), 1, floats(list[rows] * width), output(rows * width), mode);
    kernels.segmentSum(rows, width, 0, slots, x, output(rows * width), mode);
    kernels.meanPool(rows, slots, width, mask, x, output(rows * width), mode);
    kernels.meanPoolBackward(rows, slots, width, mask, x, output(rows * slots * width), mode);
  }
}

function normalise({ kernels, floats, output }: Bench, width: number, count: number): void {
  const [x, gamma, beta] = [floats(count * width), floats(width), floats(width)];
  const [xHat, rstd] = [output(count * width), output(count)];
  kernels.layerNormForward(count, width, x, gamma, beta, output(count * width), xHat, rstd);
  for (const mode of [0, 1]) {
    const [dX, dGamma, dBeta] = [output(count * width), output(width), output(width)];
    kernels.layerNormBackward(count, width, floats(count * width), gamma, xHat, rstd, dX, mode, dGamma, dBeta);
  }
}

export const rowsAndTables: Cases = function* (bench) {
  for (const width of widths) {
    embed(bench, width);
    pool(bench, width);
    yield;
    // A row without elements has no mean.
    if (width === 0) continue;
    for (const count of [1, 4, 7, 10]) normalise(bench, width, count);
    yield;
  }
};

/** Tables of gradients of which few rows are touched. */
export const touchedRows: Cases = function* (bench) {
  const { kernels, ints, bytes, below } = bench;
  const count = 29;
  for (const width of widths) {
    const touched = bytes(Array.from({ length: count }, () => 0));
    const table = bench.output(count * width);
    const d = bench.floats(rows * width);
    kernels.embeddingBagBackward(rows, width, ints(below(list[rows], count)), ints(list), d, table, touched);
    kernels.addRows(count, width, bench.output(count * width), bytes(below(count, 2)), table, touched);
    kernels.clearRows(count, width, bench.output(count * width), touched);
    yield;
  }
};
