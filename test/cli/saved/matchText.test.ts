import { expect, test } from 'vitest';
import { matchText } from '../../../src/cli/saved/matchText.ts';

const texts = [
  'go to fridge 1 (not visited)',
  'go to fridge 2 (not visited)',
  'go to sink 1 (visited: a fridge)',
  'open fridge 1',
  'open fridge 1',
];

test.each([
  ['the same words, whatever case and marks', 'Go to FRIDGE 2, not visited!', 1],
  ['the first of equal texts', 'open fridge 1', 3],
  ['the only text that starts so', 'go to fridge 2', 1],
  ['a start ends at a word', 'go to sink', 2],
  ['the only text with all words, in any order', 'visited sink', 2],
] as const)('%s', (_, wanted, index) => {
  expect(matchText(wanted, texts)).toEqual({ index });
});

test('several texts contain the words: the nearest of them, by their share of common words', () => {
  expect(matchText('fridge 1', texts)).toEqual({ found: 4, nearest: [3, 4, 0] });
});

test('no text contains the words: the nearest of all', () => {
  expect(matchText('open the fridge', texts)).toEqual({ found: 0, nearest: [3, 4, 0] });
  expect(matchText('', texts)).toEqual({ found: 0, nearest: [0, 1, 2] });
});
