// Divergence of the policy from an earlier one over all actions. State n has the candidate actions offsets[n] ..
// offsets[n + 1]. logP and oldLogP hold log-probabilities, -Infinity for a masked action.
import { getF, getI, setF } from './memory';
import { probability } from './policyLoss';

/**
 * KL(old || policy) of each state, times its weight: weight_n sum_a q_a (log q_a - log p_a), with q the old policy and
 * p the policy. An action with q_a = 0 contributes 0. dLogits += coef weight_n (p_a - q_a), the gradient with respect
 * to the scaled logits (the sum of q is 1); it is exactly 0 where both are equal. stats[0] += the sum without coef.
 */
export function policyKl(
  states: i32,
  offsets: usize,
  logP: usize,
  oldLogP: usize,
  weights: usize,
  coef: f32,
  dLogits: usize,
  stats: usize,
): void {
  for (let n = 0; n < states; n++) {
    const from = getI(offsets, n);
    const to = getI(offsets, n + 1);
    const weight = getF(weights, n);
    const scale = coef * weight;
    let kl: f64 = 0;
    for (let r = from; r < to; r++) {
      const logp = getF(logP, r);
      const logq = getF(oldLogP, r);
      const q = probability(logq);
      // q (log q - log p) is NaN for a masked action, where both are -Infinity.
      if (logq != -Infinity) kl += <f64>q * (<f64>logq - <f64>logp);
      setF(dLogits, r, getF(dLogits, r) + scale * (probability(logp) - q));
    }
    store<f64>(stats, load<f64>(stats) + <f64>weight * kl);
  }
}
