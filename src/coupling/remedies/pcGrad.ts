import { requireOrders, taskCount } from './tasks.ts';

/**
 * PCGrad (Yu et al., "Gradient surgery for multi-task learning", 2020, arXiv 2001.06782, algorithm 1). For each
 * gradient, one other gradient after another: if their dot product is negative, the component along the other gradient
 * is removed. The results are averaged; the paper adds them, which is n times as long.
 *
 * @param gram f64[n, n], dot products of the n tasks' gradients
 * @param orders i32[n, n - 1], the order in which the other tasks are applied to task i; see `taskOrders`
 * @returns f64[n], weights of the gradients
 * @throws RangeError if gram or orders violates these conditions
 */
export function pcGrad(gram: ArrayLike<number>, orders: ArrayLike<number>): Float64Array {
  const n = taskCount('pcGrad', gram);
  requireOrders('pcGrad', orders, n);
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    // The changed gradient of task i, as weights of the original gradients.
    const parts = new Float64Array(n);
    parts[i] = 1;
    for (let k = 0; k < n - 1; k++) {
      const j = orders[i * (n - 1) + k];
      let product = 0;
      for (let m = 0; m < n; m++) product += gram[j * n + m] * parts[m];
      if (product < 0) parts[j] -= product / gram[j * n + j];
    }
    for (let m = 0; m < n; m++) weights[m] += parts[m] / n;
  }
  return weights;
}
