/** Matrix products on named matrices: sizes and strides reach the kernels, and shapes that do not fit are refused. */
import { expect, test } from 'vitest';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import {
  type Matrix,
  matrix,
  multiply,
  multiplyByTransposed,
  multiplyTransposed,
  view,
} from '../../../src/engine/kernels/matrices.ts';

const arena = await createArena();
const { kernels } = arena;
const scratch = arena.reserve(65_536);

/** A matrix whose element [r, c] is value(r, c), with `gap` unused floats after each row. */
function filled(rows: number, columns: number, value: (r: number, c: number) => number, gap = 1): Matrix {
  const m = view(matrix(columns, columns + gap), arena.floats(rows * (columns + gap)), rows);
  for (let r = 0; r < rows; r++) {
    arena.write(
      m.at + r * m.stride * 4,
      Array.from({ length: columns }, (_, c) => value(r, c)),
    );
  }
  return m;
}

const rowsOf = (m: Matrix): number[][] =>
  Array.from({ length: m.rows }, (_, r) => [...arena.read(m.at + r * m.stride * 4, m.columns)]);

const first = (r: number, c: number): number => 2 * r - c;
const second = (r: number, c: number): number => r + 3 * c;

/** Sums over k of first(i, k) * second(k, j). */
const expected = (rows: number, inner: number, columns: number, start: number): number[][] =>
  Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => {
      let sum = start;
      for (let k = 0; k < inner; k++) sum += first(i, k) * second(k, j);
      return sum;
    }),
  );

test('the three products of a [2, 3] and a [3, 5] matrix are those of a sum over k, with strides and modes', () => {
  const [a, b] = [filled(2, 3, first), filled(3, 5, second)];
  const [at, bt] = [filled(3, 2, (r, c) => first(c, r)), filled(5, 3, (r, c) => second(c, r))];
  const c = filled(2, 5, () => 7);
  multiply(kernels, a, b, c, 1, 0, scratch);
  expect(rowsOf(c)).toEqual(expected(2, 3, 5, 7));
  multiplyByTransposed(kernels, a, bt, c, 0, 0, 0, scratch);
  expect(rowsOf(c)).toEqual(expected(2, 3, 5, 0));
  const sums = filled(1, 5, () => 1, 0);
  multiplyTransposed(kernels, at, b, c, 1, sums.at, scratch);
  expect(rowsOf(c)).toEqual(expected(2, 3, 5, 0).map((row) => row.map((x) => 2 * x)));
  expect(rowsOf(sums)).toEqual([[4, 13, 22, 31, 40]]);
});

test('swapped operands are refused with their shapes', () => {
  const [a, b, c] = [filled(2, 3, first), filled(3, 5, second), filled(2, 5, first)];
  const shapes = 'A [3, 5], B [2, 3], C [2, 5]; check the matrices of the layer';
  expect(() => multiply(kernels, b, a, c, 0, 0, scratch)).toThrow(
    new Error(`multiply: shapes must fit, got ${shapes}`),
  );
  expect(() => multiplyByTransposed(kernels, b, a, c, 0, 0, 0, scratch)).toThrow(
    new Error(`multiplyByTransposed: shapes must fit, got ${shapes}`),
  );
  expect(() => multiplyTransposed(kernels, b, a, c, 0, 0, scratch)).toThrow(
    new Error(`multiplyTransposed: shapes must fit, got ${shapes}`),
  );
});
