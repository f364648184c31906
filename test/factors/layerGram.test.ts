import { expect, test } from 'vitest';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { runAtOnce } from '../../src/eventLoop.ts';
import type { BankLayer, FactorMatrix } from '../../src/factors/bank.ts';
import { layerGram } from '../../src/factors/layerGram.ts';
import { randomStream } from '../../src/random.ts';

/** A matrix in memory with seeded values in [-1, 1). */
function matrix(rows: number, width: number, name: string): FactorMatrix & { at(r: number, c: number): number } {
  const random = randomStream(7, `test/${name}`);
  const values = Float32Array.from({ length: rows * width }, () => 2 * random.uniform() - 1);
  return {
    rows,
    width,
    at: (r, c) => values[r * width + c],
    read(row, count, column, columns, target) {
      for (let r = 0; r < count; r++)
        for (let c = 0; c < columns; c++) target[r * columns + c] = values[(row + r) * width + column + c];
    },
  };
}

function offsets(rows: readonly number[]): Int32Array {
  const sums = [0];
  for (const count of rows) sums.push(sums[sums.length - 1] + count);
  return Int32Array.from(sums);
}

interface Case {
  readonly dense?: { rows: readonly number[]; x: number; d: number };
  readonly embedding?: { rows: readonly number[]; width: number; tokens: number };
  readonly gradients?: { samples: number; size: number };
}

/** The layer, and its gradients in 64 bits, [samples][d * x]. */
function make({ dense, embedding, gradients }: Case): { layer: BankLayer; explicit: Float64Array[] } {
  const n = dense?.rows.length ?? embedding?.rows.length ?? gradients?.samples ?? 0;
  const [out, width] = [dense?.d ?? embedding?.tokens ?? 1, dense?.x ?? embedding?.width ?? gradients?.size ?? 0];
  const explicit = Array.from({ length: n }, () => new Float64Array(out * width));
  const layer = { name: 'w', shape: [out, width], dense: null, embedding: null, gradients: null, sketch: false };
  const parts: Partial<{ -readonly [K in keyof BankLayer]: BankLayer[K] }> = {};
  if (dense) {
    const first = offsets(dense.rows);
    const [x, d] = [matrix(first[n], width, 'x'), matrix(first[n], out, 'd')];
    parts.dense = { x, d, offsets: first };
    for (let i = 0; i < n; i++)
      for (let r = first[i]; r < first[i + 1]; r++)
        for (let o = 0; o < out; o++)
          for (let c = 0; c < width; c++) explicit[i][o * width + c] += d.at(r, o) * x.at(r, c);
  }
  if (embedding) {
    const first = offsets(embedding.rows);
    const e = matrix(first[n], width, 'e');
    const random = randomStream(7, 'test/tokens');
    const tokens = Int32Array.from({ length: first[n] }, () => random.below(embedding.tokens));
    parts.embedding = { e, tokens, offsets: first };
    for (let i = 0; i < n; i++)
      for (let r = first[i]; r < first[i + 1]; r++)
        for (let c = 0; c < width; c++) explicit[i][tokens[r] * width + c] += e.at(r, c);
  }
  if (gradients) {
    const g = matrix(n, width, 'g');
    parts.gradients = g;
    for (let i = 0; i < n; i++) for (let c = 0; c < width; c++) explicit[i][c] = g.at(i, c);
  }
  return { layer: { ...layer, ...parts }, explicit };
}

const many = (count: number, rows: number): number[] => Array.from({ length: count }, (_, i) => (i * 7) % (rows + 1));

const cases: readonly [string, Case][] = [
  ['one row per sample, pairs of rows', { dense: { rows: many(40, 1).map(() => 1), x: 33, d: 17 } }],
  ['no rows in some samples, pairs of rows', { dense: { rows: [3, 0, 2, 1, 0], x: 40, d: 30 } }],
  ['many rows, computed gradients', { dense: { rows: many(21, 60), x: 5, d: 7 } }],
  ['an embedding', { embedding: { rows: many(19, 9), width: 12, tokens: 8 } }],
  [
    'tied weights',
    { dense: { rows: [2, 0, 5, 1], x: 12, d: 9 }, embedding: { rows: [4, 3, 0, 6], width: 12, tokens: 9 } },
  ],
  ['stored gradients', { gradients: { samples: 300, size: 50 } }],
  ['stored gradients in several pieces', { gradients: { samples: 3, size: 40_000 } }],
];

test.each(cases)('layerGram agrees with inner products of gradients in 64 bits: %s', async (_, given) => {
  const { layer, explicit } = make(given);
  const n = explicit.length;
  const arena = await createArena();
  const mark = arena.mark();
  const k = runAtOnce(layerGram(arena, layer, n));
  expect(arena.mark()).toBe(mark);
  const expected = explicit.map((a) => explicit.map((b) => a.reduce((sum, value, c) => sum + value * b[c], 0)));
  const scale = Math.max(...expected.map((row, i) => row[i]));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      expect(Math.abs(k[i * n + j] - expected[i][j])).toBeLessThan(1e-5 * scale);
      expect(k[i * n + j]).toBe(k[j * n + i]);
    }
  }
  // Any memory gives the same bits: blocks of one sample, and of some.
  expect(runAtOnce(layerGram(arena, layer, n, 1))).toEqual(k);
  expect(runAtOnce(layerGram(arena, layer, n, 20_000))).toEqual(k);
});
