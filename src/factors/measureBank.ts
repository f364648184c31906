/** The coupling of the samples of a bank: what `measureCoupling` reports of a policy of the engine. */
import { centredAlignment, type SymmetricMatrix } from '../coupling/alignment.ts';
import type { SimilarityBin } from '../coupling/measure.ts';
import { spectrum } from '../coupling/pairDiagnostics.ts';
import { cosine } from '../coupling/pairTable.ts';
import type { Spillover } from '../coupling/spillover.ts';
import type { Arena } from '../engine/kernels/arena.ts';
import type { Pieces } from '../eventLoop.ts';
import type { CouplingMatrix } from '../record/schemas.ts';
import type { Bank, BankSample } from './bank.ts';
import { type AdvantageSpillover, advantageSpillover, stepSpillovers } from './bankSteps.ts';
import { layerGram } from './layerGram.ts';
import { type ClassTable, contrastOfTable, pairGroups, type SampleNumbers, sampleNumbers } from './pairGroups.ts';
import { similarityBins } from './stateSimilarity.ts';

/** Mean cosines of one parameter's part of the gradients, of pairs with equal actions in different states. */
export interface BankLayerCoupling {
  /** Name of the layer: that of the parameter without its last part. */
  readonly name: string;
  readonly parameter: string;
  /** Whether the numbers are estimates from random projections. */
  readonly sketch: boolean;
  /** This parameter's share of the sum of squared gradient norms over all samples. */
  readonly share: number;
  readonly goodBadCosine: number | null;
  readonly goodGoodCosine: number | null;
  readonly badBadCosine: number | null;
  readonly contrast: number | null;
  readonly kernelTargetAlignment: number | null;
}

/** docs/factors.md describes the fields. */
export interface BankCoupling {
  readonly samples: number;
  readonly labelled: number;
  /** Pairs in different states with equal action texts. */
  readonly classes: ClassTable;
  /** Pairs in different states with any action texts. */
  readonly anyAction: ClassTable;
  readonly sameState: ClassTable;
  /** Of `classes`, or of `anyAction` if `classes` lacks a class; see `pairs`. */
  readonly contrast: number | null;
  /** The pairs of `contrast` and of the layers. */
  readonly pairs: 'equal actions' | 'any actions';
  readonly kernelTargetAlignment: number | null;
  readonly distinctSamples: number;
  readonly effectiveRank: number;
  readonly topShare: number;
  readonly layers: readonly BankLayerCoupling[];
  readonly similarity: readonly SimilarityBin[];
  /** Of the smallest recorded step; null if the bank has none. */
  readonly spillover: Spillover | null;
  readonly steps: readonly Spillover[];
  readonly advantages: AdvantageSpillover | null;
  /** Cosines of the first 80 labelled samples, rounded to 0.001. */
  readonly matrix: CouplingMatrix;
}

/** The rows and columns of k[n, n] with these numbers. */
function subMatrix(k: Float64Array, n: number, chosen: readonly number[]): SymmetricMatrix {
  return {
    size: chosen.length,
    copyRow(i, row) {
      const first = chosen[i] * n;
      for (let j = 0; j < chosen.length; j++) row[j] = k[first + chosen[j]];
    },
  };
}

/** In pieces: alignment of the labelled samples with their labels; null unless both labels occur. */
function* alignment(k: Float64Array, { label }: SampleNumbers): Pieces<number | null> {
  const chosen = Array.from(label.keys()).filter((i) => label[i] >= 0);
  const labels = chosen.map((i) => (label[i] === 1 ? 1 : -1));
  if (!labels.includes(1) || !labels.includes(-1)) return null;
  return yield* centredAlignment(subMatrix(k, label.length, chosen), labels, 1);
}

function trace(k: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += k[i * n + i];
  return sum;
}

/** Largest number of samples in the matrix that a figure shows. */
const SHOWN_SAMPLES = 80;

