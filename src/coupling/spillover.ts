/** Spillover: how a step that lifts good actions changes the log-probability of bad ones elsewhere, predicted from the Gram matrix and measured. */

import { type Policy, takenLogProbs } from '../engine/policy/policy.ts';
import { growForStates } from '../engine/states/loadBatch.ts';
import { atOnce, type Pieces } from '../eventLoop.ts';
import type { Gram } from './gram.ts';
import type { BankSample, PairBank } from './samplePairs.ts';
import { gradientBatches, type Samples } from './samples.ts';

/**
 * How one small step on the good samples changes the log-probability of the bad ones: predicted from the Gram matrix,
 * and measured.
 */
export interface Spillover {
  /** Step along the mean gradient of log pi of the good samples; 0 where that gradient vanishes. */
  readonly stepSize: number;
  /** Mean change of log pi of the bad samples: to first order, step * mean_i <g_i, g_j>, and as measured by taking the step and undoing it. */
  readonly predicted: number;
  readonly actual: number;
  /** sum |predicted - actual| / sum |actual| over the bad samples, so that changes of both signs do not cancel. */
  readonly relativeError: number;
  /** [predicted, actual] of each bad sample. */
  readonly points: readonly (readonly [number, number])[];
}

/** The step lifts the mean log pi of the good samples by about this much: small, so that first order holds. */
const MEAN_LIFT = 0.01;

/**
 * No step is taken where the squared norm of the mean gradient is smaller, as where every good action is all but certain: the step would be
 * longer than 10^4, for which first order says nothing, and might leave the range of 32-bit floats.
 */
const LEAST_SQUARED_NORM = 1e-12;

function* sumInPieces(policy: Policy, weights: number, samples: Samples, g: number): Pieces<void> {
  const { arena, network } = policy;
  arena.zero(g, network.vectorSize * 4);
  yield* gradientBatches(policy, weights, samples, g, () => {});
  network.finish(weights, g);
}

/** g = sum of the gradients of log pi over the samples, at `g` (network.vectorSize floats). */
export function sumGradient(policy: Policy, weights: number, samples: Samples, g: number): void {
  atOnce(sumInPieces(policy, weights, samples, g));
}

/** In pieces, spillover from the good samples of the goodBad pairs to their bad ones. `between` is the Gram matrix left x right. */
export function* spillover(
  policy: Policy,
  weights: number,
  bank: PairBank,
  between: Gram,
  leftPlace: ReadonlyMap<string, number>,
  rightPlace: ReadonlyMap<string, number>,
  keyOf: (sample: BankSample) => string,
): Pieces<Spillover> {
  const { arena, network } = policy;
  const unique = (which: 0 | 1): BankSample[] => [
    ...new Map(bank.pairs.goodBad.map((pair) => [keyOf(pair[which]), pair[which]])).values(),
  ];
  const good = unique(0);
  const bad = unique(1);
  const samples = (which: 0 | 1, of: readonly BankSample[]): Samples => ({
    list: bank.sides[which].states,
    states: of.map((s) => s.state),
    taken: of.map((s) => s.action),
  });
  const goodSamples = samples(0, good);
  const badSamples = samples(1, bad);
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
    // The mean of log pi rises by step * |mean gradient|^2 to first order.
    const squaredNorm = arena.kernels.sumOfSquares(g, network.size) / (good.length * good.length);
    if (squaredNorm > LEAST_SQUARED_NORM) stepSize = MEAN_LIFT / squaredNorm;
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
