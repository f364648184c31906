import { shown } from '../../check/values.ts';
import { projectOntoDualCone } from './dualCone.ts';
import { taskCount } from './tasks.ts';

/**
 * UPGrad (Quinton and Rey, "Jacobian descent for multi-objective optimization", 2024, arXiv 2406.16232, equation 4):
 * each gradient is projected onto the dual cone, the directions whose dot product with every gradient is at least 0.
 * The projections are averaged. For the combined gradient d, <g_i, d> >= -regularization * weights[i] * (sum of all
 * squared lengths).
 *
 * @param gram f64[n, n], dot products of the n tasks' gradients
 * @param regularization above 0; it is added to the diagonal of the Gram matrix, scaled to trace 1, so that the
 * projection is unique even if the gradients are linearly dependent
 * @returns f64[n], weights of the gradients, each at least 1 / n
 * @throws RangeError if gram or regularization violates these conditions
 */
export function upGrad(gram: ArrayLike<number>, regularization = 1e-4): Float64Array {
  const n = taskCount('upGrad', gram);
  if (!(typeof regularization === 'number' && regularization > 0 && regularization < Number.POSITIVE_INFINITY)) {
    throw new RangeError(
      `upGrad: regularization must be above 0 and finite, got ${shown(regularization)}; 1e-4 is usual`,
    );
  }
  let trace = 0;
  for (let i = 0; i < n; i++) trace += gram[i * n + i];
  const weights = new Float64Array(n);
  if (trace === 0) return weights.fill(1 / n);
  const normalized = Float64Array.from({ length: n * n }, (_, k) => gram[k] / trace);
  for (let i = 0; i < n; i++) normalized[i * n + i] += regularization;
  for (let i = 0; i < n; i++) {
    const bounds = new Float64Array(n);
    bounds[i] = 1 / n;
    const projected = projectOntoDualCone(normalized, bounds);
    for (let j = 0; j < n; j++) weights[j] += projected[j];
  }
  return weights;
}
