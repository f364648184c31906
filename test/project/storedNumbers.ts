/** The numbers that docs/results holds: those of its pages, and the values of its CSVs as pages print them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readStudyCsv } from '../../scripts/pageTables.ts';
import { type Estimate, signedText } from '../../src/report/studyTables.ts';

const results = fileURLToPath(new URL('../../docs/results', import.meta.url));

/** Pages that quote numbers of the others. A number is not its own source. */
const quoting = ['README.md', 'claims.md'];

/** The pages of docs/results that are sources of numbers. */
export const sourcePages: readonly string[] = readdirSync(results)
  .filter((name) => name.endsWith('.md') && !quoting.includes(name))
  .sort();

/** An estimate with and without its sign, to two and to three decimals, then its value alone. */
function printed(estimate: Estimate): string[] {
  return [2, 3].flatMap((digits) => {
    const whole = signedText({ ...estimate, digits });
    return [whole, whole.replace(/^\+/, '')];
  });
}

function printedCsv(path: string): string[] {
  return [...readStudyCsv(readFileSync(path, 'utf8')).values()].flatMap((row) => [...row.values()].flatMap(printed));
}

/** The text of a source page, followed by the values of the CSVs in the folder of its name. */
export function sourceText(page: string): string {
  const folder = `${results}/${page.replace(/\.md$/, '')}`;
  const csvs = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.csv')) : [];
  const values = csvs.flatMap((name) => printedCsv(`${folder}/${name}`));
  return [readFileSync(`${results}/${page}`, 'utf8'), ...values].join('\n');
}
