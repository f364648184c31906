import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const page = readFileSync(new URL('../../docs/glossary.md', import.meta.url), 'utf8');
const [, ...entries] = page.split(/^### /m);

test('the glossary has each term once, in alphabetical order', () => {
  const terms = entries.map((entry) => entry.split('\n', 1)[0].toLowerCase());
  expect(terms.length).toBeGreaterThan(90);
  expect(new Set(terms).size).toBe(terms.length);
  expect(terms).toEqual(terms.toSorted());
});

test('each entry names the page, the source file or the other entry that uses the term', () => {
  const lost = entries.filter((entry) => !/\]\([^)]+\)|`src\//.test(entry));
  expect(lost).toEqual([]);
});
