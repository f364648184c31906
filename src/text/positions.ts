/** How many positions texts need, for a word to those who give them fewer. */
import type { ShownTexts } from './collectTexts.ts';
import { readAction, readerOf } from './tokenized.ts';
import { reservedWords, tokenize, type Vocabulary } from './tokenizer.ts';

export interface Needs {
  /** Words of the vocabulary, reserved ones included, with which no word of the texts is unknown. */
  readonly words: number;
  /** Positions with which no observation (the last action before it included), and no action (with the sentence it is about), is cut. */
  readonly stateTokens: number;
  readonly actionTokens: number;
}

/** What the texts need as `tokenized` shows them, with memory, in a vocabulary of theirs. */
export function neededBy(shown: readonly ShownTexts[], vocabulary: Vocabulary, maxActionTokens: number): Needs {
  const reader = readerOf(vocabulary);
  const words = new Set<string>();
  let stateTokens = 0;
  let actionTokens = 0;
  for (const { observation, actions } of shown) {
    for (const text of [observation, ...actions]) for (const word of tokenize(text)) words.add(word);
    const reading = reader.observation(observation);
    for (const action of actions) {
      const { words: own, about } = readAction(reader, reading, action);
      // A mark before the action, and one before the sentence.
      actionTokens = Math.max(actionTokens, 1 + own.length + (about === undefined ? 0 : 1 + about.length));
    }
  }
  // Who raises both limits sees more of the last action.
  const ofLast = Math.max(maxActionTokens, actionTokens) - 1;
  for (const { observation, lastAction } of shown) {
    const last = lastAction === undefined ? 0 : 1 + Math.min(reader.encode(lastAction).length, ofLast);
    stateTokens = Math.max(stateTokens, last + 1 + reader.observation(observation).tokens.length);
  }
  return { words: reservedWords.length + words.size, stateTokens, actionTokens };
}
