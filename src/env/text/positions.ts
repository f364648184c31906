/** Computes the number of token positions that texts need, for a warning if the configured number is smaller. */
import { type ShownTexts, textsOf } from './collectTexts.ts';
import { createReader } from './reader.ts';
import { buildVocabulary, type Vocabulary } from './tokenizer.ts';

export interface Needs {
  /** Smallest size of the vocabulary, including reserved words, with which all words of the texts are known. */
  readonly words: number;
  /**
   * Numbers of positions that truncate no observation (including the last action) and no action (including its
   * sentence).
   */
  readonly stateTokens: number;
  readonly actionTokens: number;
}

/** Length of the longest action, with a mark before it and one before the sentence to which it refers. */
function longestAction(shown: readonly ShownTexts[], vocabulary: Vocabulary): number {
  const reader = createReader(vocabulary);
  let longest = 0;
  for (const { observation, actions } of shown) {
    const reading = reader.observation(observation);
    for (const action of actions) {
      const { words, about } = reader.action(reading, action);
      longest = Math.max(longest, 1 + words.length + (about === undefined ? 0 : 1 + about.length));
    }
  }
  return longest;
}

/**
 * The sizes that the texts need in the form that `tokenized` shows with memory.
 *
 * @param vocabulary built from the texts. With a larger vocabulary, an action can refer to another sentence, so the
 *   longer of both counts
 */
export function neededBy(shown: readonly ShownTexts[], vocabulary: Vocabulary, maxActionTokens: number): Needs {
  const whole = buildVocabulary(textsOf(shown), { maxSize: Number.MAX_SAFE_INTEGER });
  const isCut = vocabulary.words.length < whole.words.length;
  const actionTokens = Math.max(longestAction(shown, vocabulary), isCut ? longestAction(shown, whole) : 0);
  // With both limits raised, more of the last action is shown.
  const ofLast = Math.max(maxActionTokens, actionTokens) - 1;
  const reader = createReader(vocabulary);
  let stateTokens = 0;
  for (const { observation, lastAction } of shown) {
    const last = lastAction === undefined ? 0 : 1 + Math.min(reader.encode(lastAction).length, ofLast);
    stateTokens = Math.max(stateTokens, last + 1 + reader.observation(observation).tokens.length);
  }
  return { words: whole.words.length, stateTokens, actionTokens };
}
