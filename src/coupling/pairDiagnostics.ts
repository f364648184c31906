/**
 * Further numbers of a coupling measurement: contrast and kernel-target alignment, the spectrum of the Gram matrix, and
 * the embeddings of the samples.
 */
import type { Policy } from '../engine/policy/policy.ts';
import type { Pieces } from '../eventLoop.ts';
import { centredAlignment, joinBlocks, joinParameter, type SymmetricMatrix } from './alignment.ts';
import { embeddingsOf } from './embeddings.ts';
import { classStatistics, type PairTable } from './pairTable.ts';
import { type PairClass, samplesOf } from './samplePairs.ts';
import { effectiveRank, symmetricEigenvalues } from './spectrum.ts';

/** Mean cosines of a class of pairs each. */
export type ClassCosines = Readonly<Record<`${PairClass}Cosine`, number>>;

/** Cosines of the embeddings e(s, a) of the two samples of a pair, and what they have to do with the gradients. */
export interface EmbeddingCosines {
  readonly goodBad: number;
  readonly goodGood: number;
  readonly badBad: number;
  /** As `contrast`, of these cosines. */
  readonly contrast: number;
  /** Linear CKA of the embeddings with the Gram matrix of the gradients, in [0, 1]. */
  readonly cka: number;
}

/** Further numbers of a coupling measurement. docs/math.md has the formulas and their sources. */
export interface CouplingDiagnostics {
  /** (good-good + bad-bad) / 2 - good-bad of the mean cosines. */
  readonly contrast: number;
  /** Centred alignment of the Gram matrix of all distinct samples with the outer product of their labels, in [0, 1]. */
  readonly kernelTargetAlignment: number;
  /** Number of distinct samples, of both sides together. */
  readonly distinctSamples: number;
  /** exp of the entropy of the normalised eigenvalues of the Gram matrix of all distinct samples. */
  readonly effectiveRank: number;
  /** Share of the largest eigenvalue in the sum of all. */
  readonly topShare: number;
  readonly embeddingCosine: EmbeddingCosines;
}

/** `contrast` and `kernelTargetAlignment` of one parameter's part of the gradients. */
export type LayerDiagnostics = Pick<CouplingDiagnostics, 'contrast' | 'kernelTargetAlignment'>;

/**
 * Largest number of samples whose eigenvalues are computed, in about a second. Of more, every k-th is taken, with the
 * smallest k that leaves no more than this number.
 */
const SPECTRUM_SAMPLES = 1000;

/** (good-good + bad-bad) / 2 - good-bad of mean cosines. */
export function contrastOf({ goodBadCosine, goodGoodCosine, badBadCosine }: ClassCosines): number {
  return (goodGoodCosine + badBadCosine) / 2 - goodBadCosine;
}

/** Labels of all samples, the left ones first: 1 good, -1 bad. */
function labelsOf({ left, right }: PairTable): Float64Array {
  return Float64Array.from([...left.samples, ...right.samples], ({ good }) => (good ? 1 : -1));
}

function joined({ between, within }: PairTable): SymmetricMatrix {
  return joinBlocks(between.total, [within[0].total, within[1].total], [between.rows, between.columns]);
}

/** In pieces: contrast and alignment of one parameter. */
export function* layerDiagnostics(
  table: PairTable,
  parameter: string,
  cosines: ClassCosines,
): Pieces<LayerDiagnostics> {
  const matrix = joinParameter(parameter, table.between, table.within);
  const kernelTargetAlignment = matrix === null ? 0 : yield* centredAlignment(matrix, labelsOf(table), 1);
  return { contrast: contrastOf(cosines), kernelTargetAlignment };
}

/** In pieces: `effectiveRank` of the eigenvalues of a matrix. */
export function* spectrum(
  { size, copyRow }: SymmetricMatrix,
  { arena }: Pick<Policy, 'arena'>,
): Pieces<ReturnType<typeof effectiveRank>> {
  const every = Math.ceil(size / SPECTRUM_SAMPLES);
  const n = Math.ceil(size / every);
  const part = new Float64Array(n * n);
  const row = new Float64Array(size);
  for (let i = 0; i < n; i++) {
    copyRow(i * every, row);
    for (let j = 0; j < n; j++) part[i * n + j] = row[j * every];
  }
  return effectiveRank(yield* symmetricEigenvalues(part, n), arena.kernels);
}

/** Inner products of the rows of a[n, width] and b[m, width], and the squared norms of both. */
function products(a: Float32Array, b: Float32Array, width: number) {
  const dot = (x: Float32Array, i: number, y: Float32Array, j: number): number => {
    let sum = 0;
    for (let c = 0; c < width; c++) sum += x[i * width + c] * y[j * width + c];
    return sum;
  };
  const [n, m] = [a.length / width, b.length / width];
  const norms = [
    Float64Array.from({ length: n }, (_, i) => dot(a, i, a, i)),
    Float64Array.from({ length: m }, (_, j) => dot(b, j, b, j)),
  ] as const;
  const between = Float64Array.from({ length: n * m }, (_, k) => dot(a, Math.floor(k / m), b, k % m));
  return { between, norms };
}

function* embeddingCosines(policy: Policy, weights: number, table: PairTable): Pieces<EmbeddingCosines> {
  const { samplePairs, left, right } = table;
  const { width } = policy.network.heads.embedding;
  const a = yield* embeddingsOf(policy, weights, samplesOf(samplePairs, 0, left.samples));
  const b = yield* embeddingsOf(policy, weights, samplesOf(samplePairs, 1, right.samples));
  const { between, norms } = products(a, b, width);
  const of = (name: PairClass): number => classStatistics(table, name, between, norms).meanCosine;
  const [goodBad, goodGood, badBad] = [of('goodBad'), of('goodGood'), of('badBad')];
  const contrast = contrastOf({ goodBadCosine: goodBad, goodGoodCosine: goodGood, badBadCosine: badBad });
  const all = new Float32Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  const cka = yield* centredAlignment(joined(table), all, width);
  return { goodBad, goodGood, badBad, contrast, cka };
}

/** In pieces: the further numbers of a measurement with these mean cosines. */
export function* couplingDiagnostics(
  policy: Policy,
  weights: number,
  table: PairTable,
  cosines: ClassCosines,
): Pieces<CouplingDiagnostics> {
  const matrix = joined(table);
  return {
    contrast: contrastOf(cosines),
    kernelTargetAlignment: yield* centredAlignment(matrix, labelsOf(table), 1),
    distinctSamples: matrix.size,
    ...(yield* spectrum(matrix, policy)),
    embeddingCosine: yield* embeddingCosines(policy, weights, table),
  };
}
