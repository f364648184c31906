/**
 * Spillover of a step that was taken: the change of log pi of held-out samples, to first order and as measured.
 * Whatever made the step (advantages, losses, moments of the optimiser, clipping, several passes) is in the change of
 * the parameters.
 */
import { index32 } from '../engine/kernels/address.ts';
import { type Policy, takenLogProbs } from '../engine/policy/policy.ts';
import { growForStates } from '../engine/states/loadBatch.ts';
import type { Pieces } from '../eventLoop.ts';
import { distinctSamples, mean } from './pairTable.ts';
import { type SamplePairs, samplesOf } from './samplePairs.ts';
import { type Samples, sliceSamples } from './samples.ts';
import { sumInPieces } from './spillover.ts';

/** One sample: its label, <g_j, change of the parameters>, and the measured change of log pi. */
export interface StepPoint {
  readonly good: boolean;
  readonly predicted: number;
  readonly actual: number;
}

/** Statistics of the points of a step. */
export interface StepSpillover {
  /** Mean changes of log pi, over the samples of a label: [predicted, actual]. */
  readonly good: readonly [number, number];
  readonly bad: readonly [number, number];
  /** Fraction of the bad samples whose log pi rose. */
  readonly badPositiveFraction: number;
  /** Pearson's correlation of predicted and actual over all samples; null where one of them is constant. */
  readonly correlation: number | null;
  /** sum |predicted - actual| / sum |actual| over all samples; 0 where no sample changed. */
  readonly relativeError: number;
  /** Root mean square of the measured change of log pi over all samples. */
  readonly rms: number;
}

/** In pieces: <g_j, change> of each sample, with g_j the gradient of log pi under `weights`. */
function* directional(policy: Policy, weights: number, samples: Samples, change: Float64Array): Pieces<Float64Array> {
  const { arena, network } = policy;
  growForStates(network.batch, samples.list, samples.states);
  const predicted = new Float64Array(samples.states.length);
  const mark = arena.mark();
  try {
    const g = arena.floats(network.vectorSize);
    for (let j = 0; j < predicted.length; j++) {
      yield* sumInPieces(policy, weights, sliceSamples(samples, j, j + 1), g);
      const first = index32(g);
      let sum = 0;
      for (let i = 0; i < change.length; i++) sum += arena.f32[first + i] * change[i];
      predicted[j] = sum;
    }
  } finally {
    arena.release(mark);
  }
  return predicted;
}

/**
 * In pieces: the points of all distinct samples of the pairs, those of the left side first.
 *
 * @param before f32[network.vectorSize]: the vector at `policy.weights` before the step
 */
export function* stepPoints(policy: Policy, before: Float32Array, samplePairs: SamplePairs): Pieces<StepPoint[]> {
  const { arena, network, weights } = policy;
  const sides = ([0, 1] as const).map((side) => {
    const chosen = distinctSamples(samplePairs, side);
    const samples = samplesOf(samplePairs, side, chosen);
    return { chosen, samples, after: takenLogProbs(policy, weights, samples.list, samples.states, samples.taken) };
  });
  // The batch must not grow inside the section of the arena.
  for (const { samples } of sides) growForStates(network.batch, samples.list, samples.states);
  const now = arena.read(weights, network.size);
  const change = Float64Array.from(now, (x, i) => x - before[i]);
  const points: StepPoint[] = [];
  const mark = arena.mark();
  try {
    const old = arena.floats(network.vectorSize);
    arena.write(old, before);
    for (const { chosen, samples, after } of sides) {
      const { list, states, taken } = samples;
      const was = takenLogProbs(policy, old, list, states, taken);
      yield chosen.length;
      const predicted = yield* directional(policy, old, samples, change);
      chosen.forEach(({ good }, j) => {
        points.push({ good, predicted: predicted[j], actual: after[j] - was[j] });
      });
    }
  } finally {
    arena.release(mark);
  }
  return points;
}

function correlation(points: readonly StepPoint[]): number | null {
  const x = mean(points.map(({ predicted }) => predicted));
  const y = mean(points.map(({ actual }) => actual));
  let [xy, xx, yy] = [0, 0, 0];
  for (const { predicted, actual } of points) {
    xy += (predicted - x) * (actual - y);
    xx += (predicted - x) * (predicted - x);
    yy += (actual - y) * (actual - y);
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx) / Math.sqrt(yy) : null;
}

export function stepSpillover(points: readonly StepPoint[]): StepSpillover {
  const of = (label: boolean): readonly [number, number] => {
    const labelled = points.filter(({ good }) => good === label);
    return [mean(labelled.map(({ predicted }) => predicted)), mean(labelled.map(({ actual }) => actual))];
  };
  const missed = points.reduce((sum, { predicted, actual }) => sum + Math.abs(predicted - actual), 0);
  const changed = points.reduce((sum, { actual }) => sum + Math.abs(actual), 0);
  const rose = points.filter(({ good }) => !good).map(({ actual }) => (actual > 0 ? 1 : 0));
  return {
    good: of(true),
    bad: of(false),
    badPositiveFraction: mean(rose),
    correlation: correlation(points),
    relativeError: changed === 0 ? 0 : missed / changed,
    rms: Math.sqrt(mean(points.map(({ actual }) => actual * actual))),
  };
}
