/** Decoupled weights of the gradients of all (state, action). */
import type { Arena } from 'unbraid';
import { choleskySolver, decoupleAdvantages } from 'unbraid/coupling';

/** Ratio of the ridge to the mean squared norm of the gradients. Below it, gradients that are nearly equal decide alone. */
const lambda = 0.1;

/**
 * @param gram f64[n, n]
 * @param weights f64[n]
 */
export function decoupled(arena: Arena, gram: Float64Array, weights: Float64Array): Float64Array {
  return decoupleAdvantages(choleskySolver(arena), gram, weights, null, lambda).advantage;
}
