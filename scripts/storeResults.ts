/**
 * Writes the tables of a page of docs/results from the stored CSVs. With a folder of `unbraid study`, it first stores
 * the CSVs, figures and receipts of that run.
 *
 *     node scripts/storeResults.ts generalisation runs/study
 *     node scripts/storeResults.ts danger-zone
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readStudyCsv } from './pageTables.ts';
import { fillPage, resultPages } from './resultTables.ts';

const docs = fileURLToPath(new URL('../docs', import.meta.url));
const [study, folder] = process.argv.slice(2);
const page = resultPages.find((each) => each.study === study);
if (page === undefined) {
  const known = resultPages.map((each) => each.study).join(', ');
  throw new Error(`storeResults: the study must be one of ${known}, got "${study}"; name it first`);
}
if (folder !== undefined) {
  const copied = page.files.filter(([from, to]) => {
    const path = join(folder, study, from);
    if (!existsSync(path)) return false;
    mkdirSync(dirname(join(docs, to)), { recursive: true });
    copyFileSync(path, join(docs, to));
    return true;
  });
  if (copied.length === 0) {
    throw new Error(
      `storeResults: ${join(folder, study)} must hold a study's report, got none; run unbraid study ${study} --out ${folder}`,
    );
  }
  console.log(`stored ${copied.length} of ${page.files.length} files`);
}
const path = join(docs, 'results', page.page);
const stored = (name: string) => {
  const csv = join(docs, 'results', study, `${name}.csv`);
  return existsSync(csv) ? readStudyCsv(readFileSync(csv, 'utf8')) : null;
};
const receiptsPath = join(docs, 'results', study, 'receipts.jsonl');
const receipts = existsSync(receiptsPath) ? readFileSync(receiptsPath, 'utf8') : null;
writeFileSync(path, fillPage(readFileSync(path, 'utf8'), page, stored, receipts));
console.log(`wrote ${path}`);
