/** Compares the files of a finished run with the hashes in its receipt. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { checkpointName } from './checkpoint.ts';
import { readBytes, readJson, readText, writeFileAtomic } from './files.node.ts';
import { encodeJson, isJsonObject, type JsonRecord } from './json.ts';
import { checkpointFolder, listCheckpoints } from './layout.node.ts';
import {
  configName,
  couplingEndName,
  couplingStartName,
  latestName,
  metricsName,
  receiptName,
  resultName,
} from './names.ts';
import type { Receipt } from './receipt.ts';
import { checkCommand, encodeReceipt, parseReceipt, type ReceiptFile } from './receiptFile.ts';
import { sha256Hex } from './sha256.ts';

/** A file that differs from what the run wrote. */
export interface Damage {
  /** Path relative to the run's folder, or `PATH#KEY` for one key of a file. */
  readonly file: string;
  /** What is wrong with the file, and the next step. */
  readonly message: string;
}

/** The value that `read` returns, or the damage described by the error that it throws. */
export function attempt<T>(file: string, read: () => T): { readonly value: T } | { readonly damage: Damage } {
  try {
    return { value: read() };
  } catch (error) {
    return { damage: { file, message: (error as Error).message } };
  }
}

/**
 * Reads a JSON object from a file that unbraid has written.
 *
 * @param indent spaces per level in the file
 * @throws Error if the file is not JSON, is not an object, or differs from the text that unbraid writes for this
 *   object: with a repeated key, for example, two readers can read different values
 */
export function readWrittenJson(path: string, name: string, indent: number): JsonRecord {
  const record = readJson(path);
  if (!isJsonObject(record)) throw new Error(`cannot read ${path}: it is not a JSON object; the file is damaged`);
  if (`${encodeJson(record, name, indent)}\n` !== readText(path)) {
    throw new Error(`${path} is not written as a run writes it; the file was changed; restore it from a copy`);
  }
  return record as JsonRecord;
}

/** Paths of the files that belong to a run, without its receipt and without files that other commands add. */
export function runFiles(directory: string): string[] {
  const single = [configName, metricsName, latestName, couplingStartName, couplingEndName, resultName];
  const inCheckpoints = listCheckpoints(directory).flatMap((iteration) =>
    readdirSync(checkpointFolder(directory, iteration))
      .sort()
      .map((file) => `checkpoints/${checkpointName(iteration)}/${file}`),
  );
  return [...single.filter((name) => existsSync(join(directory, name))), ...inCheckpoints];
}

/** Writes receipt.json: the receipt and the hashes of all existing files of the run. */
export function writeReceipt(directory: string, receipt: Receipt): void {
  const files: Record<string, string> = {};
  for (const path of runFiles(directory)) files[path] = sha256Hex(readBytes(join(directory, path)));
  const check = checkCommand(directory);
  writeFileAtomic(join(directory, receiptName), encodeReceipt({ receipt, check, files }));
}

/** Damage of the first listed file that is missing or differs from its hash; null if all listed files match. */
function damagedFile(directory: string, { files }: ReceiptFile): Damage | null {
  const advice = 'restore it from a copy, or remove receipt.json to use the run without this check';
  for (const [file, hash] of Object.entries(files)) {
    const path = join(directory, file);
    if (!existsSync(path)) return { file, message: `${path} is missing, but receipt.json lists it; ${advice}` };
    if (sha256Hex(readBytes(path)) !== hash) {
      return {
        file,
        message: `${path} does not match its hash in receipt.json; the file is damaged or was changed; ${advice}`,
      };
    }
  }
  return null;
}

/** Reads the receipt in a file, or returns its damage. */
export function readReceiptFile(path: string): ReceiptFile | { readonly damage: Damage } {
  const read = parseReceipt(readText(path));
  if (!('flaw' in read)) return read;
  const message = `${path} ${read.flaw}; the file is damaged or was changed; restore it from a copy`;
  return { damage: { file: basename(path), message } };
}

/**
 * The receipt of a run's folder, or the first damage to it or to a file that it lists; null before the run has
 * finished.
 */
export function readRunReceipt(directory: string): ReceiptFile | { readonly damage: Damage } | null {
  const path = join(directory, receiptName);
  if (!existsSync(path)) return null;
  const read = readReceiptFile(path);
  const damage = 'damage' in read ? read.damage : damagedFile(directory, read);
  return damage ? { damage } : read;
}
