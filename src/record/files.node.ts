/**
 * Writes files so that a crash or a full disk cannot lose data: the old content stays readable until its replacement is
 * complete.
 */
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseJson } from '../check/parseJson.ts';
import { type JsonRecord, jsonLine, lineEnds } from './json.ts';

/**
 * Writes bytes at the current position of the file and returns the number of bytes written. `fs.writeSync`, except in
 * tests that simulate a full disk.
 */
export type WriteBytes = (file: number, bytes: Uint8Array) => number;

const nextSteps: Readonly<Record<string, string>> = {
  ENOENT: 'check the path',
  ENOTDIR: 'a part of the path is a file; choose another path',
  EISDIR: 'it is a folder; name a file',
  EEXIST: 'a file of that name is in the way; choose another path',
  EACCES: 'allow it for your user or choose another path',
  EPERM: 'allow it for your user or choose another path',
  EROFS: 'the disk is read-only; choose another path',
  ERR_FS_FILE_TOO_LARGE: 'a file of a run has at most 2 GiB; check the path',
  ENOSPC: 'the disk is full; free some space and try again',
  EDQUOT: 'your disk quota is used up; free some space and try again',
};

function fileError(action: string, path: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const step = nextSteps[code] ?? (code === '' ? 'check the path' : 'see the system message');
  const reason = code || (error as Error).message;
  return new Error(`cannot ${action} ${path}: ${reason}; ${step}`, { cause: error });
}

/**
 * Calls `work` for the file or folder at `path`. Converts an error of the file system into an Error with the path and
 * the next step.
 */
export function onPath<T>(action: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === undefined ? error : fileError(action, path, error);
  }
}

function writeAll(file: number, bytes: Uint8Array, write: WriteBytes): void {
  for (let done = 0; done < bytes.length; ) done += write(file, bytes.subarray(done));
}

/**
 * Flushes a rename in `directory` to the disk, so that it survives a power cut. Windows cannot open folders and does
 * not need this call.
 */
export function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const file = openSync(directory, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function asBytes(content: Uint8Array | string): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : content;
}

/**
 * Replaces a file atomically: writes the content to a temporary file in the same folder, flushes it to the disk, then
 * renames it.
 *
 * @throws Error that names the path and the next step; the temporary file is then removed and the old content is
 *   unchanged
 */
export function writeFileAtomic(
  path: string,
  content: Uint8Array | string,
  options: { write?: WriteBytes } = {},
): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = openSync(temporary, 'w');
    try {
      writeAll(file, asBytes(content), options.write ?? writeSync);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncDirectory(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fileError('write', path, error);
  }
}

/** Creates `directory` and its parents if they are missing, and checks that files can be written in it. */
export function ensureWritableDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw fileError('write in', directory, error);
  }
}

/** Throws unless `directory` is writable, or can be created and is then writable. Creates nothing. */
export function requireWritableDirectory(directory: string): void {
  try {
    let at = resolve(directory);
    // A dangling link exists as an entry and blocks the creation of a folder of this name.
    while (lstatSync(at, { throwIfNoEntry: false }) === undefined) at = dirname(at);
    if (!statSync(at).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    accessSync(at, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw fileError('write in', directory, error);
  }
}

/** Throws unless a file can be written at `path` in an existing folder. Creates nothing. */
export function requireWritableFile(path: string): void {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    const folder = dirname(resolve(path));
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw fileError('write', path, error);
  }
}

/**
 * Reads a regular file. Rejects a link to an endless device and a pipe without a writer, because reading them would
 * never end.
 *
 * @param options.pipes also accept pipes and devices: for a path that the user typed
 */
export function readBytes(path: string, options: { pipes?: boolean } = {}): Uint8Array {
  let file: number | null = null;
  try {
    // Without this flag, opening a named pipe blocks until a writer opens it.
    file = openSync(path, options.pipes ? constants.O_RDONLY : constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stat = fstatSync(file);
    if (stat.isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
    if (!options.pipes && !stat.isFile()) throw new Error('it is not a regular file');
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw fileError('read', path, error);
  } finally {
    if (file !== null) closeSync(file);
  }
}

/** Largest size of a text file in bytes: below the longest string of V8. */
const maxTextBytes = 0x1000_0000;

export function readText(path: string, options: { pipes?: boolean } = {}): string {
  const bytes = readBytes(path, options);
  if (bytes.length > maxTextBytes) {
    throw new Error(
      `cannot read ${path}: it must have at most ${maxTextBytes} bytes, got ${bytes.length}; check the path`,
    );
  }
  return new TextDecoder().decode(bytes);
}

/** The parsed content of a JSON file. */
export function readJson(path: string, options: { pipes?: boolean } = {}): unknown {
  const text = readText(path, options);
  try {
    return parseJson(text);
  } catch (error) {
    throw new Error(`cannot read ${path}: it is not JSON (${(error as Error).message}); the file is damaged`);
  }
}

/**
 * Reads the records of a JSON-lines file. A last line without a newline is left by a crash and is skipped.
 *
 * @throws Error that names the line that is not a JSON object
 */
export function readJsonLines(path: string): JsonRecord[] {
  const bytes = readBytes(path);
  const records: JsonRecord[] = [];
  let start = 0;
  for (const [i, end] of lineEnds(bytes).entries()) {
    const line = new TextDecoder().decode(bytes.subarray(start, end - 1));
    start = end;
    let record: unknown;
    try {
      record = parseJson(line);
    } catch {
      record = null;
    }
    if (typeof record !== 'object' || record === null || Array.isArray(record)) {
      const shown = JSON.stringify(line.length > 40 ? `${line.slice(0, 40)}...` : line);
      throw new Error(`cannot read ${path}: line ${i + 1} is not a JSON object: ${shown}; remove the line or the file`);
    }
    records.push(record as JsonRecord);
  }
  return records;
}

export interface JsonLinesWriter {
  /** Appends one complete line. If that fails, the file is unchanged. */
  append(record: JsonRecord): void;
  /** Flushes all lines to the disk, so that they survive a power cut. */
  flush(): void;
  close(): void;
}

/**
 * Opens a JSON-lines file for appending and creates it if it is missing. An incomplete last line is removed.
 *
 * @param options.keepLines keep only this number of lines: for a run that is resumed from an earlier checkpoint
 */
export function openJsonLines(path: string, options: { keepLines?: number; write?: WriteBytes } = {}): JsonLinesWriter {
  let file: number;
  let length = 0;
  try {
    file = openSync(path, 'a+');
    const ends = lineEnds(readFileSync(file));
    const kept = Math.min(options.keepLines ?? ends.length, ends.length);
    length = kept === 0 ? 0 : ends[kept - 1];
    ftruncateSync(file, length);
  } catch (error) {
    throw fileError('write', path, error);
  }
  return {
    append(record) {
      const bytes = asBytes(jsonLine(record));
      try {
        writeAll(file, bytes, options.write ?? writeSync);
      } catch (error) {
        // Half a line in the middle of the file would make the file unreadable.
        ftruncateSync(file, length);
        throw fileError('write', path, error);
      }
      length += bytes.length;
    },
    flush() {
      try {
        fsyncSync(file);
      } catch (error) {
        throw fileError('write', path, error);
      }
    },
    close: () => closeSync(file),
  };
}