/** Cosines of the first labelled samples, rounded to 0.001, for the heat map. */
function shownMatrix(
  k: Float64Array,
  samples: readonly BankSample[],
  { state }: SampleNumbers,
): BankCoupling['matrix'] {
  const n = samples.length;
  const shown = Array.from(samples.keys())
    .filter((i) => samples[i].label !== 'unknown')
    .slice(0, SHOWN_SAMPLES);
  const round = (x: number): number => Math.round(x * 1000) / 1000;
  return {
    samples: shown.map((i) => ({
      good: samples[i].label === 'good',
      state: state[i],
      text: `${samples[i].action} (state ${samples[i].state})`,
    })),
    cosine: shown.map((i) => shown.map((j) => round(cosine(k[i * n + j], k[i * n + i], k[j * n + j])))),
  };
}

/** A layer's matrix is used for its statistics and added to the sum; one is in memory at a time. */
interface MeasuredLayer extends Pick<BankLayerCoupling, 'name' | 'parameter' | 'sketch' | 'kernelTargetAlignment'> {
  readonly trace: number;
  readonly groups: ReturnType<typeof pairGroups>;
}

const hasAll = ({ goodGood, goodBad, badBad }: ClassTable): boolean =>
  goodGood.pairs > 0 && goodBad.pairs > 0 && badBad.pairs > 0;

/**
 * In pieces: measures a bank. Memory: two matrices f64[samples, samples], and the factors of a part of one layer.
 *
 * @param onLayer called before each layer with the number of layers that are finished
 * @param budget bytes of memory for factors; default 256 MiB
 * @throws Error that names the layer whose values are not finite
 */
export function* measureBank(
  arena: Arena,
  bank: Bank,
  onLayer: (done: number) => void = () => {},
  budget?: number,
): Pieces<BankCoupling> {
  const { samples, layers: bankLayers, steps } = bank;
  const n = samples.length;
  const numbers = sampleNumbers(samples);
  const total = new Float64Array(n * n);
  const measured: MeasuredLayer[] = [];
  for (const [done, layer] of bankLayers.entries()) {
    onLayer(done);
    const k = yield* layerGram(arena, layer, n, budget);
    for (let i = 0; i < total.length; i++) total[i] += k[i];
    const dot = layer.name.lastIndexOf('.');
    measured.push({
      name: dot > 0 ? layer.name.slice(0, dot) : layer.name,
      parameter: layer.name,
      sketch: layer.sketch,
      kernelTargetAlignment: yield* alignment(k, numbers),
      trace: trace(k, n),
      groups: pairGroups(k, numbers),
    });
  }
  onLayer(bankLayers.length);
  const groups = pairGroups(total, numbers);
  const pairs = hasAll(groups.sameAction) ? 'equal actions' : 'any actions';
  const chosenOf = (tables: ReturnType<typeof pairGroups>): ClassTable =>
    pairs === 'equal actions' ? tables.sameAction : tables.anyAction;
  const all = trace(total, n);
  const everySample = Array.from(samples.keys());
  const spillovers = steps ? stepSpillovers(total, steps, numbers) : [];
  return {
    samples: n,
    labelled: samples.filter(({ label }) => label !== 'unknown').length,
    classes: groups.sameAction,
    anyAction: groups.anyAction,
    sameState: groups.sameState,
    contrast: contrastOfTable(chosenOf(groups)),
    pairs,
    kernelTargetAlignment: yield* alignment(total, numbers),
    distinctSamples: n,
    ...(yield* spectrum(subMatrix(total, n, everySample), { arena })),
    layers: measured.map(({ trace: own, groups: tables, ...layer }) => {
      const { goodBad, goodGood, badBad } = chosenOf(tables);
      return {
        ...layer,
        share: all === 0 ? 0 : own / all,
        goodBadCosine: goodBad.meanCosine,
        goodGoodCosine: goodGood.meanCosine,
        badBadCosine: badBad.meanCosine,
        contrast: contrastOfTable(chosenOf(tables)),
      };
    }),
    similarity: similarityBins(total, bank, numbers),
    spillover: spillovers.reduce<Spillover | null>(
      (least, each) => (least && Math.abs(least.stepSize) <= Math.abs(each.stepSize) ? least : each),
      null,
    ),
    steps: spillovers,
    advantages: advantageSpillover(total, samples),
    matrix: shownMatrix(total, samples, numbers),
  };
}
