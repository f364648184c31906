/** Whether the files of a finished run are those that its receipt lists. */
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

/** A file that is not as the run wrote it. */
export interface Damage {
  /** Path from the run's folder, or `PATH#KEY` where one key of a file is meant. */
  readonly file: string;
  /** What is wrong with it and what to do. */
  readonly message: string;
}

/** What `read` returns, or the damage that its error reports. */
export function attempt<T>(file: string, read: () => T): { readonly value: T } | { readonly damage: Damage } {
  try {
    return { value: read() };
  } catch (error) {
    return { damage: { file, message: (error as Error).message } };
  }
}

/**
 * The object in a JSON file that the product has written.
 *
 * @param indent spaces per level with which the file is written
 * @throws Error if it is not JSON, no object, or its text is not the one that the product writes for this object: a key that comes twice, for
 *   example, has one value for a program and another one for a reader
 */
export function readWrittenJson(path: string, name: string, indent: number): JsonRecord {
  const record = readJson(path);
  if (!isJsonObject(record)) throw new Error(`cannot read ${path}: it is not a JSON object; the file is damaged`);
  if (`${encodeJson(record, name, indent)}\n` !== readText(path)) {
    throw new Error(`${path} is not written as a run writes it; the file was changed; restore it from a copy`);
  }
  return record as JsonRecord;
}

/** Paths of the files that belong to a run, its receipt left out; what other commands add is not among them. */
export function runFiles(directory: string): string[] {
  const single = [configName, metricsName, latestName, couplingStartName, couplingEndName, resultName];
  const inCheckpoints = listCheckpoints(directory).flatMap((iteration) =>
    readdirSync(checkpointFolder(directory, iteration))
      .sort()
      .map((file) => `checkpoints/${checkpointName(iteration)}/${file}`),
  );
  return [...single.filter((name) => existsSync(join(directory, name))), ...inCheckpoints];
}

/** Writes receipt.json: the receipt and the hashes of all files of the run that are there. */
export function writeReceipt(directory: string, receipt: Receipt): void {
  const files: Record<string, string> = {};
  for (const path of runFiles(directory)) files[path] = sha256Hex(readBytes(join(directory, path)));
  const check = checkCommand(directory);
  writeFileAtomic(join(directory, receiptName), encodeReceipt({ receipt, check, files }));
}

/** The first file that the receipt lists and the folder does not hold as listed; null if all are there, unchanged. */
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

/** The receipt in a file, or the damage to it. */
export function readReceiptFile(path: string): ReceiptFile | { readonly damage: Damage } {
  const read = parseReceipt(readText(path));
  if (!('flaw' in read)) return read;
  const message = `${path} ${read.flaw}; the file is damaged or was changed; restore it from a copy`;
  return { damage: { file: basename(path), message } };
}

/** The receipt of a run's folder, or the first damage to it or to a file that it lists; null before the run has ended. */
export function readRunReceipt(directory: string): ReceiptFile | { readonly damage: Damage } | null {
  const path = join(directory, receiptName);
  if (!existsSync(path)) return null;
  const read = readReceiptFile(path);
  const damage = 'damage' in read ? read.damage : damagedFile(directory, read);
  return damage ? { damage } : read;
}
