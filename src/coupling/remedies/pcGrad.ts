import { requireOrders, taskCount } from './tasks.ts';

/**
 * PCGrad (Yu et al., "Gradient surgery for multi-task learning", 2020, arXiv 2001.06782, algorithm 1): of each gradient, the part that
 * points against another is removed, one other gradient after the other; the results are averaged. The paper adds them up, which is n
 * times as long.
 *
 * @param gram f64[n, n], dot products of the n tasks' gradients
 * @param orders i32[n, n - 1], in which order task i meets the others; see `taskOrders`
 * @returns f64[n], weights of the gradients
 * @throws RangeError if gram or orders are not what they should be
 */
export function pcGrad(gram: ArrayLike<number>, orders: ArrayLike<number>): Float64Array {
  const n = taskCount('pcGrad', gram);
  requireOrders('pcGrad', orders, n);
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    // The gradient of task i, as it is changed, in weights of the original ones.
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
