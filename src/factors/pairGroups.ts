/** Statistics of pairs of samples, by the labels of the two samples, their states and their actions. */
import { cosine } from '../coupling/pairTable.ts';
import type { PairClass } from '../coupling/samplePairs.ts';
import type { BankSample } from './bank.ts';

/**
 * Which pairs: in different states with equal action texts, in different states with any action texts, or in one
 * state.
 */
export type PairGroup = 'sameAction' | 'anyAction' | 'sameState';

/** As in the record of a run; null without pairs. */
export interface PairStatistics {
  readonly pairs: number;
  readonly meanCosine: number | null;
  readonly meanDot: number | null;
  readonly positiveFraction: number | null;
}

export type ClassTable = Readonly<Record<PairClass, PairStatistics>>;

/** A number for each sample; equal numbers for equal texts. */
function numbered(texts: readonly string[]): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(texts, (text) => {
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    return number;
  });
}

/** Labels, states and actions of samples as numbers. */
export interface SampleNumbers {
  /** 1 good, 0 bad, -1 unknown. */
  readonly label: Int8Array;
  readonly state: Int32Array;
  readonly action: Int32Array;
}

export function sampleNumbers(samples: readonly BankSample[]): SampleNumbers {
  return {
    label: Int8Array.from(samples, ({ label }) => (label === 'good' ? 1 : label === 'bad' ? 0 : -1)),
    state: numbered(samples.map(({ state }) => state)),
    action: numbered(samples.map(({ action }) => action)),
  };
}

/** For each class: number of pairs, sum of cosines, sum of inner products, and number of positive pairs. */
type Sums = Record<PairClass, Float64Array>;

const noSums = (): Sums => ({
  goodGood: new Float64Array(4),
  goodBad: new Float64Array(4),
  badBad: new Float64Array(4),
});

function add(sums: Float64Array, dot: number, left: number, right: number): void {
  sums[0]++;
  sums[1] += cosine(dot, left, right);
  sums[2] += dot;
  if (dot > 0) sums[3]++;
}

function statisticsOf([pairs, cosines, dots, positive]: Float64Array): PairStatistics {
  const of = (sum: number): number | null => (pairs === 0 ? null : sum / pairs);
  return { pairs, meanCosine: of(cosines), meanDot: of(dots), positiveFraction: of(positive) };
}

const tableOf = ({ goodGood, goodBad, badBad }: Sums): ClassTable => ({
  goodGood: statisticsOf(goodGood),
  goodBad: statisticsOf(goodBad),
  badBad: statisticsOf(badBad),
});

/** Statistics of all pairs of labelled samples of the Gram matrix k[n, n], by group and class. */
export function pairGroups(k: Float64Array, { label, state, action }: SampleNumbers): Record<PairGroup, ClassTable> {
  const n = label.length;
  const groups = { sameAction: noSums(), anyAction: noSums(), sameState: noSums() };
  for (let i = 0; i < n; i++) {
    if (label[i] < 0) continue;
    for (let j = i + 1; j < n; j++) {
      if (label[j] < 0) continue;
      const name: PairClass = label[i] !== label[j] ? 'goodBad' : label[i] === 1 ? 'goodGood' : 'badBad';
      const [dot, left, right] = [k[i * n + j], k[i * n + i], k[j * n + j]];
      if (state[i] === state[j]) add(groups.sameState[name], dot, left, right);
      else {
        add(groups.anyAction[name], dot, left, right);
        if (action[i] === action[j]) add(groups.sameAction[name], dot, left, right);
      }
    }
  }
  return {
    sameAction: tableOf(groups.sameAction),
    anyAction: tableOf(groups.anyAction),
    sameState: tableOf(groups.sameState),
  };
}

/** (good-good + bad-bad) / 2 - good-bad of the mean cosines; null where one of them was not measured. */
export function contrastOfTable({ goodGood, goodBad, badBad }: ClassTable): number | null {
  if (goodGood.meanCosine === null || goodBad.meanCosine === null || badBad.meanCosine === null) return null;
  return (goodGood.meanCosine + badBad.meanCosine) / 2 - goodBad.meanCosine;
}
