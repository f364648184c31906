import { describe, expect, test } from 'vitest';
import { centredAlignment, joinBlocks, type SymmetricMatrix } from '../../src/coupling/alignment.ts';
import { runAtOnce } from '../../src/eventLoop.ts';
import { randomStream } from '../../src/random.ts';

const matrixOf = (k: ArrayLike<number>, size: number): SymmetricMatrix => ({
  size,
  copyRow(i, row) {
    for (let j = 0; j < size; j++) row[j] = k[i * size + j];
  },
});

const alignment = (k: ArrayLike<number>, n: number, features: ArrayLike<number>, width: number): number =>
  runAtOnce(centredAlignment(matrixOf(k, n), features, width));

/** The same from HKH and HLH, formed as products with H = I - 1/n. */
function reference(k: number[][], l: number[][]): number {
  const n = k.length;
  const h = k.map((_, i) => k.map((_, j) => (i === j ? 1 : 0) - 1 / n));
  const multiply = (a: number[][], b: number[][]): number[][] =>
    a.map((row) => b[0].map((_, j) => row.reduce((sum, x, t) => sum + x * b[t][j], 0)));
  const centre = (m: number[][]): number[] => multiply(multiply(h, m), h).flat();
  const [a, b] = [centre(k), centre(l)];
  const dot = (x: number[], y: number[]): number => x.reduce((sum, v, i) => sum + v * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

const outer = (x: number[][]): number[][] => x.map((a) => x.map((b) => a.reduce((sum, v, i) => sum + v * b[i], 0)));

function randomRows(seed: number, rows: number, width: number): number[][] {
  const random = randomStream(seed, 'test/alignment');
  return Array.from({ length: rows }, () => Array.from({ length: width }, () => random.uniform() - 0.3));
}

describe('centred alignment', () => {
  test.each([1, 2, 3])('is that of HKH and HLH, formed one by one, seed %i: error < 1e-12', (seed) => {
    for (const [n, width] of [
      [2, 1],
      [7, 1],
      [12, 5],
      [30, 3],
    ]) {
      const k = outer(randomRows(seed, n, 9));
      const x = randomRows(seed + 10, n, width);
      const found = alignment(k.flat(), n, x.flat(), width);
      expect(found).toBeCloseTo(reference(k, outer(x)), 12);
      expect(found).toBeGreaterThanOrEqual(0);
      expect(found).toBeLessThanOrEqual(1 + 1e-12);
    }
  });

  test('by hand: gradients equal within a label and orthogonal between labels align fully, and so do their negatives', () => {
    const labels = [1, 1, -1, -1];
    const blocks = labels.flatMap((a) => labels.map((b) => (a === b ? 1 : 0)));
    expect(alignment(blocks, 4, labels, 1)).toBeCloseTo(1, 12);
    const products = labels.flatMap((a) => labels.map((b) => 3 * a * b + 7));
    expect(alignment(products, 4, labels, 1)).toBeCloseTo(1, 12);
  });

  test('by hand: orthogonal gradients of equal norms, two good and two bad, have 1 / sqrt 3', () => {
    // HKH = I - 1/4 has squared norm 3, y^T y = 4: 4 / (sqrt 3 * 4).
    const identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
    expect(alignment(identity, 4, [1, 1, -1, -1], 1)).toBeCloseTo(1 / Math.sqrt(3), 12);
  });

  test('by hand: labels that the gradients do not separate have 0', () => {
    const labels = [1, 1, -1, -1];
    const other = [1, -1, 1, -1];
    expect(
      alignment(
        other.flatMap((a) => other.map((b) => a * b)),
        4,
        labels,
        1,
      ),
    ).toBeCloseTo(0, 12);
  });

  test('is 0 where the gradients or the labels are all equal, and does not depend on the scale or on a constant', () => {
    expect(alignment(new Float64Array(9).fill(0.1), 3, [1, 1, -1], 1)).toBe(0);
    expect(alignment([1, 0, 0, 1], 2, [1, 1], 1)).toBe(0);
    expect(alignment([0, 0, 0, 0], 2, [1, -1], 1)).toBe(0);
    const k = outer(randomRows(4, 8, 3)).flat();
    const x = randomRows(5, 8, 1).flat();
    const scaled = alignment(
      k.map((v) => v * 1e12),
      8,
      x.map((v) => 1e-6 * v + 1e-7),
      1,
    );
    expect(scaled).toBeCloseTo(alignment(k, 8, x, 1), 9);
  });

  test('of an embedding with the matrix of its own inner products is 1', () => {
    const x = randomRows(6, 20, 4);
    expect(alignment(outer(x).flat(), 20, x.flat(), 4)).toBeCloseTo(1, 12);
  });
});

test('blocks of two sides join to the matrix of all samples', () => {
  const x = randomRows(7, 7, 3);
  const [left, right] = [x.slice(0, 3), x.slice(3)];
  const between = left.flatMap((a) => right.map((b) => a.reduce((sum, v, i) => sum + v * b[i], 0)));
  const matrix = joinBlocks(between, [outer(left).flat(), outer(right).flat()], [3, 4]);
  const row = new Float64Array(7);
  expect(matrix.size).toBe(7);
  outer(x).forEach((expected, i) => {
    matrix.copyRow(i, row);
    expect([...row]).toEqual(expected);
  });
});
