import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/config.ts';
import { firstDifference } from '../../src/record/receipt.ts';
import { parseReceipt } from '../../src/record/receiptFile.ts';
import { replay } from '../../src/train/replay.ts';
import { numericsVersion } from '../../src/version.ts';

const folder = fileURLToPath(new URL('./', import.meta.url));
const changeLog = readFileSync(`${folder}/../../CHANGELOG.md`, 'utf8');

const stored = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .sort()
  .map((file) => {
    const read = parseReceipt(readFileSync(`${folder}/${file}`, 'utf8'));
    if ('flaw' in read) throw new Error(`${file} ${read.flaw}`);
    return { file, receipt: read.receipt };
  });
const current = stored.filter(({ receipt }) => receipt.numerics === numericsVersion);

// A change of bits: say what changed under a new "Numerics version" in CHANGELOG.md, raise numericsVersion in
// src/version.ts, and run node scripts/storeReceipts.ts.
test.each(current)('$file is equal to its replay', async ({ receipt }) => {
  const replayed = await replay(resolveConfig(receipt.config));
  expect(firstDifference(receipt, replayed, receipt.config.iterations as number)).toBeNull();
  expect(replayed.hash).toBe(receipt.hash);
});

test('the present numerics version has receipts of both policies, of twenty updates each', () => {
  expect(current.map(({ receipt: { config, outcome } }) => [config.policy, outcome?.updates])).toEqual([
    ['attention', 20],
    ['mlp', 20],
  ]);
});

test.each(stored)('the change log names the hash of $file under its numerics version', ({ file, receipt }) => {
  const [section] = changeLog.split(`### Numerics version ${receipt.numerics}\n`)[1].split(/^##/m);
  const name = file.replace(/^numerics\d+-(.*)\.json$/, '$1');
  expect(section).toContain(`\n  - \`${name}\`: \`${receipt.hash}\`\n`);
});
