/** How many positions texts need, for a word to those who give them fewer. */
import { type ShownTexts, textsOf } from './collectTexts.ts';
import { readAction, readerOf } from './tokenized.ts';
import { buildVocabulary, type Vocabulary } from './tokenizer.ts';

export interface Needs {
  /** Words of the vocabulary, reserved ones included, with which no word of the texts is unknown. */
  readonly words: number;
  /** Positions with which no observation (the last action before it included), and no action (with the sentence it is about), is cut. */
  readonly stateTokens: number;
  readonly actionTokens: number;
}

/** The longest action, with a mark before it and one before the sentence that it is about. */
function longestAction(shown: readonly ShownTexts[], vocabulary: Vocabulary): number {
  const reader = readerOf(vocabulary);
  let longest = 0;
  for (const { observation, actions } of shown) {
    const reading = reader.observation(observation);
    for (const action of actions) {
      const { words, about } = readAction(reader, reading, action);
      longest = Math.max(longest, 1 + words.length + (about === undefined ? 0 : 1 + about.length));
    }
  }
  return longest;
}

/**
 * What the texts need as `tokenized` shows them, with memory.
 *
 * @param vocabulary built from the texts; which sentence an action is about may differ with a larger one, so the longer of both counts
 */
export function neededBy(shown: readonly ShownTexts[], vocabulary: Vocabulary, maxActionTokens: number): Needs {
  const whole = buildVocabulary(textsOf(shown), { maxSize: Number.MAX_SAFE_INTEGER });
  const isCut = vocabulary.words.length < whole.words.length;
  const actionTokens = Math.max(longestAction(shown, vocabulary), isCut ? longestAction(shown, whole) : 0);
  // Who raises both limits sees more of the last action.
  const ofLast = Math.max(maxActionTokens, actionTokens) - 1;
  const reader = readerOf(vocabulary);
  let stateTokens = 0;
  for (const { observation, lastAction } of shown) {
    const last = lastAction === undefined ? 0 : 1 + Math.min(reader.encode(lastAction).length, ofLast);
    stateTokens = Math.max(stateTokens, last + 1 + reader.observation(observation).tokens.length);
  }
  return { words: whole.words.length, stateTokens, actionTokens };
}
