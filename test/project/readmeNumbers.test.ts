/**
 * The results in README.md against docs/results. The rule:
 *
 * - A result is a number with a decimal point, with its interval if one follows, or a percentage.
 * - Not results: fenced blocks and inline code (programs and their output, which other tests run), targets of links,
 *   the table of speed (test/bench/document.test.ts), versions of software (after `Node`, or with two points), numbers
 *   of arXiv, and 95%, the level of the intervals.
 * - Whole numbers (seconds, seeds, weights, steps) are not compared.
 * - A result must be on a page of docs/results that its paragraph links, or in a CSV in the folder of that page.
 *   Without such a link the pages that its section links count, then all pages. A short number can be there by chance,
 *   so the test finds wrong intervals for certain and wrong short numbers often.
 *
 * The table of `npm start` is compared with the CSV that the command wrote.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { sourcePages, sourceText } from './storedNumbers.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

const texts = new Map(sourcePages.map((page) => [page, sourceText(page)]));

/** The source pages that a text links. */
function linkedPages(text: string): string[] {
  const names = [...text.matchAll(/\]\(docs\/results\/([^)#]+\.md)/g)].map(([, name]) => name);
  return [...new Set(names)].filter((name) => texts.has(name));
}

/** What the rule calls results, in the order of the text. */
function resultsIn(text: string): string[] {
  const plain = text
    .replaceAll(/`[^`]*`/g, ' ')
    .replaceAll(/\]\([^)]*\)/g, ']')
    .replaceAll(/arXiv [\d.]+|Node \d[\d.]*|\d+\.\d+\.\d+/g, ' ');
  const found = plain.matchAll(/(?<![\d.])([+−]?\d+\.\d+)( \[[+−]?\d+\.\d+, [+−]?\d+\.\d+\])?|(\d+)%/g);
  return [...found].flatMap(([whole, , , percent]) => {
    if (percent === undefined) return [whole];
    return percent === '95' ? [] : [(Number(percent) / 100).toFixed(2)];
  });
}

/** Whether a source has the number, and not only as a part of a longer one. Some pages print `.76` for 0.76. */
function holds(source: string, number: string): boolean {
  const escaped = number.replaceAll(/[.+[\]]/g, '\\$&').replaceAll(/\b0\\/g, '0?\\');
  return new RegExp(`(?<![\\d.])${escaped}(?!\\d)`).test(source);
}

/** A sentence for each result of the text that no source holds. */
function unstored(markdown: string): string[] {
  const prose = markdown
    .replaceAll(/<!-- performance:start -->[\s\S]*<!-- performance:end -->/g, '')
    .replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');
  return prose.split(/^(?=## )/m).flatMap((section) => {
    const inSection = linkedPages(section);
    return section.split(/\n\n|\n(?=\* )/).flatMap((part) => {
      const own = linkedPages(part);
      const pages = [own, inSection, sourcePages].find((some) => some.length > 0) ?? [];
      return resultsIn(part)
        .filter((number) => !pages.some((page) => holds(texts.get(page) ?? '', number)))
        .map((number) => `${number} is in none of docs/results/{${pages}} or their CSVs; correct it, or link its page`);
    });
  });
}

test('every result in README.md is one that docs/results holds', () => {
  const readme = read('README.md');
  expect(resultsIn(readme).length).toBeGreaterThan(60);
  expect(unstored(readme)).toEqual([]);
});

describe('the rule', () => {
  test('finds results, and no versions, paper numbers, programs or whole numbers', () => {
    const text =
      '−0.02 [−0.10, 0.01] of 0.4, 80% and 95%; Node 20.19, 1.1.0, `0.77`, [arXiv 2509.23870](a/0.5), 24 seeds';
    expect(resultsIn(text)).toEqual(['−0.02 [−0.10, 0.01]', '0.4', '0.80']);
  });

  test('names a number that is found nowhere, and one that only another page has', () => {
    const gain = 'Gain +0.32 [0.23, 0.38] ([table](docs/results/generalisation.md)).';
    expect(unstored(gain)).toEqual([]);
    expect(unstored(gain.replace('0.32', '0.33'))).toEqual([
      '+0.33 [0.23, 0.38] is in none of docs/results/{generalisation.md} or their CSVs; correct it, or link its page',
    ]);
    expect(unstored(gain.replace('generalisation', 'theory'))).toHaveLength(1);
  });
});

/** Rows of the CSV of `npm start` by variant, in the order of the file. */
function startRows(): Map<string, Record<string, number>[]> {
  const [head, ...lines] = read('docs/results/npm-start.csv').trim().split(/\r?\n/);
  const names = head.split(',');
  const rows = new Map<string, Record<string, number>[]>();
  for (const line of lines) {
    // Only the first field can contain commas, and then it is quoted.
    const [, quoted, plain, others] = /^(?:"([^"]*)"|([^,]*)),(.*)$/.exec(line) ?? [];
    const values = others.split(',');
    const row = Object.fromEntries(names.slice(1).map((name, i) => [name, Number(values[i])]));
    const variant = quoted ?? plain;
    rows.set(variant, [...(rows.get(variant) ?? []), row]);
  }
  return rows;
}

test('the table of npm start in README.md has the numbers of docs/results/npm-start.csv', () => {
  const [, table] = /```text\n(variant {3}[\s\S]*?)```/.exec(read('README.md')) ?? [];
  // From each row of three seeds to the next: its numbers, without the words of its variant.
  const shown = table.split(/^(?=GRPO)/m).slice(1);
  const rows = [...startRows().values()];
  expect(shown).toHaveLength(rows.length);
  const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
  const of = (row: readonly Record<string, number>[], key: string): number[] => row.map((run) => run[key]);
  const contrast = (row: readonly Record<string, number>[], when: string): number =>
    mean(
      row.map((run) => (run[`goodGoodCosine${when}`] + run[`badBadCosine${when}`]) / 2 - run[`goodBadCosine${when}`]),
    );
  for (const [i, row] of rows.entries()) {
    const successes = ['successTrain', 'successInDomain', 'successOutOfDomain'].map((key) => of(row, key));
    const gains = i === 0 ? [] : successes[2].map((x, seed) => x - of(rows[0], 'successOutOfDomain')[seed]);
    const expected = [
      ...[...successes.flat(), ...gains],
      ...[mean(of(row, 'goodBadCosineStart')), mean(of(row, 'goodBadCosineEnd'))],
      ...[...successes.map(mean), ...(i === 0 ? [] : [mean(gains)])],
      ...[contrast(row, 'Start'), contrast(row, 'End')],
      ...[mean(of(row, 'goodBadPositiveFractionStart')), mean(of(row, 'goodBadPositiveFractionEnd'))],
    ];
    const numbers = [...shown[i].matchAll(/[+−]?\d\.\d\d/g)].map(([x]) => Number(x.replace('−', '-')));
    expect(numbers).toHaveLength(expected.length);
    for (const [k, x] of numbers.entries()) expect(Math.abs(x - expected[k])).toBeLessThan(0.005 + 1e-9);
    expect(shown[i]).toContain(` ${Math.round(mean(of(row, 'envSteps')) / 1000)}k\n`);
  }
});
