/** Stores a run that a worker of a queue has trained in the folder that a local run would have. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readFolderClaim } from '../../record/claim.node.ts';
import { ensureWritableDirectory, onPath, readJson, syncDirectory, writeFileAtomic } from '../../record/files.node.ts';
import { folderEntries } from '../../record/folder.node.ts';
import { encodeJson, type JsonRecord } from '../../record/json.ts';
import { couplingEndName, couplingName, couplingStartName, receiptName, resultName } from '../../record/names.ts';
import { checkCommand, encodeReceipt, type ReceiptFile } from '../../record/receiptFile.ts';
import { openRun } from '../../record/run.node.ts';
import { textSha256 } from '../../record/sha256.ts';
import { requireNoWriter } from '../../record/writerLock.node.ts';
import { type RunFiles, runReceipt, unpackRun } from '../../study/trained/runFolderJob.ts';
import { RefusedResult } from '../study/executor.ts';
import { readRun } from './runRecords.ts';

function writeFiles(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
  for (const [path, bytes] of files) {
    const at = join(folder, path);
    ensureWritableDirectory(dirname(at));
    writeFileAtomic(at, bytes);
  }
}

/** @throws RefusedResult if the files contradict each other, or one of them is not written as a run writes it */
function checkArrived(folder: string): void {
  let reason: string | null = null;
  try {
    const claim = readFolderClaim(folder);
    if ('damage' in claim) reason = claim.damage.message;
    else if (openRun(folder).receipt === null) reason = `${folder} has no ${receiptName}`;
    else readRun(folder);
  } catch (error) {
    reason = (error as Error).message;
  }
  if (reason !== null) throw new RefusedResult(reason);
}

/** Writes the records that name the folder of their run again, with its name on this machine. */
function nameFolder(arrived: string, directory: string, received: ReceiptFile): void {
  const files: Record<string, string> = { ...received.files };
  for (const name of [couplingStartName, couplingEndName]) {
    const path = join(arrived, name);
    if (!existsSync(path)) continue;
    const record = { ...(readJson(path) as JsonRecord), run: basename(directory) };
    const text = `${encodeJson(record, name, 2)}\n`;
    writeFileAtomic(path, text);
    files[name] = textSha256(text);
  }
  const receipt = encodeReceipt({ ...received, check: checkCommand(directory), files });
  writeFileAtomic(join(arrived, receiptName), receipt);
}

/** Moves what the user or another command has added to a run from its old folder to its new one. */
function moveAdded(from: string, to: string): void {
  for (const { path, kind } of folderEntries(from)) {
    const isAdded = typeof kind === 'object' && ('foreign' in kind || /^\.|\.html$/.test(path));
    const target = join(to, path);
    if ((isAdded || path === couplingName) && !existsSync(target)) renameSync(join(from, path), target);
  }
}

/** Gives the folder its place. An unfinished run there is removed after that. */
function install(arrived: string, directory: string): void {
  if (!existsSync(directory)) {
    renameSync(arrived, directory);
    syncDirectory(dirname(directory));
    return;
  }
  // Another command can have finished the run meanwhile.
  if (existsSync(join(directory, resultName))) return;
  const aside = `${directory}.${process.pid}.old.tmp`;
  renameSync(directory, aside);
  renameSync(arrived, directory);
  syncDirectory(dirname(directory));
  moveAdded(aside, directory);
  rmSync(aside, { recursive: true });
}

/**
 * Stores the run in `directory`. A finished run there stays; an unfinished one stays until the new one is complete.
 *
 * @throws RefusedResult if the files contradict each other; Error if the folder cannot be written or another process
 *   writes it. The folder is then unchanged.
 */
export function storeRun(directory: string, result: RunFiles): void {
  requireNoWriter('compare', directory);
  const arrived = `${directory}.${process.pid}.tmp`;
  try {
    const files = unpackRun(result);
    rmSync(arrived, { recursive: true, force: true });
    writeFiles(arrived, files);
    checkArrived(arrived);
    nameFolder(arrived, directory, runReceipt(files));
    onPath('write', directory, () => install(arrived, directory));
  } finally {
    rmSync(arrived, { recursive: true, force: true });
  }
}
