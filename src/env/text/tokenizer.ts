/**
 * Word-level tokens, small enough in number for a policy of a few thousand parameters.
 *
 * A token is a word (a run of letters, including apostrophes inside it), a number (a run of digits) or a single
 * punctuation mark. Only ASCII letters are converted to lower case and only ASCII is classified, because Unicode tables
 * differ between versions of a runtime. Every other character counts as a letter and is kept unchanged.
 */

import { parseJson } from '../../check/parseJson.ts';
import { checkKeys, refuse, shown } from '../../check/values.ts';

/** Version of the token rules and of the saved form. Must change with either. */
const vocabularyVersion = 2;

/**
 * The first words of every vocabulary, in this order, so that their ids are fixed: an unknown word; the marks of an
 * action taken never, once, or more often before; the brackets around the last action; the mark of an action towards a
 * visited place. No text contains them, because `<` is a separate token.
 */
export const reservedWords = ['<unknown>', '<new>', '<once>', '<more>', '<last>', '<now>', '<been>'] as const;

const tokenPattern = /[a-z\u0080-\u009f\u00a1-\uffff]+(?:'[a-z\u0080-\u009f\u00a1-\uffff]+)*|[0-9]+|[!-~]/g;

/** The tokens of a text, in order. */
export function tokenize(text: string): string[] {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).match(tokenPattern) ?? [];
}

/** The words that a policy of a text environment can tell apart. */
export interface Vocabulary {
  /** Word of each token id; starts with `reservedWords`. */
  readonly words: readonly string[];
  /** Token id of each word of the text; 0 for a word outside the vocabulary. */
  encode(text: string): number[];
}

function fromWords(words: readonly string[]): Vocabulary {
  const idOfWord = new Map(words.map((word, id) => [word, id]));
  return { words, encode: (text) => tokenize(text).map((token) => idOfWord.get(token) ?? 0) };
}

/** Options of `buildVocabulary`. */
export interface VocabularyOptions {
  /** Largest number of words, including reserved ones. Default 4096. */
  readonly maxSize?: number;
  /** Words with fewer occurrences become `<unknown>`. Default 1. */
  readonly minCount?: number;
}

const optionKeys = { maxSize: 1, minCount: 1 } satisfies Record<keyof VocabularyOptions, 1>;

/**
 * The vocabulary of a collection of texts: reserved words, then words by descending count; equal counts in ascending
 * order of UTF-16 code units. The result does not depend on the order of the texts.
 *
 * @throws RangeError if `maxSize` is not larger than the number of reserved words or `minCount` is below 1
 */
export function buildVocabulary(texts: Iterable<string>, options: VocabularyOptions = {}): Vocabulary {
  checkKeys('buildVocabulary', 'options', options, optionKeys);
  if (typeof texts === 'string' || typeof texts?.[Symbol.iterator] !== 'function') {
    refuse('buildVocabulary', 'texts', 'a list of texts', texts, 'put one text into an array');
  }
  const { maxSize = 4096, minCount = 1 } = options;
  if (!Number.isInteger(maxSize) || maxSize <= reservedWords.length) {
    throw new RangeError(
      `buildVocabulary: maxSize must be an integer above ${reservedWords.length} (the reserved words), got ${shown(maxSize)}; raise maxSize`,
    );
  }
  if (!Number.isInteger(minCount) || minCount < 1) {
    throw new RangeError(
      `buildVocabulary: minCount must be an integer >= 1, got ${shown(minCount)}; 1 keeps every word`,
    );
  }
  // States list the same actions again: each text is read once.
  const occurrences = new Map<string, number>();
  for (const text of texts) {
    if (typeof text !== 'string') refuse('buildVocabulary', 'each text', 'text', text, 'leave out what is none');
    occurrences.set(text, (occurrences.get(text) ?? 0) + 1);
  }
  const counts = new Map<string, number>();
  for (const [text, times] of occurrences) {
    for (const token of tokenize(text)) counts.set(token, (counts.get(token) ?? 0) + times);
  }
  const ranked = [...counts]
    .filter(([, count]) => count >= minCount)
    .sort(([wordA, countA], [wordB, countB]) => countB - countA || (wordA < wordB ? -1 : 1));
  const kept = ranked.slice(0, maxSize - reservedWords.length).map(([word]) => word);
  return fromWords([...reservedWords, ...kept]);
}

/** The saved form: `{"version": 2, "words": [...]}`. */
export function vocabularyToJson(vocabulary: Vocabulary): string {
  return JSON.stringify({ version: vocabularyVersion, words: vocabulary.words });
}

/**
 * Reads the text of `vocabularyToJson`.
 *
 * @throws Error if the text is not JSON, has another version, or its words are not distinct strings that start with
 *   `reservedWords`
 */
export function vocabularyFromJson(json: string): Vocabulary {
  const refuse = (rule: string, got: unknown): never => {
    const shown = (JSON.stringify(got) ?? 'nothing').slice(0, 80);
    throw new Error(`vocabularyFromJson: ${rule}, got ${shown}; save the vocabulary again with vocabularyToJson`);
  };
  let saved: unknown;
  try {
    saved = parseJson(json);
  } catch {
    refuse('the text must be JSON', json);
  }
  if (typeof saved !== 'object' || saved === null) return refuse('the text must be a JSON object', saved);
  const { version, words } = saved as { version?: unknown; words?: unknown };
  if (version !== vocabularyVersion) return refuse(`version must be ${vocabularyVersion}`, version);
  if (!Array.isArray(words) || !words.every((word) => typeof word === 'string')) {
    return refuse('words must be a list of strings', words);
  }
  reservedWords.forEach((word, id) => {
    if (words[id] !== word) refuse(`words[${id}] must be ${word}`, words[id]);
  });
  const seen = new Set<string>();
  for (const word of words) {
    if (seen.has(word)) refuse('words must be distinct', word);
    seen.add(word);
  }
  return fromWords(words);
}
