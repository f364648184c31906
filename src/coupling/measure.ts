/**
 * Measures the coupling of a policy on sample pairs: cosines by class, by parameter and by similarity of states, and
 * spillover.
 */
import { checkInteger, checkKeys, checkObject, refuse } from '../check/values.ts';
import type { Policy } from '../engine/policy/policy.ts';
import type { StateList } from '../engine/states/stateList.ts';
import { type Pieces, pauses, runWithPauses } from '../eventLoop.ts';
import { type Gram, gramRows, joinRows } from './gram.ts';
import {
  type CouplingDiagnostics,
  couplingDiagnostics,
  type LayerDiagnostics,
  layerDiagnostics,
} from './pairDiagnostics.ts';
import {
  type ClassStatistics,
  classStatistics,
  cosine,
  diagonal,
  type GramsOf,
  mean,
  measureTable,
  type PairTable,
} from './pairTable.ts';
import type { PairClass, PairSample, SamplePairs } from './samplePairs.ts';
import { type Spillover, spillover } from './spillover.ts';

/** Mean cosines of one parameter's part of the gradients, by class of pairs; `LayerDiagnostics` where requested. */
export interface LayerCoupling extends Partial<LayerDiagnostics> {
  readonly parameter: string;
  /** This parameter's share of the sum of squared gradient norms over the samples of the pairs. */
  readonly share: number;
  readonly goodBadCosine: number;
  readonly goodGoodCosine: number;
  readonly badBadCosine: number;
}

/**
 * Good-bad pairs whose states have a similarity in [lower, upper): cosine of vectors, or shared features over all
 * features.
 */
export interface SimilarityBin {
  readonly lower: number;
  readonly upper: number;
  readonly pairs: number;
  readonly goodBadCosine: number;
  readonly positiveFraction: number;
}

/** The four main numbers, as stored in the records of a run; null where there is no pair to measure. */
export interface CouplingSummary {
  readonly goodBadCosine: number | null;
  readonly goodGoodCosine: number | null;
  readonly badBadCosine: number | null;
  readonly goodBadPositiveFraction: number | null;
}

/**
 * What `measureCoupling` returns. `matrix` has the cosines between samples of the right side, at most 80, rounded to
 * 0.001, for figures.
 */
export interface CouplingMeasurement {
  readonly classes: Readonly<Record<PairClass, ClassStatistics>>;
  readonly layers: readonly LayerCoupling[];
  readonly similarity: readonly SimilarityBin[];
  readonly spillover: Spillover;
  readonly matrix: {
    readonly samples: readonly { good: boolean; state: number; text: string }[];
    readonly cosine: readonly number[][];
  };
}

/** The cosine of two states' observation vectors, at least 0. */
function vectorSimilarity(a: StateList, i: number, b: StateList, j: number): number {
  const { vectorWidth: width } = a.shape;
  let dot = 0;
  let left = 0;
  let right = 0;
  for (let k = 0; k < width; k++) {
    const x = a.vectors[i * width + k];
    const y = b.vectors[j * width + k];
    dot += x * y;
    left += x * x;
    right += y * y;
  }
  return Math.max(0, cosine(dot, left, right));
}

const featuresOf = ({ stateFeatures, stateOffsets }: StateList, { state }: PairSample): Set<number> =>
  new Set(stateFeatures.subarray(stateOffsets[state], stateOffsets[state + 1]));

/** Number of shared features divided by the number of all features of two states: 1 for equal observations. */
function featureSimilarity(left: ReadonlySet<number>, right: ReadonlySet<number>): number {
  let both = 0;
  for (const feature of left) if (right.has(feature)) both++;
  return both / Math.max(1, left.size + right.size - both);
}

/** Edges of the similarity bins. */
export const similarityEdges = [0, 0.2, 0.4, 0.6, 0.8, 1] as const;

const sum = (values: Float64Array): number => values.reduce((total, x) => total + x, 0);

