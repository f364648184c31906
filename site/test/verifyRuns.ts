/** The runs that the tests of the check read: an honest one and a forged one. */
import { strToU8, zipSync } from 'fflate';
import { train } from 'unbraid';
import { parseReceipt, type Receipt, recordRun } from 'unbraid/record';

const shortRun = { env: 'bandit', policy: 'mlp', hidden: 32, seed: 7, iterations: 6 } as const;

export interface CheckedRuns {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly receipt: Receipt;
  /** The files with another seed in the result. */
  readonly forged: ReadonlyMap<string, Uint8Array>;
}

export async function makeRuns(): Promise<CheckedRuns> {
  const recorder = recordRun(shortRun);
  const files = recorder.files(await train(shortRun, recorder.hooks));
  const found = parseReceipt(new TextDecoder().decode(files.get('receipt.json')));
  if ('flaw' in found) throw new Error(found.flaw);
  const result = new TextDecoder().decode(files.get('result.json')).replace('"seed": 7', '"seed": 8');
  return { files, receipt: found.receipt, forged: new Map([...files, ['result.json', strToU8(result)]]) };
}

export const zipOf = (run: ReadonlyMap<string, Uint8Array>): Uint8Array => zipSync(Object.fromEntries(run));
