/** What lies in a run's folder: the files of the run, files that no replay can check, and files that belong to no run. */
import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isCheckpointName } from './layout.node.ts';
import {
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

/** A file, or something else with a name, in a run's folder. */
export interface FolderEntry {
  /** Path from the run's folder, with `/` between its parts. */
  readonly path: string;
  /** `run`: a file whose content a replay checks. Otherwise why it is not checked, or why it must not be there. */
  readonly kind: 'run' | { readonly notChecked: string } | { readonly foreign: string };
}

const runNames: ReadonlySet<string> = new Set([
  ...[configName, metricsName, latestName, resultName, receiptName],
  ...[couplingStartName, couplingEndName, couplingName],
]);

const checkpointNames: ReadonlySet<string> = new Set([
  ...['parameters.safetensors', 'state.safetensors', 'state.json', 'tokenizer.json', 'manifest.json'],
]);

/** An interrupted write of a whole file: the name it was meant for, the process, `.tmp`. */
const temporaryPattern = /^(.+)\.\d+\.tmp$/;

const foreign: FolderEntry['kind'] = { foreign: 'no run writes it; move it out of the folder' };
const misplaced: FolderEntry['kind'] = { foreign: 'it must be a regular file; restore it from a copy' };
const link: FolderEntry['kind'] = { foreign: 'it is not a regular file; replace it by the file that it stands for' };
const temporary: FolderEntry['kind'] = { notChecked: 'left by an interrupted write' };

function isPage(name: string): boolean {
  return name.endsWith('.html');
}

/** Whether a name in a run's folder is that of an interrupted write of the run or of its page. */
export function isInterruptedWrite(name: string): boolean {
  const target = temporaryPattern.exec(name)?.[1];
  return target !== undefined && (runNames.has(target) || isPage(target));
}

/** Whether a name in the folder of checkpoints is that of a checkpoint whose writing or removal was interrupted. */
export function isInterruptedCheckpoint(name: string): boolean {
  return /^\d{6,}(\.old)?\.tmp$/.test(name);
}

function kindInRoot(name: string): FolderEntry['kind'] {
  if (runNames.has(name)) return 'run';
  if (isPage(name)) return { notChecked: 'a page drawn from records' };
  if (isLockName(name)) return { notChecked: 'names a process that writes or wrote the run' };
  if (isInterruptedWrite(name) || isLockName(temporaryPattern.exec(name)?.[1] ?? '')) return temporary;
  return foreign;
}

function kindInCheckpoint(folder: string, name: string): FolderEntry['kind'] {
  if (folder.endsWith('.tmp')) return temporary;
  return checkpointNames.has(name) ? 'run' : foreign;
}

/** Adds what lies in the folder `path` to `entries`; `kindOf` gives the kind of each name. */
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
    // Tools of the operating system and of editors leave such files; no reader takes them for a result.
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

/** All entries of a run's folder, files of folders included, in alphabetical order within each folder. */
export function folderEntries(directory: string): FolderEntry[] {
  const entries: FolderEntry[] = [];
  list(directory, '', (name) => (name === checkpointsName ? 'folder' : kindInRoot(name)), entries);
  return entries;
}

/** Throws if something that is no file has the name of one of the run's files: a run that continues would fail when it reads or replaces it. */
export function requireRunFiles(directory: string): void {
  const found = folderEntries(directory).find(({ kind }) => kind === misplaced);
  if (found) throw new Error(`openRun: ${join(directory, found.path)} must be a regular file; restore it from a copy`);
}
