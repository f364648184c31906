/**
 * Matrix products on named matrices. The kernels take up to 14 numbers, and two swapped numbers would be a silent
 * error.
 *
 * A layer creates its matrices once and sets address and rows with `view` before each call, so that a pass allocates
 * nothing.
 */
import type { Kernels } from './load.ts';

/** A row-major matrix of floats in the memory of the arena. */
export interface Matrix {
  /** Byte address of the first element. */
  at: number;
  rows: number;
  readonly columns: number;
  /** Floats from the start of one row to the start of the next. */
  readonly stride: number;
}

/** A matrix without address and rows; see `view`. */
export function matrix(columns: number, stride = columns): Matrix {
  return { at: 0, rows: 0, columns, stride };
}

/** Sets the address and the number of rows of the matrix, and returns it. */
export function view(m: Matrix, at: number, rows: number): Matrix {
  m.at = at;
  m.rows = rows;
  return m;
}

function refuseShapes(product: string, a: Matrix, b: Matrix, c: Matrix): never {
  const [left, right, result] = [a, b, c].map(({ rows, columns }) => `[${rows}, ${columns}]`);
  throw new Error(
    `${product}: shapes must fit, got A ${left}, B ${right}, C ${result}; check the matrices of the layer`,
  );
}

/** C = A B (mode 0), C += A B (mode 1) or C = bias + A B (mode 2, bias f32[c.columns]). */
export function multiply(
  kernels: Kernels,
  a: Matrix,
  b: Matrix,
  c: Matrix,
  mode: 0 | 1 | 2,
  bias: number,
  scratch: number,
): void {
  if (a.columns !== b.rows || a.rows !== c.rows || b.columns !== c.columns) refuseShapes('multiply', a, b, c);
  kernels.matmulNN(a.rows, b.columns, a.columns, a.at, a.stride, b.at, b.stride, c.at, c.stride, mode, bias, scratch);
}

/**
 * C = A B^T (mode 0) or C += A B^T (mode 1). If `activation` is not 0, C is then multiplied by the derivative of this
 * activation (1 tanh, 2 relu) at its output `saved`, which has the shape and stride of C.
 */
export function multiplyByTransposed(
  kernels: Kernels,
  a: Matrix,
  b: Matrix,
  c: Matrix,
  mode: 0 | 1,
  activation: number,
  saved: number,
  scratch: number,
): void {
  if (a.columns !== b.columns || a.rows !== c.rows || b.rows !== c.columns)
    refuseShapes('multiplyByTransposed', a, b, c);
  kernels.matmulNT(
    a.rows,
    b.rows,
    a.columns,
    a.at,
    a.stride,
    b.at,
    b.stride,
    c.at,
    c.stride,
    mode,
    activation,
    saved,
    scratch,
  );
}

/** C = A^T B (mode 0) or C += A^T B (mode 1). Unless `sums` is 0, f32[b.columns] at `sums` += the column sums of B. */
export function multiplyTransposed(
  kernels: Kernels,
  a: Matrix,
  b: Matrix,
  c: Matrix,
  mode: 0 | 1,
  sums: number,
  scratch: number,
): void {
  if (a.rows !== b.rows || a.columns !== c.rows || b.columns !== c.columns) refuseShapes('multiplyTransposed', a, b, c);
  kernels.matmulTN(a.columns, b.columns, a.rows, a.at, a.stride, b.at, b.stride, c.at, c.stride, mode, sums, scratch);
}
