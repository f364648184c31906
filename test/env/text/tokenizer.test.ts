import { describe, expect, it } from 'vitest';
import {
  buildVocabulary,
  reservedWords,
  tokenize,
  vocabularyFromJson,
  vocabularyToJson,
} from '../../../src/env/text/tokenizer.ts';

describe('tokenize', () => {
  it('splits into lower-case words, numbers and single punctuation marks', () => {
    expect(tokenize("You don't see 12 plates (red); open frosted-glass DOOR2!")).toEqual(
      "you don't see 12 plates ( red ) ; open frosted - glass door 2 !".split(' '),
    );
  });

  it('counts characters beyond ASCII as letters, unchanged, and no-break space as space', () => {
    expect(tokenize('Café ÉTÉ\u00a0ok…')).toEqual(['café', 'ÉtÉ', 'ok…']);
  });

  it('never yields a reserved word and nothing from blank text', () => {
    expect(tokenize('<unknown>')).toEqual(['<', 'unknown', '>']);
    expect(tokenize(' \t\n')).toEqual([]);
  });
});

describe('buildVocabulary', () => {
  const texts = ['b a b', 'c a b', 'd c'];

  it('has the reserved words, then words by count descending and alphabetical, whatever the order of the texts', () => {
    expect(buildVocabulary(texts).words).toEqual([...reservedWords, 'b', 'a', 'c', 'd']);
    expect(buildVocabulary([...texts].reverse()).words).toEqual([...reservedWords, 'b', 'a', 'c', 'd']);
    expect(reservedWords[0]).toBe('<unknown>');
  });

  it('encodes words by their place and unknown ones as 0', () => {
    const vocabulary = buildVocabulary(texts);
    expect(vocabulary.encode('C b, x a')).toEqual([9, 7, 0, 0, 8]);
  });

  it('keeps at most maxSize words and none seen less than minCount times', () => {
    expect(buildVocabulary(texts, { maxSize: 9 }).words).toEqual([...reservedWords, 'b', 'a']);
    expect(buildVocabulary(texts, { minCount: 3 }).words).toEqual([...reservedWords, 'b']);
    const many = Array.from({ length: 5000 }, (_, i) => `word ${i}`);
    expect(buildVocabulary(many).words.length).toBe(4096);
  });

  it('rejects limits that leave nothing', () => {
    expect(() => buildVocabulary(texts, { maxSize: 7 })).toThrow(
      'buildVocabulary: maxSize must be an integer above 7 (the reserved words), got 7; raise maxSize',
    );
    expect(() => buildVocabulary(texts, { minCount: 0 })).toThrow(
      'buildVocabulary: minCount must be an integer >= 1, got 0; 1 keeps every word',
    );
  });
});

describe('a saved vocabulary', () => {
  const vocabulary = buildVocabulary(["the cup isn't here"]);

  it('comes back equal', () => {
    const loaded = vocabularyFromJson(vocabularyToJson(vocabulary));
    expect(loaded.words).toEqual(vocabulary.words);
    expect(loaded.encode("isn't the fox here")).toEqual(vocabulary.encode("isn't the fox here"));
  });

  const saved = (words: unknown, version: unknown = 2): string => JSON.stringify({ version, words });
  const next = '; save the vocabulary again with vocabularyToJson';
  it.each([
    ['no JSON', '{', 'the text must be JSON, got "{"'],
    ['no object', '3', 'the text must be a JSON object, got 3'],
    ['another version', saved(vocabulary.words, 1), 'version must be 2, got 1'],
    ['no version', '{}', 'version must be 2, got nothing'],
    ['no words', '{"version":2}', 'words must be a list of strings, got nothing'],
    ['a word that is no text', saved([...reservedWords, 5]), 'words must be a list of strings, got ["<unknown>"'],
    ['no reserved words', saved(['cup']), 'words[0] must be <unknown>, got "cup"'],
    ['a repeated word', saved([...reservedWords, 'a', 'a']), 'words must be distinct, got "a"'],
  ])('with %s is refused', (_, json, problem) => {
    let message = '';
    try {
      vocabularyFromJson(json);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message.startsWith(`vocabularyFromJson: ${problem}`)).toBe(true);
    expect(message.endsWith(next)).toBe(true);
  });
});
