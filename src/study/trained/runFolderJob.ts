/** The job of one training run whose result is its folder, with the files that `unbraid train` writes. */

import { parseJson } from '../../check/parseJson.ts';
import { resolveConfig } from '../../config/config.ts';
import type { JsonRecord } from '../../record/json.ts';
import { isJsonObject } from '../../record/json.ts';
import { receiptName, resultName } from '../../record/names.ts';
import { computationKeys } from '../../record/receipt.ts';
import { isRunFilePath, parseReceipt, type ReceiptFile } from '../../record/receiptFile.ts';
import { sha256Hex } from '../../record/sha256.ts';
import type { JobKind } from '../job.ts';
import type { TrainInput } from './trainJob.ts';

/** Files in base64 by their path from the folder of the run. */
export type RunFiles = { readonly files: { readonly [path: string]: string } };

/** Largest size of all files of a run in bytes, so that their base64 fits into a result of a queue. */
export const mostRunBytes = 40 * 1024 * 1024;

export const runKind: JobKind<TrainInput, RunFiles> = {
  name: 'run',
  async run(input, { trainFiles }) {
    if (trainFiles === undefined) {
      throw new Error('run: a run with its folder needs a file system, got none; use a worker of the command line');
    }
    return { files: await trainFiles(resolveConfig(input)) };
  },
};

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/**
 * The files of a run from the result of its job, which may be a stranger's.
 *
 * @throws Error if a path is not that of a file of a run, or the files are too large
 */
export function unpackRun({ files }: RunFiles): ReadonlyMap<string, Uint8Array> {
  const unpacked = new Map<string, Uint8Array>();
  let size = 0;
  for (const [path, text] of Object.entries(files)) {
    if (!isRunFilePath(path)) throw new Error(`it has a file with a path that no run has: ${JSON.stringify(path)}`);
    const bytes = bytesOf(text);
    size += bytes.length;
    if (size > mostRunBytes) throw new Error(`the files of a run must have at most ${mostRunBytes} bytes, got more`);
    unpacked.set(path, bytes);
  }
  return unpacked;
}

function jsonIn(files: ReadonlyMap<string, Uint8Array>, name: string): JsonRecord {
  const bytes = files.get(name);
  const content = bytes && parseJson(new TextDecoder().decode(bytes));
  if (!isJsonObject(content)) throw new Error(`it has no ${name} with an object`);
  return content as JsonRecord;
}

/** @throws Error if the receipt is missing, damaged, or contradicts itself */
export function runReceipt(files: ReadonlyMap<string, Uint8Array>): ReceiptFile {
  const bytes = files.get(receiptName);
  if (bytes === undefined) throw new Error(`it has no ${receiptName}`);
  const read = parseReceipt(new TextDecoder().decode(bytes));
  if ('flaw' in read) throw new Error(`its ${receiptName} ${read.flaw}`);
  return read;
}

/**
 * What is equal in two folders of the same run from two machines: its receipt, its result without how it was computed,
 * and the hashes of all other files.
 *
 * @throws Error if the files are not those of a finished run
 */
export function runIdentity(result: RunFiles): JsonRecord {
  const files = unpackRun(result);
  const { hash } = runReceipt(files).receipt;
  const others = [...files].filter(([path]) => path !== receiptName && path !== resultName);
  const ofMachine = computationKeys as readonly string[];
  const outcome = Object.entries(jsonIn(files, resultName)).filter(([key]) => !ofMachine.includes(key));
  return {
    receipt: hash,
    result: Object.fromEntries(outcome),
    files: Object.fromEntries(others.map(([path, bytes]) => [path, sha256Hex(bytes)])),
  };
}
