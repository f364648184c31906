import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type ResultPage, readStudyCsv } from '../../scripts/pageTables.ts';
import { fillPage, receiptsNote, resultPages } from '../../scripts/resultTables.ts';
import { studyTableCsv } from '../../src/report/studyTables.ts';
import { generalisation } from '../../src/study/trained/generalisation.ts';
import { numericsVersion } from '../../src/version.ts';
import { resultsOf } from '../study/results.ts';
import { sourcePages, sourceText } from './storedNumbers.ts';

const results = fileURLToPath(new URL('../../docs/results', import.meta.url));
const read = (path: string): string => readFileSync(`${results}/../../${path}`, 'utf8');

const storedFor =
  ({ study }: ResultPage) =>
  (name: string) => {
    const path = `${results}/${study}/${name}.csv`;
    return existsSync(path) ? readStudyCsv(readFileSync(path, 'utf8')) : null;
  };

const receiptsOf = ({ study }: ResultPage): string | null => {
  const path = `${results}/${study}/receipts.jsonl`;
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
};

test.each(resultPages)('the tables of docs/results/$page are those of its CSVs', (page) => {
  const text = readFileSync(`${results}/${page.page}`, 'utf8');
  expect(fillPage(text, page, storedFor(page), receiptsOf(page))).toBe(text);
  for (const [, to] of page.files) expect(to).toMatch(/^(results|figures)\//);
});

test('a page states which unbraid checks its receipts', () => {
  const lines = (...versions: (number | undefined)[]): string =>
    versions.map((numerics) => `${JSON.stringify({ receipt: 'ab', numerics })}\n`).join('');
  expect(receiptsNote(lines(numericsVersion))).toBe(`Receipts of this page have numerics version ${numericsVersion}.`);
  const [, commit] = /numerics version 1 with the unbraid of commit\s+(`\w{40}`)/.exec(read('CHANGELOG.md')) ?? [];
  expect(receiptsNote(lines(1, 1))).toContain(`numerics version 1; check them with the unbraid of commit\n${commit}.`);
  expect(read('docs/receipts.md')).toContain(commit);
  for (const wrong of [lines(1, 2), lines(undefined), lines(0)]) expect(() => receiptsNote(wrong)).toThrow('must have');
});

test.each(['docs/labels.md', 'docs/results/README.md', 'docs/results/claims.md'])(
  'every number with an interval in %s is one of docs/results',
  (path) => {
    const known = sourcePages.map(sourceText).join('\n');
    const numbers = read(path).match(/[+−]?\d\.\d+ \[[^\]]+\]/g) ?? [];
    expect(numbers.length).toBeGreaterThan(1);
    for (const number of numbers) expect(known).toContain(number);
  },
);

describe('from a study to a page', () => {
  const scale = { size: 'quick', seeds: 5, firstSeed: 1, noGames: () => null } as const;
  const { tables } = generalisation.report(resultsOf(generalisation.plan(scale)), scale, '');
  const csv = studyTableCsv(tables[0]);

  test('a CSV returns the numbers of its table, names with commas included', () => {
    const read = readStudyCsv(csv);
    expect([...read.keys()]).toEqual(tables[0].rows.map(({ name }) => name));
    const { cells } = tables[0].rows[1];
    expect([...(read.get('classifier, graph labels')?.values() ?? [])]).toEqual(
      cells.flatMap((cell) => (cell === null || typeof cell === 'string' ? [] : [{ ...cell, seeds: [] }])),
    );
  });

  test('rows in the order of the study, gains signed, and a table without a run states that it is missing', () => {
    const page = resultPages[0];
    const empty = page.tables.map(({ name }) => `<!-- ${name}:start -->\n<!-- ${name}:end -->\n`).join('');
    const filled = fillPage(empty, page, (name) => (name === 'household' ? readStudyCsv(csv) : null), null);
    const lines = filled.split('\n').filter((line) => line.startsWith('|'));
    expect(lines.slice(0, 4)).toEqual([
      '| Trained with | out-of-domain | gain over GRPO | gain over cloning | P(above GRPO) | cosine | steps |',
      '|---|---:|---:|---:|---:|---:|---:|',
      expect.stringMatching(/^\| GRPO \| 0\.4\d \[0\.4\d, 0\.4\d\] \| {2}\| {2}\| {2}\| 0\.2\d \| 150k \|$/),
      expect.stringMatching(/^\| classifier, graph labels \| 0\.\d\d \[.+\] \| \+0\.28 \[0\.25, 0\.30\] \| 0\.00 /),
    ]);
    expect(filled.match(/Not run\./g)).toHaveLength(page.tables.length - 1);
  });
});
