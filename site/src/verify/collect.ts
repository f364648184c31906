/** Sorts what a visitor dropped into items: receipts, zips and the folders of runs. Only names are read here. */
import type { ItemFiles } from './worker.ts';

/** A file with its path from what was dropped: `a/b/receipt.json`, or `receipt.json` alone. */
export interface Given {
  readonly path: string;
  readonly file: File;
}

export interface Source {
  readonly name: string;
  readonly files: ItemFiles;
}

export interface Sorted {
  readonly sources: readonly Source[];
  /** Paths that belong to no item. */
  readonly ignored: readonly string[];
  /** A bound that was reached, in a sentence; null if none. */
  readonly problem: string | null;
}

const limits = { files: 5000, depth: 12, items: 50 } as const;

const tooMany = `The folder holds more than ${limits.files} files, so that it was not read. Drop the folder of one run.`;

/** Files that belong to a run. They say nothing without their folder. */
const partOfRun =
  /^(config\.json|metrics\.jsonl|latest\.json|result\.json|coupling-(start|end)\.json|manifest\.json|state\.json|.*\.safetensors)$/;

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** A folder with a config.json is a run with all files below it. Of the others, receipts and zips are items. */
export function sortFiles(given: readonly Given[]): Sorted {
  if (given.length > limits.files) return { sources: [], ignored: [], problem: tooMany };
  const runs = [
    ...new Set(
      given
        .filter(({ path }) => path.includes('/') && nameOf(path) === 'config.json')
        .map(({ path }) => folderOf(path)),
    ),
  ].sort();
  const ofRun = new Map<string, [string, File][]>(runs.map((folder) => [folder, []]));
  const sources: Source[] = [];
  const ignored: string[] = [];
  for (const { path, file } of given) {
    const folder = runs.find((of) => path.startsWith(of));
    if (folder !== undefined) ofRun.get(folder)?.push([path.slice(folder.length), file]);
    else if (path.includes('/') ? /(^receipt.*\.json|\.zip)$/.test(nameOf(path)) : !partOfRun.test(path)) {
      sources.push({ name: path, files: [['', file]] });
    } else ignored.push(path);
  }
  for (const [folder, files] of ofRun) if (files.length > 0) sources.push({ name: folder, files });
  const problem =
    sources.length > limits.items
      ? `Only the first ${limits.items} of ${sources.length} items were read. Remove some, then drop the others.`
      : null;
  return { sources: sources.slice(0, limits.items), ignored, problem };
}

const entriesOf = (folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> =>
  new Promise((resolve, reject) => {
    const reader = folder.createReader();
    const all: FileSystemEntry[] = [];
    // One call returns at most 100 entries.
    const next = (): void =>
      reader.readEntries((entries) => {
        all.push(...entries);
        if (entries.length === 0 || all.length > limits.files) resolve(all);
        else next();
      }, reject);
    next();
  });

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject));

/** The files of a drop, with those in folders. Must be called in the handler of the drop. */
export async function filesOfDrop(items: DataTransferItemList): Promise<Given[]> {
  const waiting = [...items].flatMap((item) => {
    const entry = item.kind === 'file' ? item.webkitGetAsEntry() : null;
    return entry ? [{ entry, path: entry.name, depth: 0 }] : [];
  });
  const given: Given[] = [];
  for (let next = waiting.shift(); next && given.length <= limits.files; next = waiting.shift()) {
    const { entry, path, depth } = next;
    if (entry.isFile) given.push({ path, file: await fileOf(entry as FileSystemFileEntry) });
    else if (depth < limits.depth) {
      for (const child of await entriesOf(entry as FileSystemDirectoryEntry)) {
        waiting.push({ entry: child, path: `${path}/${child.name}`, depth: depth + 1 });
      }
    }
  }
  return given;
}

/** The files of a file input. */
export function filesOfInput(files: FileList): Given[] {
  return [...files].slice(0, limits.files + 1).map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}