function* layerCoupling(
  table: PairTable,
  whole: readonly [Float64Array, Float64Array],
  diagnostics: boolean,
): Pieces<LayerCoupling[]> {
  const layers: LayerCoupling[] = [];
  const all = sum(whole[0]) + sum(whole[1]);
  for (const [parameter, k] of table.between.byParameter) {
    const left = table.within[0].byParameter.get(parameter);
    const right = table.within[1].byParameter.get(parameter);
    if (!left || !right) continue;
    const norms = [diagonal(left, table.left.samples.length), diagonal(right, table.right.samples.length)] as const;
    const of = (name: PairClass): ClassStatistics => classStatistics(table, name, k, norms);
    const cosines = {
      goodBadCosine: of('goodBad').meanCosine,
      goodGoodCosine: of('goodGood').meanCosine,
      badBadCosine: of('badBad').meanCosine,
    };
    layers.push({
      parameter,
      share: all === 0 ? 0 : (sum(norms[0]) + sum(norms[1])) / all,
      ...cosines,
      ...(diagnostics && (yield* layerDiagnostics(table, parameter, cosines))),
    });
  }
  return layers;
}

/** Number of pairs of states that are compared in about the time in which one state is scored. */
const COMPARED = 16;

/**
 * In pieces: good-bad cosines of all good samples on the left with all bad samples on the right, for any action words,
 * by similarity of the states.
 */
function* bySimilarity(table: PairTable, norms: readonly [Float64Array, Float64Array]): Pieces<SimilarityBin[]> {
  const { samplePairs, left, right, between } = table;
  const bins = similarityEdges.slice(0, -1).map(() => ({ cosines: [] as number[], positive: 0 }));
  const [leftStates, rightStates] = samplePairs.sides.map(({ states }) => states);
  const vectors = leftStates.shape.form === 'vector';
  const rightFeatures = vectors ? [] : right.samples.map((r) => featuresOf(rightStates, r));
  for (const [i, l] of left.samples.entries()) {
    if (!l.good) continue;
    const features = featuresOf(leftStates, l);
    right.samples.forEach((r, j) => {
      if (r.good) return;
      const similarity = vectors
        ? vectorSimilarity(leftStates, l.state, rightStates, r.state)
        : featureSimilarity(features, rightFeatures[j]);
      const bin = bins[Math.min(bins.length - 1, Math.floor(similarity * bins.length))];
      const dot = between.total[i * right.samples.length + j];
      bin.cosines.push(cosine(dot, norms[0][i], norms[1][j]));
      if (dot > 0) bin.positive++;
    });
    yield right.samples.length / COMPARED;
  }
  return bins
    .map(({ cosines, positive }, b) => ({
      lower: similarityEdges[b],
      upper: similarityEdges[b + 1],
      pairs: cosines.length,
      goodBadCosine: mean(cosines),
      positiveFraction: cosines.length === 0 ? 0 : positive / cosines.length,
    }))
    .filter((bin) => bin.pairs > 0);
}

export function couplingSummary(measured: CouplingMeasurement | null): CouplingSummary {
  return {
    goodBadCosine: measured?.classes.goodBad.meanCosine ?? null,
    goodGoodCosine: measured?.classes.goodGood.meanCosine ?? null,
    badBadCosine: measured?.classes.badBad.meanCosine ?? null,
    goodBadPositiveFraction: measured?.classes.goodBad.positiveFraction ?? null,
  };
}

/** Largest number of samples in the matrix that a figure shows. */
const SHOWN_SAMPLES = 80;

/** Cosines among samples of the right side (states of `options.split`), for the heat map. */
function shownMatrix(table: PairTable, describe: (sample: PairSample) => string): CouplingMeasurement['matrix'] {
  const { samples } = table.right;
  const k = table.within[1].total;
  const n = samples.length;
  const shown = samples.map((_, i) => i).slice(0, SHOWN_SAMPLES);
  const round = (x: number): number => Math.round(x * 1000) / 1000;
  return {
    samples: shown.map((i) => ({ good: samples[i].good, state: samples[i].state, text: describe(samples[i]) })),
    cosine: shown.map((i) => shown.map((j) => round(cosine(k[i * n + j], k[i * n + i], k[j * n + j])))),
  };
}

/** Computes Gram matrices on this thread. */
function gramsHere(policy: Policy, weights: number): GramsOf {
  return async (requests, pause) => {
    const grams: Gram[] = [];
    for (const { left, right } of requests) {
      const rows = await runWithPauses(gramRows(policy, weights, left, right ?? left, [0, left.states.length]), pause);
      grams.push(joinRows([rows], right === null));
    }
    return grams;
  };
}

