/**
 * Decoupled advantages: weights alpha of the samples' gradients in place of their advantages A, so that a step moves
 * each sample's own log-probability as its advantage asks, without the moves that the gradients of other samples add.
 *
 * A step of size h along sum_j alpha_j g_j with g_j = d log pi(a_j | s_j) / d parameters changes log pi(a_i | s_i) by
 * h (K alpha)_i to first order, K[i][j] = <g_i, g_j>. A gradient alone would change it by h K_ii A_i. Therefore
 *
 *   (K + lambda d I) alpha = (diag K + lambda d) A,   d = trace(K) / n,
 *
 * where K keeps its diagonal and those elements beside it that are to be taken away. For lambda -> infinity, and for a
 * diagonal K, alpha = A. Alpha is then scaled to the root mean square of A.
 */
import { checkPositive, refuse, shown } from '../../check/values.ts';

/**
 * Returns (matrix + shift I)^-1 rhs, or null if matrix + shift I is not positive definite to rounding. Only the lower
 * triangle of matrix f64[n, n] is read.
 */
export type SolveDefinite = (matrix: Float64Array, shift: number, rhs: Float64Array) => Float64Array | null;

/**
 * How alpha was computed:
 * - `cholesky`: from the system with the requested lambda;
 * - `damped`: that system is not positive definite, so lambda was raised;
 * - `zero`: all gradients are 0. No weights move the policy, and alpha is A.
 */
export type DecouplePath = 'cholesky' | 'damped' | 'zero';

/** Advantages of which `decoupleAdvantages` took the coupling away. */
export interface Decoupled {
  /** f64[n]: alpha, with the root mean square of the advantages. */
  readonly advantage: Float64Array;
  readonly path: DecouplePath;
  /** The lambda of the system that was solved; 0 on the path `zero`. */
  readonly lambda: number;
}

/** The smallest shift that makes the matrix definite is found to this factor. */
const SHIFT_FACTOR = 1.0625;

function checkInputs(gram: Float64Array, advantages: ArrayLike<number>, pairs: Uint8Array | null, lambda: number) {
  const n = advantages.length;
  const caller = 'decoupleAdvantages';
  checkPositive(caller, 'lambda', lambda, true, 'values from 0.1 to 1000 are usual');
  if (n === 0) refuse(caller, 'advantages', 'at least one number', n, 'leave out empty batches');
  if (gram.length !== n * n) refuse(caller, 'gram.length', `${n * n}`, gram.length, 'pass a row for each advantage');
  if (pairs && pairs.length !== n * n) {
    refuse(caller, 'pairs.length', `${n * n}`, pairs.length, 'pass a row for each advantage, or null for all pairs');
  }
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(advantages[i]))
      refuse(caller, `advantages[${i}]`, 'finite', advantages[i], 'check the returns');
  }
  let zero = 0;
  let least = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) zero += gram[i * n + j] * 0;
    least = Math.min(least, gram[i * n + i]);
  }
  if (zero === 0 && least === 0) return;
  const bad = gram.findIndex((x, k) => !Number.isFinite(x) || (k % (n + 1) === 0 && x < 0));
  throw new RangeError(
    `${caller}: gram must be finite with a diagonal >= 0, got ${shown(gram[bad])} at [${Math.floor(bad / n)}, ${bad % n}]; pass inner products of the gradients`,
  );
}

/**
 * A shift that makes the smallest eigenvalue of the matrix about as large as it was negative: twice the smallest shift
 * for which a Cholesky factorisation exists. A shift just above the smallest one leaves an eigenvalue of almost 0,
 * whose eigenvector would dominate alpha.
 */
function dampingShift(solve: SolveDefinite, matrix: Float64Array, rhs: Float64Array, unit: number): number {
  const works = (shift: number): boolean => solve(matrix, shift, rhs) !== null;
  let high = unit;
  while (!works(high)) high *= 2;
  let low = high / 2;
  // Rounding alone can ask for a shift far below `unit`.
  while (low > 1e-12 * unit && works(low)) {
    high = low;
    low /= 2;
  }
  while (high > SHIFT_FACTOR * low) {
    const middle = Math.sqrt(low * high);
    if (works(middle)) high = middle;
    else low = middle;
  }
  return 2 * high;
}

/**
 * Decoupled advantages of n samples.
 *
 * A masked Gram matrix can be indefinite at a small lambda. The exact solution of such a system is of little use: on
 * matrices of training runs it had up to half of its signs opposite to the advantages. Then lambda d is raised by
 * `dampingShift`, which is the same formula at a larger lambda; see docs/decisions/0033-decoupled-advantages.md.
 *
 * @param solve a solver of positive definite systems; see `choleskySolver`
 * @param gram f64[n, n], inner products of the samples' gradients; symmetric, of which the lower triangle is read
 * @param advantages n finite numbers
 * @param pairs u8[n, n], symmetric: 1 for the pairs whose influence on each other is taken away; null: all pairs
 * @param lambda above 0: ratio of the ridge to the mean diagonal element of gram
 * @throws RangeError if an argument violates these conditions
 */
export function decoupleAdvantages(
  solve: SolveDefinite,
  gram: Float64Array,
  advantages: ArrayLike<number>,
  pairs: Uint8Array | null,
  lambda: number,
): Decoupled {
  checkInputs(gram, advantages, pairs, lambda);
  const n = advantages.length;
  let trace = 0;
  for (let i = 0; i < n; i++) trace += gram[i * n + i];
  if (trace === 0) return { advantage: Float64Array.from(advantages), path: 'zero', lambda: 0 };
  const d = trace / n;
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) if (pairs === null || pairs[i * n + j] !== 0) matrix[i * n + j] = gram[i * n + j];
    matrix[i * n + i] = gram[i * n + i];
  }
  const asked = (shift: number): Float64Array => Float64Array.from(advantages, (a, i) => (gram[i * n + i] + shift) * a);
  let shift = lambda * d;
  let path: DecouplePath = 'cholesky';
  let alpha = solve(matrix, shift, asked(shift));
  if (!alpha) {
    path = 'damped';
    for (let i = 0; i < n; i++) matrix[i * n + i] += shift;
    const more = dampingShift(solve, matrix, asked(shift), d);
    for (let i = 0; i < n; i++) matrix[i * n + i] = gram[i * n + i];
    shift += more;
    alpha = solve(matrix, shift, asked(shift));
  }
  if (!alpha) throw new Error('decoupleAdvantages: the damped matrix must be positive definite, got none; report this');
  return { advantage: scaleTo(alpha, advantages), path, lambda: shift / d };
}

/** Alpha with the root mean square of the advantages. */
function scaleTo(alpha: Float64Array, advantages: ArrayLike<number>): Float64Array {
  let own = 0;
  let target = 0;
  for (let i = 0; i < alpha.length; i++) {
    own += alpha[i] * alpha[i];
    target += advantages[i] * advantages[i];
  }
  const factor = own > 0 ? Math.sqrt(target / own) : 0;
  return alpha.map((x) => x * factor);
}
