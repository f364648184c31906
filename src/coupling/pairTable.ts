/** Sample pairs with the Gram matrices of their samples, and the statistics of a class of pairs. */
import type { Pause } from '../eventLoop.ts';
import type { Gram } from './gram.ts';
import type { GramRequest } from './gramPieces.ts';
import { keyOf, type PairClass, type PairSample, pairClasses, type SamplePairs, samplesOf } from './samplePairs.ts';

/**
 * The pairs of one class: mean cosine and mean dot product of the two gradients, and the share of pairs with a positive
 * dot product. 0 without pairs.
 */
export interface ClassStatistics {
  readonly pairs: number;
  readonly meanCosine: number;
  readonly meanDot: number;
  readonly positiveFraction: number;
}

/** The distinct samples of one side, and the index of each sample by its key. */
export interface Side {
  readonly samples: readonly PairSample[];
  readonly place: ReadonlyMap<string, number>;
}

/** Returns the Gram matrices, one for each request. */
export type GramsOf = (requests: readonly GramRequest[], pause: Pause) => Promise<Gram[]>;

/** Sample pairs with the Gram matrices of their samples. */
export interface PairTable {
  readonly samplePairs: SamplePairs;
  readonly left: Side;
  readonly right: Side;
  /** Between the sides, within the left, within the right. */
  readonly between: Gram;
  readonly within: readonly [Gram, Gram];
}

/** The distinct samples of the pairs on one side, in the order of the pairs. */
export function distinctSamples(samplePairs: SamplePairs, which: 0 | 1): PairSample[] {
  const pairs = pairClasses.flatMap((name) => samplePairs.byClass[name]);
  return [...new Map(pairs.map((pair) => [keyOf(pair[which]), pair[which]])).values()];
}

function collectSide(samplePairs: SamplePairs, which: 0 | 1): Side {
  const samples = distinctSamples(samplePairs, which);
  return { samples, place: new Map(samples.map((sample, i) => [keyOf(sample), i])) };
}

export async function measureTable(samplePairs: SamplePairs, grams: GramsOf, pause: Pause): Promise<PairTable> {
  const left = collectSide(samplePairs, 0);
  const right = collectSide(samplePairs, 1);
  const samples = [samplesOf(samplePairs, 0, left.samples), samplesOf(samplePairs, 1, right.samples)] as const;
  const requests = [
    { left: samples[0], right: samples[1] },
    { left: samples[0], right: null },
    { left: samples[1], right: null },
  ];
  const [between, ...within] = await grams(requests, pause);
  return { samplePairs, left, right, between, within: [within[0], within[1]] };
}

/** The diagonal of matrix[n, n]. */
export const diagonal = (k: ArrayLike<number>, n: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => k[i * n + i]);

/** Cosine from an inner product and two squared norms; 0 where a vector vanishes. */
export function cosine(dot: number, left: number, right: number): number {
  return left > 0 && right > 0 ? dot / Math.sqrt(left * right) : 0;
}

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, x) => sum + x, 0) / values.length;

/** [row, column] of each pair of a class: the indices of its samples among those of the two sides. */
function placesOf({ samplePairs, left, right }: Omit<PairTable, 'between' | 'within'>, name: PairClass) {
  return samplePairs.byClass[name].map(
    ([l, r]) => [left.place.get(keyOf(l)) as number, right.place.get(keyOf(r)) as number] as const,
  );
}

/**
 * Statistics of the pairs of a class.
 *
 * @param k inner products [left samples, right samples]
 * @param norms squared norms of the left and of the right samples
 */
export function classStatistics(
  table: Omit<PairTable, 'between' | 'within'>,
  name: PairClass,
  k: ArrayLike<number>,
  norms: readonly [ArrayLike<number>, ArrayLike<number>],
): ClassStatistics {
  const dots: number[] = [];
  const cosines: number[] = [];
  for (const [i, j] of placesOf(table, name)) {
    const dot = k[i * table.right.samples.length + j];
    dots.push(dot);
    cosines.push(cosine(dot, norms[0][i], norms[1][j]));
  }
  return {
    pairs: dots.length,
    meanCosine: mean(cosines),
    meanDot: mean(dots),
    positiveFraction: mean(dots.map((x) => (x > 0 ? 1 : 0))),
  };
}