/** Options of `measureCoupling`. */
export interface CouplingOptions {
  /** Address of the weight vector to measure, prepared; default `policy.weights`. */
  readonly weights?: number;
  /** Words for a sample, shown beside the matrix; default `action N`, with the index of the action. */
  readonly describe?: (sample: PairSample) => string;
  readonly signal?: AbortSignal | undefined;
  /**
   * Computes the Gram matrices of `weights`; by default on this thread.
   *
   * @internal
   */
  readonly grams?: GramsOf;
}

const optionKeys = { weights: 1, describe: 1, signal: 1, grams: 1 } satisfies Record<keyof CouplingOptions, 1>;

/** A measurement with its further numbers, where they were requested. */
export type MeasuredCoupling = CouplingMeasurement & Partial<CouplingDiagnostics>;

/**
 * `measureCoupling`, with the further numbers only if `diagnostics`: a measurement of 204 samples takes 1.4 times as
 * long with them, one of 362 samples 1.9 times (docs/decisions/0037-coupling-diagnostics.md).
 *
 * @throws as `measureCoupling`
 */
export async function measurePairs(
  policy: Policy,
  samplePairs: SamplePairs,
  options: CouplingOptions,
  diagnostics: boolean,
): Promise<MeasuredCoupling> {
  const caller = 'measureCoupling';
  checkObject(caller, 'policy', policy, 'pass the result of createPolicy or policyOn');
  checkKeys(caller, 'options', options, optionKeys);
  const { weights = policy.weights, describe = ({ action }) => `action ${action}`, signal } = options;
  const grams = options.grams ?? gramsHere(policy, weights);
  checkInteger(caller, 'weights', weights, 1, 2 ** 32 - 1, 'pass policy.weights');
  checkObject(
    caller,
    'samplePairs',
    samplePairs,
    'collectSamplePairs returns null where no action is good in one game and bad in another',
  );
  if (typeof describe !== 'function') refuse(caller, 'describe', 'a function', describe, 'return a text for a sample');
  signal?.throwIfAborted();
  const pause = pauses(signal);
  const table = await measureTable(samplePairs, grams, pause);
  const norms = [
    diagonal(table.within[0].total, table.left.samples.length),
    diagonal(table.within[1].total, table.right.samples.length),
  ] as const;
  const of = (name: PairClass): ClassStatistics => classStatistics(table, name, table.between.total, norms);
  const classes = { goodGood: of('goodGood'), goodBad: of('goodBad'), badBad: of('badBad') };
  const cosines = {
    goodBadCosine: classes.goodBad.meanCosine,
    goodGoodCosine: classes.goodGood.meanCosine,
    badBadCosine: classes.badBad.meanCosine,
  };
  const measured = {
    classes,
    ...(diagnostics && (await runWithPauses(couplingDiagnostics(policy, weights, table, cosines), pause))),
    layers: await runWithPauses(layerCoupling(table, norms, diagnostics), pause),
    similarity: await runWithPauses(bySimilarity(table, norms), pause),
    spillover: await runWithPauses(
      spillover(policy, weights, samplePairs, table.between, table.left.place, table.right.place),
      pause,
    ),
    matrix: shownMatrix(table, describe),
  };
  signal?.throwIfAborted();
  return measured;
}

/**
 * Measures the coupling of a policy on a fixed set of sample pairs (`collectSamplePairs`): cosines between per-sample
 * gradients of log π by class of pairs, by parameter and by similarity of the states, their contrast and alignment with
 * the labels, the spectrum of the Gram matrix, cosines of the embeddings, and the spillover of one small step.
 * docs/metrics.md has the definitions.
 *
 * @throws RangeError or Error naming an argument that is wrong; the signal's reason on abort
 */
export async function measureCoupling(
  policy: Policy,
  samplePairs: SamplePairs,
  options: CouplingOptions = {},
): Promise<CouplingMeasurement & CouplingDiagnostics> {
  return (await measurePairs(policy, samplePairs, options, true)) as CouplingMeasurement & CouplingDiagnostics;
}
