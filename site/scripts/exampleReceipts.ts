/**
 * Writes the example receipts of the page that checks results: an honest one, and one whose success was raised and
 * whose hashes were computed anew, as a forger can.
 *
 *     node site/scripts/exampleReceipts.ts
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { train } from 'unbraid';
import { encodeReceipt, parseReceipt, type Receipt, recordRun } from 'unbraid/record';

const config = { env: 'bandit', policy: 'mlp', hidden: 32, seed: 7, iterations: 12, checkpointEvery: 3 } as const;

/** JSON with keys in alphabetical order and without spaces, over which receipts are hashed. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, of]) => `${JSON.stringify(key)}:${canonical(of)}`).join(',')}}`;
}

/** The receipt with a higher success, consistent in itself. */
export function forge(receipt: Receipt): Receipt {
  const { success } = receipt.outcome as { success: Record<string, number> };
  const outcome = { ...receipt.outcome, success: { ...success, outOfDomain: 0.98 } };
  const previous = receipt.links.at(-1)?.link;
  const hash = createHash('sha256').update(canonical({ previous, outcome })).digest('hex');
  return { ...receipt, outcome, hash };
}

export async function exampleReceipts(): Promise<{ honest: string; forged: string }> {
  const recorder = recordRun(config);
  const files = recorder.files(await train(config, recorder.hooks));
  const found = parseReceipt(new TextDecoder().decode(files.get('receipt.json')));
  if ('flaw' in found) throw new Error(`exampleReceipts: the receipt ${found.flaw}`);
  const text = (receipt: Receipt): string => encodeReceipt({ receipt, check: '', files: {} });
  return { honest: text(found.receipt), forged: text(forge(found.receipt)) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = fileURLToPath(new URL('../src/verify/examples/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(await exampleReceipts())) writeFileSync(`${folder}${name}.json`, text);
}
