import { describe, expect, test } from 'vitest';
import { createReader, readerOf } from '../../../src/env/text/reader.ts';
import { tokenized } from '../../../src/env/text/tokenized.ts';
import { buildVocabulary } from '../../../src/env/text/tokenizer.ts';
import { randomStream } from '../../../src/random.ts';
import { warehouse } from './warehouse.ts';

const letters = ['a', 'b', 'c', 'd', 'e', 'f', '.'];
const vocabulary = buildVocabulary(letters);

/** The rule as it is written: each word of the action, from the last, filters all sentences. */
function filteredSentence(action: readonly number[], sentences: readonly (readonly number[])[]) {
  let found: readonly (readonly number[])[] | undefined;
  for (let i = action.length - 1; i >= 0; i--) {
    const narrower = (found ?? sentences).filter((sentence) => sentence.includes(action[i]));
    if (narrower.length > 0) found = narrower;
  }
  return found?.[0];
}

test('the sentence about an action is the first that is left when each of its words filters the sentences', () => {
  const random = randomStream(1, 'test/sentences');
  const textOf = (words: number, stops: boolean): string =>
    Array.from({ length: words }, () => letters[random.below(stops ? 7 : 6)]).join(' ');
  let found = 0;
  for (let text = 0; text < 300; text++) {
    const reader = createReader(vocabulary);
    const observation = textOf(random.below(40), true);
    const reading = reader.observation(observation);
    const sentences = (observation.match(/[^.]+[.]?/g) ?? []).map((sentence) => vocabulary.encode(sentence));
    for (let i = 0; i < 5; i++) {
      const action = textOf(1 + random.below(4), false);
      const { words, about } = reader.action(reading, action);
      expect(about).toEqual(filteredSentence(words, sentences));
      if (about !== undefined) found++;
    }
  }
  expect(found).toBeGreaterThan(1000);
});

describe('caches', () => {
  test('thousands of actions are read once, however often their observation is shown', async () => {
    const words = buildVocabulary(['The left right door is open. Parcel on shelf 0 take from']);
    for (const shelves of [50, 5_000]) {
      const own = { ...words };
      const { counts } = readerOf(own, '24 true');
      for (let episode = 0; episode < 3; episode++) {
        const environment = tokenized(warehouse(shelves), own);
        await environment.reset({ seed: 4, split: 'train' });
        const step = await environment.step(0);
        expect(step.info.admissibleActions.length).toBe(shelves);
        // The actions of both observations; these actions and observations with their sentence.
        expect(counts).toEqual({ pairs: 2 + shelves, encoded: 4 + shelves });
      }
    }
  });

  test('what was used least recently is dropped first, and read again when it comes back', () => {
    const reader = createReader(vocabulary, [1000, 500]);
    const look = (text: string, actions: number): number => {
      const before = reader.counts.pairs;
      const reading = reader.observation(text);
      for (let i = 0; i < actions; i++) reader.action(reading, letters[i]);
      return reader.counts.pairs - before;
    };
    // Three observations with three actions each fit.
    expect([look('a', 3), look('b', 3), look('a', 3), look('b', 3)]).toEqual([3, 3, 0, 0]);
    expect([look('c', 3), look('a', 3)]).toEqual([3, 0]);
    expect([look('d', 3), look('a', 3), look('b', 3)]).toEqual([3, 0, 3]);
  });

  test('an observation with more actions than fit keeps them while it is shown', () => {
    const reader = createReader(vocabulary, [20, 100]);
    const reading = reader.observation('a b.');
    for (let round = 0; round < 2; round++) {
      for (const first of letters) for (const second of letters) reader.action(reading, `${first} ${second}`);
    }
    expect(reader.counts.pairs).toBe(49);
    expect(reader.action(reading, 'a b').about).toEqual(vocabulary.encode('a b.'));
  });
});
