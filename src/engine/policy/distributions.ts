/** Probabilities of all admissible actions of states. */
import { index32 } from '../kernels/address.ts';
import { cutBatches, loadStates } from '../states/loadBatch.ts';
import type { StateList } from '../states/stateList.ts';
import { finiteLogProbs, type Policy } from './policy.ts';

/** The distributions over the actions of some states. The rows of a state follow each other. */
export interface Distributions {
  /** i32[states + 1]: first row of each state. */
  readonly offsets: Int32Array;
  /** f32[rows]: log π(a|s). */
  readonly logProbs: Float32Array;
  /** f32[rows]: π(a|s). */
  readonly probabilities: Float32Array;
}

/**
 * The distributions of the states `order` of a list under `weights`, which must be prepared. Bitwise identical in all
 * runtimes: a kernel computes the exponentials.
 *
 * @throws if a log-probability is not finite
 */
export function actionDistributions(
  policy: Policy,
  weights: number,
  list: StateList,
  order: ArrayLike<number>,
  temperature = 1,
): Distributions {
  const { arena, network, taken } = policy;
  const { batch, heads } = network;
  const offsets = new Int32Array(order.length + 1);
  for (let i = 0; i < order.length; i++) {
    offsets[i + 1] = offsets[i] + list.rowOffsets[order[i] + 1] - list.rowOffsets[order[i]];
  }
  const logProbs = new Float32Array(offsets[order.length]);
  const probabilities = new Float32Array(offsets[order.length]);
  let from = 0;
  for (const to of cutBatches(list, order, batch.capacity)) {
    loadStates(arena, batch, list, order, from, to);
    finiteLogProbs(policy, weights, temperature);
    // The gradient of log π of an action is 1 - π in its row and -π in all others. No row belongs to action -1.
    arena.i32.fill(-1, index32(taken), index32(taken) + batch.states);
    arena.kernels.logProbGradient(batch.states, batch.rowOffsets, policy.logProbs, taken, heads.logit.grad);
    const [logAt, gradAt] = [index32(policy.logProbs), index32(heads.logit.grad)];
    for (let row = 0; row < batch.actions; row++) {
      logProbs[offsets[from] + row] = arena.f32[logAt + row];
      probabilities[offsets[from] + row] = -arena.f32[gradAt + row];
    }
    from = to;
  }
  return { offsets, logProbs, probabilities };
}

/**
 * KL(before || after) of each state, in nats: the sum over its actions of π_before (log π_before - log π_after).
 * Rounding can make it slightly negative.
 *
 * @param before and `after` of the same states
 * @returns f64[states]
 */
export function divergences(before: Distributions, after: Distributions): Float64Array {
  const { offsets, logProbs, probabilities } = before;
  const out = new Float64Array(offsets.length - 1);
  for (let i = 0; i < out.length; i++) {
    for (let row = offsets[i]; row < offsets[i + 1]; row++) {
      out[i] += probabilities[row] * (logProbs[row] - after.logProbs[row]);
    }
  }
  return out;
}
