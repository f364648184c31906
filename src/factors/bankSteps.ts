/** Changes of log pi by steps: predicted from the Gram matrix, and measured by the program that recorded the bank. */
import { mean } from '../coupling/pairTable.ts';
import type { Spillover } from '../coupling/spillover.ts';
import type { BankSample, BankSteps } from './bank.ts';
import type { SampleNumbers } from './pairGroups.ts';

/** sum_i weights[i] K[i][j] of each sample j: its change of log pi by a step of size 1, to first order. */
function changeBy(k: Float64Array, weights: ArrayLike<number>): Float64Array {
  const n = weights.length;
  const change = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    if (weights[i] === 0) continue;
    for (let j = 0; j < n; j++) change[j] += weights[i] * k[i * n + j];
  }
  return change;
}

/**
 * The spillover of each recorded step to the bad samples. Without bad samples there is none.
 *
 * @param k Gram matrix [n, n] of all recorded parameters
 */
export function stepSpillovers(
  k: Float64Array,
  { sizes, weights, change }: BankSteps,
  { label }: SampleNumbers,
): Spillover[] {
  const n = label.length;
  const bad = Array.from(label.keys()).filter((j) => label[j] === 0);
  if (bad.length === 0) return [];
  const slope = changeBy(k, weights);
  return sizes.map((stepSize, s) => {
    const points = bad.map((j) => [stepSize * slope[j], change[s * n + j]] as const);
    const missed = points.reduce((sum, [x, y]) => sum + Math.abs(x - y), 0);
    const changed = points.reduce((sum, [, y]) => sum + Math.abs(y), 0);
    return {
      stepSize,
      predicted: mean(points.map(([x]) => x)),
      actual: mean(points.map(([, y]) => y)),
      relativeError: changed === 0 ? 0 : missed / changed,
      points,
    };
  });
}

/**
 * What a policy-gradient step, along sum_i advantage[i] g_i, does to first order to the samples that have advantages.
 */
export interface AdvantageSpillover {
  readonly samples: number;
  /** Number of samples with an advantage below 0, and the fraction of them whose log pi rises. */
  readonly negative: number;
  readonly negativeRising: number | null;
  /** Number of samples with an advantage above 0, and the fraction of them whose log pi falls. */
  readonly positive: number;
  readonly positiveFalling: number | null;
}

/** Null where no sample has an advantage. Samples without one take no part in the step. */
export function advantageSpillover(k: Float64Array, samples: readonly BankSample[]): AdvantageSpillover | null {
  const known = Array.from(samples.keys()).filter((i) => samples[i].advantage !== null);
  if (known.length === 0) return null;
  const advantages = samples.map(({ advantage }) => advantage ?? 0);
  const change = changeBy(k, advantages);
  const fraction = (chosen: readonly number[], holds: (x: number) => boolean): number | null =>
    chosen.length === 0 ? null : mean(chosen.map((i) => (holds(change[i]) ? 1 : 0)));
  const negative = known.filter((i) => advantages[i] < 0);
  const positive = known.filter((i) => advantages[i] > 0);
  return {
    samples: known.length,
    negative: negative.length,
    negativeRising: fraction(negative, (x) => x > 0),
    positive: positive.length,
    positiveFalling: fraction(positive, (x) => x < 0),
  };
}
