/**
 * Decoupled weights of the gradients of all (state, action): with them a step changes each state, to first order, as a
 * step on the samples of that state alone would.
 *
 * A step along sum_j alpha_j g_j changes log pi of sample i in proportion to (K alpha)_i. With the weights w, the
 * samples of one state alone would change it by (B w)_i, where B has the blocks of K within states. Therefore
 *
 *   (K + lambda d I) alpha = (B + lambda d I) w,   d = trace(K) / n.
 *
 * The method `decouple` of the trainer also takes the samples of one state apart, and scales alpha to the size of w.
 */
import type { Arena } from 'unbraid';
import { choleskySolver } from 'unbraid/coupling';

/** Ratio of the ridge to the mean squared norm of the gradients. Below it, nearly equal gradients decide alone. */
const lambda = 0.01;

/**
 * @param gram f64[n, n]
 * @param weights f64[n]
 * @param block samples of a state, which follow one another
 */
export function decoupled(arena: Arena, gram: Float64Array, weights: Float64Array, block: number): Float64Array {
  const n = weights.length;
  let trace = 0;
  for (let i = 0; i < n; i++) trace += gram[i * (n + 1)];
  // Where all gradients are 0 no weights change anything.
  if (trace === 0) return weights;
  const solve = choleskySolver(arena);
  // Rounding can leave the matrix of a policy that hardly decides any more indefinite.
  for (let shift = (lambda * trace) / n; ; shift *= 10) {
    const wanted = weights.map((w, i) => {
      const first = i - (i % block);
      let sum = shift * w;
      for (let j = first; j < first + block; j++) sum += gram[i * n + j] * weights[j];
      return sum;
    });
    const alpha = solve(gram, shift, wanted);
    if (alpha) return alpha;
  }
}
