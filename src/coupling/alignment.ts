/** Centred alignment of a Gram matrix with another one that is given by its features. */
import type { Pieces } from '../eventLoop.ts';
import type { Gram } from './gram.ts';

/** A symmetric matrix [size, size] that is read row by row. */
export interface SymmetricMatrix {
  readonly size: number;
  /** Writes row `i` to `row`, f64[size]. */
  readonly copyRow: (i: number, row: Float64Array) => void;
}

/** The matrix of all samples of both sides, the left ones first, from its blocks. */
export function joinBlocks(
  between: ArrayLike<number>,
  within: readonly [ArrayLike<number>, ArrayLike<number>],
  sizes: readonly [left: number, right: number],
): SymmetricMatrix {
  const [l, r] = sizes;
  return {
    size: l + r,
    copyRow(i, row) {
      if (i < l) {
        for (let j = 0; j < l; j++) row[j] = within[0][i * l + j];
        for (let j = 0; j < r; j++) row[l + j] = between[i * r + j];
      } else {
        for (let j = 0; j < l; j++) row[j] = between[j * r + i - l];
        for (let j = 0; j < r; j++) row[l + j] = within[1][(i - l) * r + j];
      }
    },
  };
}

/** The part of one parameter in the matrix of all samples; null where its gradients vanish on one side or between. */
export function joinParameter(parameter: string, between: Gram, within: readonly [Gram, Gram]): SymmetricMatrix | null {
  const [k, left, right] = [between, ...within].map(({ byParameter }) => byParameter.get(parameter));
  return k && left && right ? joinBlocks(k, [left, right], [between.rows, between.columns]) : null;
}

/**
 * Centred squares of less than this share of the whole are rounding: Gram matrices of parameters are 32-bit floats.
 */
const LEAST_SHARE = 1e-12;

/** Elements that take about the time in which one state is scored. */
const ELEMENTS = 8192;

function squares(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum;
}

/** X^T X of features [size, width]. */
function covariance(features: Float64Array, width: number): Float64Array {
  const product = new Float64Array(width * width);
  for (let first = 0; first < features.length; first += width) {
    for (let a = 0; a < width; a++)
      for (let b = 0; b < width; b++) product[a * width + b] += features[first + a] * features[first + b];
  }
  return product;
}

function centredColumns(features: ArrayLike<number>, width: number): Float64Array {
  const rows = features.length / width;
  const centred = Float64Array.from(features);
  for (let c = 0; c < width; c++) {
    let sum = 0;
    for (let i = c; i < centred.length; i += width) sum += centred[i];
    for (let i = c; i < centred.length; i += width) centred[i] -= sum / rows;
  }
  return centred;
}

/**
 * In pieces: the centred alignment of K with L = X X^T, <HKH, HLH> / (|HKH| |HLH|) with H = I - 11^T / n and Frobenius
 * norms (Cortes, Mohri and Rostamizadeh 2012, arXiv 1203.0550). For two Gram matrices it is linear CKA (Kornblith et
 * al. 2019, arXiv 1905.00414). In [0, 1] for a positive semidefinite K; 0 where HKH or HLH is 0 up to rounding.
 *
 * As H is idempotent, <HKH, HLH> = sum_ij (HKH)_ij (HX)_i . (HX)_j and |HLH| = |(HX)^T HX|: L is not formed.
 *
 * @param features X, [matrix.size, width]
 */
export function* centredAlignment(matrix: SymmetricMatrix, features: ArrayLike<number>, width: number): Pieces<number> {
  const { size, copyRow } = matrix;
  const x = centredColumns(features, width);
  const row = new Float64Array(size);
  const means = new Float64Array(size);
  let whole = 0;
  for (let i = 0; i < size; i++) {
    copyRow(i, row);
    let sum = 0;
    for (let j = 0; j < size; j++) sum += row[j];
    means[i] = sum / size;
    whole += squares(row);
    yield size / ELEMENTS;
  }
  const all = means.reduce((sum, m) => sum + m, 0) / size;
  let product = 0;
  let centred = 0;
  const projected = new Float64Array(width);
  for (let i = 0; i < size; i++) {
    copyRow(i, row);
    projected.fill(0);
    for (let j = 0; j < size; j++) {
      const k = row[j] - means[i] - means[j] + all;
      centred += k * k;
      for (let c = 0; c < width; c++) projected[c] += k * x[j * width + c];
    }
    for (let c = 0; c < width; c++) product += projected[c] * x[i * width + c];
    yield (size * (width + 1)) / ELEMENTS;
  }
  const target = squares(covariance(x, width));
  const wholeTarget = squares(covariance(Float64Array.from(features), width));
  if (centred <= LEAST_SHARE * whole || target <= LEAST_SHARE * wholeTarget) return 0;
  return product / Math.sqrt(centred) / Math.sqrt(target);
}
