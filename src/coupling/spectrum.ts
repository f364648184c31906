/** Eigenvalues of a symmetric matrix, and the effective rank of a positive semidefinite one. */
import type { Kernels } from '../engine/kernels/load.ts';
import type { Pieces } from '../eventLoop.ts';

const EPSILON = 1 / 2 ** 52;

/** Sweeps after which an eigenvalue counts as not found; a few are usual. */
const MOST_SWEEPS = 100;

/** Elements that take about the time in which one state is scored. */
const ELEMENTS = 8192;

/**
 * In pieces: reduces matrix[n, n], which it overwrites, to a tridiagonal matrix with the same eigenvalues by
 * Householder reflections (Golub and Van Loan, "Matrix Computations", 8.3).
 *
 * @returns its diagonal, f64[n], and the elements beside the diagonal, f64[n], the last of which is 0
 */
function* tridiagonal(a: Float64Array, n: number): Pieces<{ d: Float64Array; e: Float64Array }> {
  const d = new Float64Array(n);
  const e = new Float64Array(n);
  const v = new Float64Array(n);
  const p = new Float64Array(n);
  for (let k = 0; k < n - 1; k++) {
    d[k] = a[k * n + k];
    let squared = 0;
    for (let i = k + 1; i < n; i++) {
      v[i] = a[i * n + k];
      squared += v[i] * v[i];
    }
    // The reflection maps the column below the diagonal to (e_k, 0, ...).
    e[k] = v[k + 1] > 0 ? -Math.sqrt(squared) : Math.sqrt(squared);
    v[k + 1] -= e[k];
    const length = squared - e[k] * a[(k + 1) * n + k];
    if (length > 0) {
      let inner = 0;
      for (let i = k + 1; i < n; i++) {
        let sum = 0;
        for (let j = k + 1; j < n; j++) sum += a[i * n + j] * v[j];
        p[i] = sum / length;
        inner += p[i] * v[i];
      }
      const half = inner / (2 * length);
      for (let i = k + 1; i < n; i++) p[i] -= half * v[i];
      for (let i = k + 1; i < n; i++) {
        for (let j = k + 1; j < n; j++) a[i * n + j] -= v[i] * p[j] + p[i] * v[j];
      }
    }
    yield (2 * (n - k) * (n - k)) / ELEMENTS;
  }
  d[n - 1] = a[n * n - 1];
  return { d, e };
}

/**
 * One QL step with implicit shift on rows `first` to `last` of a tridiagonal matrix (Golub and Van Loan, 8.3).
 */
function step(d: Float64Array, e: Float64Array, first: number, last: number): void {
  const slope = (d[first + 1] - d[first]) / (2 * e[first]);
  const root = Math.sqrt(slope * slope + 1);
  let g = d[last] - d[first] + e[first] / (slope + (slope < 0 ? -root : root));
  let [sine, cosine, shift] = [1, 1, 0];
  for (let i = last - 1; i >= first; i--) {
    const f = sine * e[i];
    const b = cosine * e[i];
    const r = Math.sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] -= shift;
      e[last] = 0;
      return;
    }
    sine = f / r;
    cosine = g / r;
    g = d[i + 1] - shift;
    const t = (d[i] - g) * sine + 2 * cosine * b;
    shift = sine * t;
    d[i + 1] = g + shift;
    g = cosine * t - b;
  }
  d[first] -= shift;
  e[first] = g;
  e[last] = 0;
}

/**
 * In pieces: the eigenvalues of symmetric matrix[n, n] in ascending order, each with an error of about 10^-15 n times
 * the largest. Uses + - * / and square roots alone, so the result is bitwise identical in all runtimes.
 *
 * @throws RangeError if the matrix has an element that is not finite
 */
export function* symmetricEigenvalues(matrix: ArrayLike<number>, n: number): Pieces<Float64Array> {
  const bad = Array.prototype.findIndex.call(matrix, (x: number) => !Number.isFinite(x));
  if (bad >= 0) {
    throw new RangeError(
      `symmetricEigenvalues: matrix must be finite, got ${matrix[bad]} at ${bad}; lower learningRate`,
    );
  }
  const { d, e } = yield* tridiagonal(Float64Array.from(matrix), n);
  let scale = 0;
  for (let i = 0; i < n; i++) scale = Math.max(scale, Math.abs(d[i]) + Math.abs(e[i]));
  for (let first = 0; first < n; first++) {
    for (let sweep = 0; ; sweep++) {
      let last = first;
      while (last < n - 1 && Math.abs(e[last]) > EPSILON * scale) last++;
      if (last === first) break;
      if (sweep === MOST_SWEEPS) {
        throw new Error(`symmetricEigenvalues: eigenvalue ${first} of ${n} did not converge; report this`);
      }
      step(d, e, first, last);
    }
    yield n / ELEMENTS;
  }
  return d.sort();
}

/** Probabilities below this add less than 10^-28 to an entropy; their logarithm may be that of a subnormal float. */
const LEAST_SHARE = 1e-30;

/**
 * The effective rank of a positive semidefinite matrix: the exponential of the entropy of p_i = lambda_i / sum lambda
 * (Roy and Vetterli, "The effective rank: a measure of effective dimensionality", 2007), between 1 and the number of
 * eigenvalues. With it the share of the largest eigenvalue, max p_i. Both are 0 for a matrix of zeros. Eigenvalues
 * below 0, which rounding causes, count as 0. Logarithm and exponential are those of the kernels: relative error about
 * 10^-7.
 */
export function effectiveRank(
  eigenvalues: ArrayLike<number>,
  kernels: Pick<Kernels, 'exp1' | 'log1'>,
): { effectiveRank: number; topShare: number } {
  const positive = Array.from(eigenvalues, (x) => Math.max(0, x));
  const sum = positive.reduce((total, x) => total + x, 0);
  if (sum === 0) return { effectiveRank: 0, topShare: 0 };
  let entropy = 0;
  let topShare = 0;
  for (const eigenvalue of positive) {
    const share = eigenvalue / sum;
    topShare = Math.max(topShare, share);
    if (share > LEAST_SHARE) entropy -= share * kernels.log1(share);
  }
  return { effectiveRank: kernels.exp1(entropy), topShare };
}
