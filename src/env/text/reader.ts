/**
 * Reads texts as tokens, and caches what recurs: the episodes of a group have the same texts, and states list the same
 * actions again. Everything that is computed per action costs the same however many other actions there are.
 */
import type { Features } from '../environment.ts';
import type { Vocabulary } from './tokenizer.ts';

/**
 * Size of the caches of a vocabulary, in numbers of about 8 bytes: of single texts, and of observations with their
 * actions. The second holds 400,000 actions, such as those of 80 states with 5,000 each. What was used least recently
 * is dropped first.
 */
const textsKept = 4_000_000;
const readingsKept = 16_000_000;

/** Size of an action that was read with an observation, in the same unit. */
const actionSize = 40;

/** The sentences of a text: up to a full stop, exclamation or question mark, or the end of a line. */
function sentencesOf(text: string): string[] {
  return text.match(/[^.!?\n]+[.!?]?/g) ?? [];
}

/** The sentences of an observation, and for each word the indices of the sentences that contain it, ascending. */
interface Sentences {
  readonly list: readonly (readonly number[])[];
  readonly containing: ReadonlyMap<number, readonly number[]>;
}

function indexSentences(list: readonly (readonly number[])[]): Sentences {
  const containing = new Map<number, number[]>();
  for (const [i, sentence] of list.entries()) {
    for (const word of sentence) {
      const known = containing.get(word);
      if (known === undefined) containing.set(word, [i]);
      else if (known.at(-1) !== i) known.push(i);
    }
  }
  return { list, containing };
}

/** The numbers that are in both ascending lists. */
function inBoth(a: readonly number[], b: readonly number[]): readonly number[] {
  const both: number[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) both.push(a[i]);
    if (a[i] <= b[j]) i++;
    else j++;
  }
  return both;
}

/**
 * The sentence that an action is about. Each word of the action, from the last (which names the object or the
 * direction) to the first, keeps only the sentences that contain it, if any of the remaining ones does. The result is
 * the first remaining sentence; none if no word excluded a sentence.
 *
 * The cost is the number of words times the number of sentences that contain one; it does not depend on the number of
 * other actions.
 */
function sentenceAbout(action: readonly number[], { list, containing }: Sentences): readonly number[] | undefined {
  let found: readonly number[] | undefined;
  for (let i = action.length - 1; i >= 0; i--) {
    const holding = containing.get(action[i]) ?? [];
    const narrower = found === undefined ? holding : inBoth(found, holding);
    if (narrower.length > 0) found = narrower;
  }
  return found && list[found[0]];
}

/** The encoding of an action with one observation. */
export interface ReadAction {
  readonly words: readonly number[];
  /** The sentence that the action is about. */
  readonly about: readonly number[] | undefined;
  /** The features in which the action was shown, by its marks. */
  readonly features: Features[];
}

/** The encoding of an observation and its actions, which does not depend on the episode. */
export interface Reading {
  readonly tokens: readonly number[];
  readonly sentences: Sentences;
  /** The actions that occurred with this observation. */
  readonly actions: Map<string, ReadAction>;
}

/** What a reader has computed, as opposed to found in its caches. */
export interface ReaderCounts {
  /** Texts that were tokenised. */
  encoded: number;
  /** Pairs of an observation and an action that were read. */
  pairs: number;
}

export interface Reader {
  readonly encode: (text: string) => readonly number[];
  readonly observation: (text: string) => Reading;
  readonly action: (reading: Reading, action: string) => ReadAction;
  readonly counts: Readonly<ReaderCounts>;
}

interface Cache<T> {
  /** The entry of a text, which counts as used now. */
  get(text: string): T | undefined;
  add(text: string, entry: T, size: number): void;
  /** Adds to the size of an entry that may have been dropped. */
  grow(text: string, entry: T, by: number): void;
}

/** A cache of at most `most` numbers; the latest entry is always kept. */
function createCache<T>(most: number): Cache<T> {
  const entries = new Map<string, { readonly entry: T; size: number }>();
  let kept = 0;
  const dropOldest = (): void => {
    for (const [text, { size }] of entries) {
      if (kept <= most || entries.size === 1) return;
      entries.delete(text);
      kept -= size;
    }
  };
  return {
    get(text) {
      const found = entries.get(text);
      if (found === undefined) return undefined;
      entries.delete(text);
      entries.set(text, found);
      return found.entry;
    },
    add(text, entry, size) {
      entries.set(text, { entry, size });
      kept += size;
      dropOldest();
    },
    grow(text, entry, by) {
      const found = entries.get(text);
      if (found?.entry !== entry) return;
      found.size += by;
      kept += by;
      dropOldest();
    },
  };
}

/** @param kept sizes of the caches of texts and of observations with their actions */
export function createReader(
  vocabulary: Vocabulary,
  kept: readonly [number, number] = [textsKept, readingsKept],
): Reader {
  const counts: ReaderCounts = { encoded: 0, pairs: 0 };
  const texts = createCache<readonly number[]>(kept[0]);
  const readings = createCache<Reading>(kept[1]);
  const textOf = new WeakMap<Reading, string>();
  const encode = (text: string): readonly number[] => {
    const known = texts.get(text);
    if (known !== undefined) return known;
    counts.encoded++;
    const tokens = vocabulary.encode(text);
    texts.add(text, tokens, tokens.length + 10);
    return tokens;
  };
  return {
    counts,
    encode,
    observation(text) {
      const known = readings.get(text);
      if (known !== undefined) return known;
      const tokens = encode(text);
      const reading = { tokens, sentences: indexSentences(sentencesOf(text).map(encode)), actions: new Map() };
      readings.add(text, reading, 4 * tokens.length + actionSize);
      textOf.set(reading, text);
      return reading;
    },
    action(reading, action) {
      const known = reading.actions.get(action);
      if (known !== undefined) return known;
      counts.pairs++;
      const words = encode(action);
      const read = { words, about: sentenceAbout(words, reading.sentences), features: [] };
      reading.actions.set(action, read);
      readings.grow(textOf.get(reading) ?? '', reading, actionSize);
      return read;
    },
  };
}

/** Readers by vocabulary and layout of the actions. */
const readers = new WeakMap<Vocabulary, Map<string, Reader>>();

/**
 * The reader of a vocabulary, shared by all environments.
 *
 * @param layout names how features of actions are laid out
 */
export function readerOf(vocabulary: Vocabulary, layout: string): Reader {
  const ofVocabulary = readers.get(vocabulary) ?? new Map<string, Reader>();
  readers.set(vocabulary, ofVocabulary);
  const reader = ofVocabulary.get(layout) ?? createReader(vocabulary);
  ofVocabulary.set(layout, reader);
  return reader;
}
