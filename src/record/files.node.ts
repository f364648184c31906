/** Files that survive a crash or a full disk: what was there stays readable until what replaces it is complete. */
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

/** Writes bytes at the file's present position and returns how many were taken; `fs.writeSync` unless a test fills the disk. */
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

/** Does `work` on the file or folder at `path`; what the file system refuses becomes an error that names the path and the next step. */
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

/** Makes a rename in `directory` outlive a power cut. Windows cannot open folders and needs no such call. */
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
 * Writes a whole file or leaves the old one: the content goes to a temporary file in the same folder, to the disk, then takes the name.
 *
 * @throws Error naming the path and the next step; the temporary file is removed and the old content stays
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

/** Creates `directory` and its parents where missing and makes sure that files can be written in it. */
export function ensureWritableDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw fileError('write in', directory, error);
  }
}

/** Throws unless `directory` can be written in, or made and then written in. Makes nothing. */
export function requireWritableDirectory(directory: string): void {
  try {
    let at = resolve(directory);
    // A link to nothing is there, and in the way.
    while (lstatSync(at, { throwIfNoEntry: false }) === undefined) at = dirname(at);
    if (!statSync(at).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    accessSync(at, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw fileError('write in', directory, error);
  }
}

/** Throws unless a file can be written at `path` in a folder that is there. Makes nothing. */
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
 * The content of a regular file. A link to an endless device, or a pipe that nobody writes to, is rejected instead of read.
 *
 * @param options.pipes accept other kinds of files: for a path that the user typed
 */
export function readBytes(path: string, options: { pipes?: boolean } = {}): Uint8Array {
  let file: number | null = null;
  try {
    // Without this flag, opening a named pipe waits for its writer.
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

/** The most bytes of a text file: less than the longest string of V8. */
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
 * Records of a JSON-lines file. A last line without its newline is the trace of a crash and is left out.
 *
 * @throws Error naming the line that is no JSON object
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
  /** Adds one whole line; if that fails, the file is as it was before. */
  append(record: JsonRecord): void;
  /** Puts all lines on the disk, so that they outlive a power cut. */
  flush(): void;
  close(): void;
}

/**
 * Opens a JSON-lines file for appending, creating it where missing. A torn last line is cut off.
 *
 * @param options.keepLines keep only this many lines, for a run that goes on from an earlier checkpoint
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
        // Half a line in the middle of the file would make all later lines unreadable.
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
