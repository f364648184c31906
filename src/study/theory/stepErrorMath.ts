/**
 * The first-order prediction of spillover compared with the change in a real gradient step, by step size.
 *
 * A step of size eta along g = (1/n) sum_i A_i g_i changes log pi(a_j | s_j) by (eta / n) sum_i A_i K_ij + O(eta^2).
 */
import { gramMatrix } from '../../coupling/gram.ts';
import type { Samples } from '../../coupling/samples.ts';
import { sumGradient } from '../../coupling/spillover.ts';
import { type Policy, takenLogProbs } from '../../engine/policy/policy.ts';
import { growForStates } from '../../engine/states/loadBatch.ts';

export interface StepError {
  /** eta |g|^2: the first-order increase of the mean over i of A_i log pi(a_i | s_i). */
  readonly lift: number;
  /**
   * Root mean squares over the probes j, in nats: predicted change of log pi, measured change, and their difference.
   */
  readonly predicted: number;
  readonly actual: number;
  readonly error: number;
}

/** Step sizes are chosen so that `lift` has the given values. */
export interface StepErrorOptions {
  readonly samples: Samples;
  /** A_i, +1 or -1, by sample. */
  readonly advantages: readonly (1 | -1)[];
  readonly probes: Samples;
  readonly lifts: readonly number[];
}

function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
}

function withAdvantage({ samples, advantages }: StepErrorOptions, sign: 1 | -1): Samples {
  const chosen = advantages.flatMap((a, i) => (a === sign ? [i] : []));
  return {
    list: samples.list,
    states: chosen.map((i) => samples.states[i]),
    taken: chosen.map((i) => samples.taken[i]),
  };
}

/**
 * Takes each step from the current weights of the policy, and restores them.
 *
 * @throws Error if the gradient is zero
 */
export function stepErrors(policy: Policy, options: StepErrorOptions): StepError[] {
  const { arena, network, weights } = policy;
  const { samples, advantages, probes, lifts } = options;
  const n = advantages.length;
  for (const { list, states } of [samples, probes]) growForStates(network.batch, list, states);
  const mark = arena.mark();
  const g = arena.floats(network.vectorSize);
  const part = arena.floats(network.vectorSize);
  const moved = arena.floats(network.vectorSize);
  arena.zero(g, network.vectorSize * 4);
  for (const sign of [1, -1] as const) {
    sumGradient(policy, weights, withAdvantage(options, sign), part);
    arena.kernels.addScaled(network.size, sign / n, part, g, 1);
  }
  const squaredNorm = arena.kernels.sumOfSquares(g, network.size);
  if (!(squaredNorm > 0)) {
    throw new Error(`stepErrors: the gradient must not vanish, got squared norm ${squaredNorm}; choose other samples`);
  }
  const { total, columns } = gramMatrix(policy, weights, samples, probes);
  const perUnit = Array.from({ length: columns }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += advantages[i] * total[i * columns + j];
    return sum / n;
  });
  const logProbs = (vector: number): Float32Array =>
    takenLogProbs(policy, vector, probes.list, probes.states, probes.taken);
  const before = logProbs(weights);
  const errors = lifts.map((lift) => {
    const stepSize = lift / squaredNorm;
    arena.copy(moved, weights, network.vectorSize * 4);
    arena.kernels.addScaled(network.size, stepSize, g, moved, 1);
    network.prepare(moved);
    const actual = Array.from(logProbs(moved), (x, j) => x - before[j]);
    const predicted = perUnit.map((x) => stepSize * x);
    return {
      lift,
      predicted: rootMeanSquare(predicted),
      actual: rootMeanSquare(actual),
      error: rootMeanSquare(predicted.map((x, j) => x - actual[j])),
    };
  });
  arena.release(mark);
  return errors;
}
