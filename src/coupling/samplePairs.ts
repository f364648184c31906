/** Pairs of samples on which coupling is measured: the same action words in two different games, good in one, good or bad in the other. */

import type { StateList } from '../engine/states/stateList.ts';
import { reservedWords } from '../env/text/tokenizer.ts';
import { randomStream } from '../random.ts';

/** States whose candidate actions are labelled 1 good, 0 bad, -1 unknown, and the game each state belongs to. */
export interface LabelledStates {
  readonly states: StateList;
  readonly labels: Int8Array;
  readonly game: Int32Array;
}

/** Class of a pair by the labels of its two samples. */
export type PairClass = 'goodGood' | 'goodBad' | 'badBad';

export const pairClasses = ['goodGood', 'goodBad', 'badBad'] as const satisfies readonly PairClass[];

/** A sample: state and action row of its `LabelledStates`. */
export interface BankSample {
  readonly side: 0 | 1;
  readonly state: number;
  /** Index of the action in the state's list. */
  readonly action: number;
  readonly good: boolean;
}

/** A fixed set of sample pairs, on which policies are compared. */
export interface PairBank {
  readonly sides: readonly [LabelledStates, LabelledStates];
  /** Samples [left, right] of each class: left from side 0, right from side 1; a goodBad pair is good on the left, bad on the right. */
  readonly pairs: Readonly<Record<PairClass, readonly (readonly [BankSample, BankSample])[]>>;
}

/**
 * What names an action apart from where it may be done and what is remembered of it: its first three slots (say verb, object, place) where
 * slots have meanings, all its words but the memory marks in a text, its id in a fixed set.
 */
function actionWords(list: StateList, row: number): string {
  const { shape, actionFeatures, actionOffsets } = list;
  const words: number[] = [];
  for (let f = actionOffsets[row]; f < actionOffsets[row + 1]; f++) {
    const slot = actionFeatures[f] % shape.actionSlots;
    const token = (actionFeatures[f] - slot) / shape.actionSlots;
    const named = shape.form === 'vector' || (shape.layout === 'slots' ? slot < 3 : token >= reservedWords.length);
    if (named) words.push(token);
  }
  return words.join(' ');
}

function byWords(side: LabelledStates, which: 0 | 1): Map<string, { good: BankSample[]; bad: BankSample[] }> {
  const { states, labels } = side;
  const found = new Map<string, { good: BankSample[]; bad: BankSample[] }>();
  for (let state = 0; state < states.states; state++) {
    const first = states.rowOffsets[state];
    for (let row = first; row < states.rowOffsets[state + 1]; row++) {
      if (labels[row] < 0) continue;
      const words = actionWords(states, row);
      const entry = found.get(words) ?? { good: [], bad: [] };
      const good = labels[row] === 1;
      (good ? entry.good : entry.bad).push({ side: which, state, action: row - first, good });
      found.set(words, entry);
    }
  }
  return found;
}

/**
 * Draws `pairs` pairs of each class: first the action words, uniformly among those that both sides have in the needed quality, then a sample
 * on each side.
 *
 * @returns null if a class has no pair at all
 */
export function pairBank(left: LabelledStates, right: LabelledStates, pairs: number, seed: number): PairBank | null {
  const leftWords = byWords(left, 0);
  const rightWords = byWords(right, 1);
  const shared = [...leftWords.keys()].filter((words) => rightWords.has(words)).sort();
  const sample = (words: string, side: typeof leftWords, good: boolean): BankSample[] => {
    const entry = side.get(words);
    return entry ? (good ? entry.good : entry.bad) : [];
  };
  const draw = (name: PairClass, leftGood: boolean, rightGood: boolean): (readonly [BankSample, BankSample])[] => {
    const usable = shared.filter(
      (words) => sample(words, leftWords, leftGood).length > 0 && sample(words, rightWords, rightGood).length > 0,
    );
    if (usable.length === 0) return [];
    const random = randomStream(seed, `coupling/pairs/${name}`);
    return Array.from({ length: pairs }, () => {
      const words = usable[random.below(usable.length)];
      const l = sample(words, leftWords, leftGood);
      const r = sample(words, rightWords, rightGood);
      return [l[random.below(l.length)], r[random.below(r.length)]] as const;
    });
  };
  const drawn = {
    goodGood: draw('goodGood', true, true),
    goodBad: draw('goodBad', true, false),
    badBad: draw('badBad', false, false),
  };
  return pairClasses.some((name) => drawn[name].length === 0) ? null : { sides: [left, right], pairs: drawn };
}
