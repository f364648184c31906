import { isList, shown } from '../../check/values.ts';
import { requireOrders, taskCount } from './tasks.ts';

/** Weights, and the targets for the next update. */
export interface GradVac {
  /** f64[n], weights of the gradients. */
  readonly weights: Float64Array<ArrayBuffer>;
  /** f64[n, n], moving average of the cosine that task i's gradient, as changed so far, had with that of task j. */
  readonly targets: Float64Array<ArrayBuffer>;
}

/** A target cosine of 1 is met by no finite weight; up to this bound a weight is at most some 700 times the ratio of the lengths. */
const LARGEST_TARGET = 1 - 1e-6;

/** A squared length this small, relative to that of the parts that make it up, is rounding. */
const VANISHED = 1 / 2 ** 40;

/**
 * Gradient Vaccine (Wang et al., "Gradient vaccine", 2021, arXiv 2010.05874, algorithm 1): each gradient whose cosine with another is below
 * the target of that pair gets as much of the other as lifts the cosine to the target; the results are averaged (the paper adds them up,
 * which is n times as long). The target of a pair is the moving average of its cosines.
 *
 * A pair with a gradient of length zero has no cosine: neither it nor its target is changed.
 *
 * @param gram f64[n, n], dot products of the n tasks' gradients
 * @param orders i32[n, n - 1], in which order task i meets the others; see `taskOrders`
 * @param targets f64[n, n] in [-1, 1], from the update before; zeros before the first. It is not changed
 * @param beta weight of the newest cosine in the targets, in [0, 1]; the paper takes 0.01. With 0 and targets of zero it is PCGrad
 * @throws RangeError if an argument is not what it should be
 */
export function gradVac(
  gram: ArrayLike<number>,
  orders: ArrayLike<number>,
  targets: ArrayLike<number>,
  beta: number,
): GradVac {
  const n = taskCount('gradVac', gram);
  requireOrders('gradVac', orders, n);
  if (!(typeof beta === 'number' && beta >= 0 && beta <= 1)) {
    throw new RangeError(`gradVac: beta must be in [0, 1], got ${shown(beta)}; 0.01 is usual`);
  }
  if (!isList(targets) || targets.length !== n * n) {
    throw new RangeError(
      `gradVac: targets must be [${n}, ${n}], got ${isList(targets) ? `${targets.length} values` : shown(targets)}; begin with zeros when the tasks change`,
    );
  }
  for (let i = 0; i < n * n; i++) {
    if (typeof targets[i] === 'number' && targets[i] >= -1 && targets[i] <= 1) continue;
    throw new RangeError(`gradVac: targets must be in [-1, 1], got ${shown(targets[i])} at ${i}; begin with zeros`);
  }
  const next = Float64Array.from(targets);
  const lengths = Float64Array.from({ length: n }, (_, i) => Math.sqrt(gram[i * n + i]));
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    // The gradient of task i, as it is changed, in weights of the original ones, and its dot products with them.
    const parts = new Float64Array(n);
    parts[i] = 1;
    const products = Float64Array.from({ length: n }, (_, j) => gram[i * n + j]);
    for (let k = 0; k < n - 1; k++) {
      const j = orders[i * (n - 1) + k];
      let square = 0;
      let whole = 0;
      for (let m = 0; m < n; m++) {
        square += products[m] * parts[m];
        whole += Math.abs(parts[m]) * lengths[m];
      }
      if (square <= VANISHED * whole * whole || lengths[j] === 0) continue;
      const length = Math.sqrt(square);
      const cosine = Math.max(-1, Math.min(1, products[j] / (length * lengths[j])));
      const target = Math.min(next[i * n + j], LARGEST_TARGET);
      if (cosine < target) {
        const sine = Math.sqrt(1 - cosine * cosine);
        const targetSine = Math.sqrt(1 - target * target);
        // A target of -1 is above no cosine, so that its sine is not zero.
        const weight = (length * (target * sine - cosine * targetSine)) / (lengths[j] * targetSine);
        parts[j] += weight;
        for (let m = 0; m < n; m++) products[m] += weight * gram[j * n + m];
      }
      next[i * n + j] = (1 - beta) * next[i * n + j] + beta * cosine;
    }
    for (let m = 0; m < n; m++) weights[m] += parts[m] / n;
  }
  return { weights, targets: next };
}
