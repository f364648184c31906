/**
 * Sample pairs: the fixed set of pairs on which coupling is measured. Both samples of a pair have the same action
 * words, in two different games. The pair belongs to a class by the labels of its two samples.
 */

import type { StateList } from '../engine/states/stateList.ts';
import { reservedWords } from '../env/text/tokenizer.ts';
import { randomStream } from '../random.ts';
import type { Samples } from './samples.ts';

/** States with a label for each candidate action (1 good, 0 bad, -1 unknown) and the game of each state. */
export interface LabelledStates {
  readonly states: StateList;
  readonly labels: Int8Array;
  readonly game: Int32Array;
}

/** Class of a pair by the labels of its two samples. */
export type PairClass = 'goodGood' | 'goodBad' | 'badBad';

export const pairClasses = ['goodGood', 'goodBad', 'badBad'] as const satisfies readonly PairClass[];

/** A sample of one side: a state of its `LabelledStates` and an action of this state. */
export interface PairSample {
  readonly side: 0 | 1;
  readonly state: number;
  /** Index of the action among the state's candidate actions. */
  readonly action: number;
  readonly good: boolean;
}

/** A fixed set of sample pairs, on which policies are compared. */
export interface SamplePairs {
  readonly sides: readonly [LabelledStates, LabelledStates];
  /**
   * Pairs [left, right] of each class: left from side 0, right from side 1. A goodBad pair is good on the left and bad
   * on the right.
   */
  readonly byClass: Readonly<Record<PairClass, readonly (readonly [PairSample, PairSample])[]>>;
}

/** Key of a sample: equal samples have equal keys. */
export function keyOf({ side, state, action }: PairSample): string {
  return `${side}/${state}/${action}`;
}

/** Samples of one side, as `gramMatrix` reads them. */
export function samplesOf(samplePairs: SamplePairs, side: 0 | 1, samples: readonly PairSample[]): Samples {
  return {
    list: samplePairs.sides[side].states,
    states: samples.map(({ state }) => state),
    taken: samples.map(({ action }) => action),
  };
}

/**
 * The tokens that name an action, without its context. Where slots have meanings: its first three slots (for example
 * verb, object, place). In a text: all its words except the memory marks. In a fixed set of actions: its id.
 */
export function actionWords(list: StateList, row: number): string {
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

function byWords(side: LabelledStates, which: 0 | 1): Map<string, { good: PairSample[]; bad: PairSample[] }> {
  const { states, labels } = side;
  const found = new Map<string, { good: PairSample[]; bad: PairSample[] }>();
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
 * Samples `pairs` pairs of each class, with replacement: first the action words, uniformly among those that occur on
 * both sides with the labels of the class, then uniformly a sample with these words on each side.
 *
 * @returns null if a class has no pair
 */
export function pairSamples(
  left: LabelledStates,
  right: LabelledStates,
  pairs: number,
  seed: number,
): SamplePairs | null {
  const leftWords = byWords(left, 0);
  const rightWords = byWords(right, 1);
  const shared = [...leftWords.keys()].filter((words) => rightWords.has(words)).sort();
  const sample = (words: string, side: typeof leftWords, good: boolean): PairSample[] => {
    const entry = side.get(words);
    return entry ? (good ? entry.good : entry.bad) : [];
  };
  const choose = (name: PairClass, leftGood: boolean, rightGood: boolean): (readonly [PairSample, PairSample])[] => {
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
  const chosen = {
    goodGood: choose('goodGood', true, true),
    goodBad: choose('goodBad', true, false),
    badBad: choose('badBad', false, false),
  };
  return pairClasses.some((name) => chosen[name].length === 0) ? null : { sides: [left, right], byClass: chosen };
}
