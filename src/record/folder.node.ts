/** Classifies the entries of a run's folder: files of the run, files that a replay cannot check, and foreign files. */
import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointFileNames } from './checkpoint.ts';
import { isCheckpointName } from './layout.node.ts';
import {
  actionProbabilitiesName,
  actionProbabilitiesUnchecked,
  checkpointsName,
  configName,
  couplingEndName,
  couplingName,
  couplingStartName,
  latestName,
  metricsName,
  receiptName,
  resultName,
} from './names.ts';
import { isLockName } from './writerLock.node.ts';

/** An entry of a run's folder: a file, or something else that has a name. */
export interface FolderEntry {
  /** Path relative to the run's folder, with `/` between its parts. */
  readonly path: string;
  /**
   * `run`: a file whose content a replay checks. Otherwise the reason why it is not checked (`notChecked`) or must be
   * removed (`foreign`).
   */
  readonly kind: 'run' | { readonly notChecked: string } | { readonly foreign: string };
}

const runNames: ReadonlySet<string> = new Set([
  ...[configName, metricsName, latestName, resultName, receiptName],
  ...[couplingStartName, couplingEndName, couplingName],
]);

/** Name of a temporary file left by an interrupted write: name of the target file, process id, `.tmp`. */
const temporaryPattern = /^(.+)\.\d+\.tmp$/;

const foreign: FolderEntry['kind'] = { foreign: 'no run writes it; move it out of the folder' };
const misplaced: FolderEntry['kind'] = { foreign: 'it must be a regular file; restore it from a copy' };
const link: FolderEntry['kind'] = { foreign: 'it is not a regular file; replace it by the file that it links to' };
const temporary: FolderEntry['kind'] = { notChecked: 'left by an interrupted write' };

function isPage(name: string): boolean {
  return name.endsWith('.html');
}

/** Whether the name is that of a temporary file left by an interrupted write of the run or of its page. */
export function isInterruptedWrite(name: string): boolean {
  const target = temporaryPattern.exec(name)?.[1];
  return target !== undefined && (runNames.has(target) || target === actionProbabilitiesName || isPage(target));
}

/** Whether the name, in the folder of checkpoints, is that of a checkpoint whose write or removal was interrupted. */
export function isInterruptedCheckpoint(name: string): boolean {
  return /^\d{6,}(\.old)?\.tmp$/.test(name);
}

function kindInRoot(name: string): FolderEntry['kind'] {
  if (runNames.has(name)) return 'run';
  if (isPage(name)) return { notChecked: 'a page drawn from records' };
  if (name === actionProbabilitiesName) return { notChecked: actionProbabilitiesUnchecked };
  if (isLockName(name)) return { notChecked: 'names a process that writes or wrote the run' };
  if (isInterruptedWrite(name) || isLockName(temporaryPattern.exec(name)?.[1] ?? '')) return temporary;
  return foreign;
}

function kindInCheckpoint(folder: string, name: string): FolderEntry['kind'] {
  if (folder.endsWith('.tmp')) return temporary;
  return checkpointFileNames.has(name) ? 'run' : foreign;
}

/** Appends the entries of the folder `path` to `entries`; `kindOf` returns the kind of each name. */
function list(
  directory: string,
  path: string,
  kindOf: (name: string) => FolderEntry['kind'] | 'folder',
  entries: FolderEntry[],
): void {
  const byName = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : 1);
  const found = readdirSync(join(directory, path), { withFileTypes: true }).sort(byName);
  for (const entry of found) {
    const at = path === '' ? entry.name : `${path}/${entry.name}`;
    // Operating systems and editors create hidden files. No command reads them as results.
    if (entry.name.startsWith('.')) {
      entries.push({ path: at, kind: { notChecked: 'a hidden file' } });
      continue;
    }
    const kind = kindOf(entry.name);
    if (entry.isDirectory()) {
      if (kind !== 'folder') entries.push({ path: `${at}/`, kind: kind === 'run' ? misplaced : foreign });
      else if (path === '') listCheckpoints(directory, at, entries);
      else list(directory, at, (name) => kindInCheckpoint(entry.name, name), entries);
    } else if (kind === 'folder') entries.push({ path: at, kind: foreign });
    else if (entry.isFile()) entries.push({ path: at, kind });
    else entries.push({ path: at, kind: kind === 'run' && !entry.isSymbolicLink() ? misplaced : link });
  }
}

function listCheckpoints(directory: string, path: string, entries: FolderEntry[]): void {
  const isCheckpoint = (name: string): boolean => isCheckpointName(name) || isInterruptedCheckpoint(name);
  list(directory, path, (name) => (isCheckpoint(name) ? 'folder' : foreign), entries);
}

/** All entries of a run's folder, including those of its subfolders, in alphabetical order within each folder. */
export function folderEntries(directory: string): FolderEntry[] {
  const entries: FolderEntry[] = [];
  list(directory, '', (name) => (name === checkpointsName ? 'folder' : kindInRoot(name)), entries);
  return entries;
}

/**
 * Throws if a folder, link or device has the name of one of the run's files: a resumed run would fail when it reads or
 * replaces that file.
 */
export function requireRunFiles(directory: string): void {
  const found = folderEntries(directory).find(({ kind }) => kind === misplaced);
  if (found) throw new Error(`openRun: ${join(directory, found.path)} must be a regular file; restore it from a copy`);
}
