/**
 * Creates the receipts in test/receipts/, which record the results of the current numerics version, and lists their
 * hashes in CHANGELOG.md. Run after a change of bits (if the last numerics version is released, increase it first):
 * node scripts/storeReceipts.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type Config, resolveConfig } from '../src/config/config.ts';
import { encodeReceipt } from '../src/record/receiptFile.ts';
import { replay } from '../src/train/replay.ts';
import { numericsVersion } from '../src/version.ts';

/** Twenty updates each: five iterations with two passes over two minibatches. */
const shared: Partial<Config> = {
  iterations: 5,
  numIterations: 2,
  minibatches: 2,
  groupsPerIteration: 4,
  numGenerations: 4,
  trainGames: 30,
  coldStart: 20,
  coldStartUpdates: 20,
  evalEpisodes: 20,
  evalEvery: 2,
  couplingPairs: 10,
  couplingEvery: 2,
  checkpointEvery: 2,
};
const runs: Readonly<Record<string, Partial<Config>>> = {
  'household-attention': { method: 'classifier+cloning', labels: 'graph', beta: 0.01 },
  'look-alike-mlp': { env: 'look-alike', policy: 'mlp', method: 'contrastive', labels: 'advantage' },
};

/** The change log with the hashes listed under the current numerics version. Throws if that version is released. */
function withHashes(changeLog: string, hashes: string): string {
  const heading = `### Numerics version ${numericsVersion}\n`;
  const start = changeLog.indexOf(heading);
  const list = /^- Stored receipts .*:\n(?: {2}- .*\n)*/m;
  const [section] = changeLog.slice(start + heading.length).split(/^##/m);
  if (start < 0 || !list.test(section)) {
    throw new Error(
      `storeReceipts: CHANGELOG.md must have "${heading.trim()}" with "- Stored receipts ...:", got neither or one; say there what changed`,
    );
  }
  const release =
    changeLog
      .slice(0, start)
      .match(/^## .*$/gm)
      ?.at(-1) ?? '';
  if (!release.endsWith('unreleased')) {
    throw new Error(
      `storeReceipts: numerics version ${numericsVersion} must be unreleased, got "${release}"; raise numericsVersion in src/version.ts`,
    );
  }
  const listed = section.replace(list, (found) => `${found.split('\n')[0]}\n${hashes}`);
  return changeLog.slice(0, start) + heading + listed + changeLog.slice(start + heading.length + section.length);
}

const changeLog = readFileSync('CHANGELOG.md', 'utf8');
// Check the change log before the runs, so that an error there leaves the receipts unchanged.
withHashes(changeLog, '');
let hashes = '';
for (const [name, config] of Object.entries(runs)) {
  const receipt = await replay(resolveConfig({ ...shared, ...config }));
  const path = `test/receipts/numerics${numericsVersion}-${name}.json`;
  writeFileSync(path, encodeReceipt({ receipt, check: `unbraid verify ${path}`, files: {} }));
  hashes += `  - \`${name}\`: \`${receipt.hash}\`\n`;
  console.log(`${path} ${receipt.hash}`);
}
writeFileSync('CHANGELOG.md', withHashes(changeLog, hashes));
