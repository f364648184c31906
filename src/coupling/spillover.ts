/**
 * Spillover: the change of the log-probability of bad actions in other states after a step that increases the
 * probability of good actions. It is predicted from the Gram matrix, and measured by taking the step.
 */

import { type Policy, takenLogProbs } from '../engine/policy/policy.ts';
import { growForStates } from '../engine/states/loadBatch.ts';
import { type Pieces, runAtOnce } from '../eventLoop.ts';
import type { Gram } from './gram.ts';
import { keyOf, type PairSample, type SamplePairs, samplesOf } from './samplePairs.ts';
import { gradientBatches, type Samples } from './samples.ts';

/**
 * How one small step on the good samples changes the log-probability of the bad ones: predicted from the Gram matrix,
 * and measured.
 */
export interface Spillover {
  /** Step size along the mean gradient of log pi of the good samples; 0 where that gradient vanishes. */
  readonly stepSize: number;
  /** Predicted mean change of log pi of the bad samples, to first order: step size * mean over i of <g_i, g_j>. */
  readonly predicted: number;
  /** Measured mean change of log pi of the bad samples, from a step on a copy of the weights. */
  readonly actual: number;
  /** sum |predicted - actual| / sum |actual| over the bad samples, so that changes of both signs do not cancel. */
  readonly relativeError: number;
  /** [predicted, actual] of each bad sample. */
  readonly points: readonly (readonly [number, number])[];
}

/**
 * Approximate increase of the mean log pi of the good samples by the step: small, so that the first-order prediction
 * holds.
 */
const MEAN_INCREASE = 0.01;

/**
 * Smallest squared norm of the mean gradient for which a step is taken. It is smaller where, for example, every good
 * action has a probability of almost 1. The step would then be longer than 10^4: the first-order prediction is
 * meaningless for such a step, and the result can leave the range of 32-bit floats.
 */
const LEAST_SQUARED_NORM = 1e-12;

/** In pieces: `sumGradient`. The batch must have grown for the states. */
export function* sumInPieces(policy: Policy, weights: number, samples: Samples, g: number): Pieces<void> {
  const { arena, network } = policy;
  arena.zero(g, network.vectorSize * 4);
  yield* gradientBatches(policy, weights, samples, g, () => {});
  network.finish(weights, g);
}

/** Writes the sum of the gradients of log pi over the samples to address `g` (network.vectorSize floats). */
export function sumGradient(policy: Policy, weights: number, samples: Samples, g: number): void {
  runAtOnce(sumInPieces(policy, weights, samples, g));
}

/**
 * In pieces: the spillover from the good samples of the goodBad pairs to the bad samples of these pairs.
 *
 * @param between Gram matrix of the left by the right samples
 * @param leftPlace row of each left sample in `between`, by its `keyOf`
 * @param rightPlace column of each right sample in `between`, by its `keyOf`
 */
export function* spillover(
  policy: Policy,
  weights: number,
  samplePairs: SamplePairs,
  between: Gram,
  leftPlace: ReadonlyMap<string, number>,
  rightPlace: ReadonlyMap<string, number>,
): Pieces<Spillover> {
  const { arena, network } = policy;
  const unique = (which: 0 | 1): PairSample[] => [
    ...new Map(samplePairs.byClass.goodBad.map((pair) => [keyOf(pair[which]), pair[which]])).values(),
  ];
  const good = unique(0);
  const bad = unique(1);
  const goodSamples = samplesOf(samplePairs, 0, good);
  const badSamples = samplesOf(samplePairs, 1, bad);
  const of = (vector: number): Float32Array =>
    takenLogProbs(policy, vector, badSamples.list, badSamples.states, badSamples.taken);
  const before = of(weights);
  yield bad.length;
  growForStates(network.batch, goodSamples.list, goodSamples.states);
  let stepSize = 0;
  let after: Float32Array;
  const mark = arena.mark();
  try {
    const g = arena.floats(network.vectorSize);
    const moved = arena.floats(network.vectorSize);
    yield* sumInPieces(policy, weights, goodSamples, g);
    // To first order the mean of log pi rises by step * |mean gradient|^2.
    const squaredNorm = arena.kernels.sumOfSquares(g, network.size) / (good.length * good.length);
    if (squaredNorm > LEAST_SQUARED_NORM) stepSize = MEAN_INCREASE / squaredNorm;
    arena.copy(moved, weights, network.vectorSize * 4);
    arena.kernels.addScaled(network.size, stepSize / good.length, g, moved, 1);
    network.prepare(moved);
    after = of(moved);
    yield bad.length;
  } finally {
    arena.release(mark);
  }
  const rows = good.map((sample) => (leftPlace.get(keyOf(sample)) as number) * between.columns);
  const points = bad.map((sample, j) => {
    const column = rightPlace.get(keyOf(sample)) as number;
    let sum = 0;
    for (const row of rows) sum += between.total[row + column];
    return [(stepSize * sum) / good.length, after[j] - before[j]] as const;
  });
  const predicted = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const actual = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const missed = points.reduce((sum, [x, y]) => sum + Math.abs(x - y), 0);
  const changed = points.reduce((sum, [, y]) => sum + Math.abs(y), 0);
  return { stepSize, predicted, actual, relativeError: changed === 0 ? 0 : missed / changed, points };
}
