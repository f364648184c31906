import { isList, shown } from '../../check/values.ts';
import { requireOrders, taskCount } from './tasks.ts';

/** Weights of the gradients, and the targets for the next update. */
export interface GradVac {
  /** f64[n], weights of the gradients. */
  readonly weights: Float64Array<ArrayBuffer>;
  /**
   * f64[n, n], moving average of the cosine between task i's gradient, as changed so far, and the gradient of task j.
   */
  readonly targets: Float64Array<ArrayBuffer>;
}

/**
 * Largest target cosine. No finite weight reaches a cosine of 1; up to this bound a weight is at most about 700 times
 * the ratio of the lengths.
 */
const LARGEST_TARGET = 1 - 1e-6;

/**
 * A squared length below this fraction of the squared sum of the lengths of its parts is treated as a rounding error.
 */
const VANISHED = 1 / 2 ** 40;

/**
 * Gradient Vaccine (Wang et al., "Gradient vaccine", 2021, arXiv 2010.05874, algorithm 1). If the cosine of a gradient
 * with another gradient is below the target of this pair, a multiple of the other gradient is added that raises the
 * cosine to the target. The results are averaged; the paper adds them, which is n times as long. The target of a pair
 * is the moving average of its cosines.
 *
 * A pair with a gradient of length zero has no cosine. Such a pair and its target stay unchanged.
 *
 * @param gram f64[n, n], dot products of the n tasks' gradients
 * @param orders i32[n, n - 1], the order in which the other tasks are applied to task i; see `taskOrders`
 * @param targets f64[n, n] in [-1, 1], from the previous update; zeros before the first update. It is not changed
 * @param beta weight of the latest cosine in the targets, in [0, 1]; the paper uses 0.01. With beta 0 and targets of 0
 * the method is PCGrad
 * @throws RangeError if an argument violates these conditions
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
    // The changed gradient of task i, as weights of the original gradients, and its dot products with them.
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
        // The target is above a cosine, so it is above -1, and its sine is above 0.
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
