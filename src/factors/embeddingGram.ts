/**
 * Inner products of gradients of an embedding, whose weight may also be that of the output layer (tied weights). With
 * g_i[v] the sum of the rows e_r of sample i whose token is v, and h_i[v] = sum_r d_r[v] x_r the row v of the gradient
 * of the other use,
 *
 *     <g_i + h_i, g_j + h_j> - <h_i, h_j> = A_ij + A_ji,
 *     A_ij = sum over the tokens v of j of (h_i[v] + g_i[v] / 2) . g_j[v].
 *
 * Only rows of tokens that occur are computed.
 */
import { index32 } from '../engine/kernels/address.ts';
import { type Arena, matmulScratchBytes } from '../engine/kernels/arena.ts';
import type { Pieces } from '../eventLoop.ts';
import type { DenseRows, EmbeddingRows } from './bank.ts';
import { blocksOf, PRODUCTS } from './blocks.ts';

/** Sums of the rows of each token and sample: token, then sample, then f32[width]. */
type TokenSums = Map<number, Map<number, Float32Array>>;

function tokenSums({ e, tokens, offsets }: EmbeddingRows, from: number, to: number): TokenSums {
  const sums: TokenSums = new Map();
  const [first, rows] = [offsets[from], offsets[to] - offsets[from]];
  const values = new Float32Array(rows * e.width);
  e.read(first, rows, 0, e.width, values);
  for (let i = from; i < to; i++) {
    for (let r = offsets[i]; r < offsets[i + 1]; r++) {
      const bySample = sums.get(tokens[r]) ?? new Map<number, Float32Array>();
      sums.set(tokens[r], bySample);
      const row = values.subarray((r - first) * e.width, (r - first + 1) * e.width);
      const sum = bySample.get(i);
      if (sum) for (let c = 0; c < e.width; c++) sum[c] += row[c];
      else bySample.set(i, row.slice());
    }
  }
  return sums;
}

/** Rows of the samples `from` to `to` - 1 of the other use. */
function readDense({ x, d, offsets }: DenseRows, from: number, to: number) {
  const [first, rows] = [offsets[from], offsets[to] - offsets[from]];
  const [xs, ds] = [new Float32Array(rows * x.width), new Float32Array(rows * d.width)];
  x.read(first, rows, 0, x.width, xs);
  d.read(first, rows, 0, d.width, ds);
  return { first, xs, ds };
}

/** The rows h_i[v] + g_i[v] / 2 of the samples that have one, with the numbers of the samples. */
function leftRows(
  token: number,
  [from, to]: readonly [number, number],
  sums: TokenSums,
  width: number,
  dense: DenseRows | null,
  read: ReturnType<typeof readDense> | null,
): [samples: number[], rows: Float32Array[]] {
  const own = sums.get(token);
  const samples: number[] = [];
  const rows: Float32Array[] = [];
  for (let i = from; i < to; i++) {
    const g = own?.get(i);
    const has = dense ? dense.offsets[i + 1] > dense.offsets[i] : false;
    if (!g && !has) continue;
    const row = g ? g.map((value) => value / 2) : new Float32Array(width);
    if (dense && read) {
      for (let r = dense.offsets[i]; r < dense.offsets[i + 1]; r++) {
        const d = read.ds[(r - read.first) * dense.d.width + token];
        const x = (r - read.first) * width;
        if (d !== 0) for (let c = 0; c < width; c++) row[c] += d * read.xs[x + c];
      }
    }
    samples.push(i);
    rows.push(row);
  }
  return [samples, rows];
}

/** In pieces: adds the inner products to `into`, without those of the dense rows among each other. */
export function* addEmbeddings(
  arena: Arena,
  embedding: EmbeddingRows,
  dense: DenseRows | null,
  samples: number,
  into: Float64Array,
  budget: number,
): Pieces<void> {
  const { width } = embedding.e;
  const bytes = (i: number): number => {
    const rows = embedding.offsets[i + 1] - embedding.offsets[i];
    const other = dense ? (dense.offsets[i + 1] - dense.offsets[i]) * (dense.x.width + dense.d.width) : 0;
    return 4 * (2 * rows * width + other);
  };
  const blocks = blocksOf(samples, bytes, budget / 2);
  const start = arena.mark();
  try {
    const most = Math.max(...blocks.map(({ from, to }) => to - from));
    const [a, b] = [arena.reserve(4 * most * width, false), arena.reserve(4 * most * width, false)];
    const tile = arena.reserve(4 * most * most, false);
    const scratch = arena.reserve(matmulScratchBytes(256, most), false);
    for (const left of blocks) {
      const own = tokenSums(embedding, left.from, left.to);
      const read = dense && readDense(dense, left.from, left.to);
      for (const right of blocks) {
        const others = right === left ? own : tokenSums(embedding, right.from, right.to);
        for (const [token, bySample] of others) {
          const [rowsOf, rows] = leftRows(token, [left.from, left.to], own, width, dense, read);
          const columnsOf = [...bySample.keys()];
          for (const [i, row] of rows.entries()) arena.write(a + 4 * i * width, row);
          for (const [j, row] of [...bySample.values()].entries()) arena.write(b + 4 * j * width, row);
          const [m, n] = [rows.length, columnsOf.length];
          if (m === 0) continue;
          arena.kernels.matmulNT(m, n, width, a, width, b, width, tile, n, 0, 0, 0, scratch);
          for (let i = 0; i < m; i++) {
            for (let j = 0; j < n; j++) {
              const value = arena.f32[index32(tile) + i * n + j];
              into[rowsOf[i] * samples + columnsOf[j]] += value;
              into[columnsOf[j] * samples + rowsOf[i]] += value;
            }
          }
          yield (m * (n + 1) * width) / PRODUCTS;
        }
      }
    }
  } finally {
    arena.release(start);
  }
}
