import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ensureWritableDirectory,
  openJsonLines,
  readJson,
  readJsonLines,
  readText,
  requireWritableDirectory,
  requireWritableFile,
  writeFileAtomic,
} from '../../src/record/files.node.ts';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'unbraid-files-'));
  path = join(directory, 'file');
});

afterEach(() => rmSync(directory, { recursive: true }));

/** A disk with `room` free bytes: writes a part of the data, then fails with the error of the system. */
function diskWithRoom(room: number): (file: number, bytes: Uint8Array) => number {
  let left = room;
  return (file, bytes) => {
    if (left === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    const taken = writeSync(file, bytes.subarray(0, Math.min(left, bytes.length)));
    left -= taken;
    return taken;
  };
}

describe('writeFileAtomic', () => {
  test('writes text and bytes, replaces what was there and leaves no other file', () => {
    writeFileAtomic(path, 'first é');
    expect(readText(path)).toBe('first é');
    writeFileAtomic(path, new Uint8Array([1, 2, 255]));
    expect([...readFileSync(path)]).toEqual([1, 2, 255]);
    expect(readdirSync(directory)).toEqual(['file']);
  });

  test('continues after a write that took only a part', () => {
    writeFileAtomic(path, 'abcdefg', { write: (file, bytes) => writeSync(file, bytes.subarray(0, 2)) });
    expect(readText(path)).toBe('abcdefg');
  });

  test('on a full disk keeps the old content, removes the temporary file and names the next step', () => {
    writeFileAtomic(path, 'old');
    expect(() => writeFileAtomic(path, 'newer', { write: diskWithRoom(3) })).toThrow(
      new Error(`cannot write ${path}: ENOSPC; the disk is full; free some space and try again`),
    );
    expect(readText(path)).toBe('old');
    expect(readdirSync(directory)).toEqual(['file']);
  });

  test.skipIf(!existsSync('/dev/full'))("keeps the old content on the system's own full device", () => {
    writeFileAtomic(path, 'old');
    const full = openSync('/dev/full', 'w');
    expect(() => writeFileAtomic(path, 'new', { write: (_, bytes) => writeSync(full, bytes) })).toThrow(
      new Error(`cannot write ${path}: ENOSPC; the disk is full; free some space and try again`),
    );
    expect(readText(path)).toBe('old');
  });

  test('a folder that is missing', () => {
    const missing = join(directory, 'no', 'file');
    expect(() => writeFileAtomic(missing, 'x')).toThrow(new Error(`cannot write ${missing}: ENOENT; check the path`));
  });
});

describe('folders and reading', () => {
  test('ensureWritableDirectory makes parents and rejects a path through a file', () => {
    const deep = join(directory, 'a', 'b');
    ensureWritableDirectory(deep);
    expect(existsSync(deep)).toBe(true);
    writeFileSync(path, 'x');
    expect(() => ensureWritableDirectory(join(path, 'sub'))).toThrow(
      new Error(`cannot write in ${join(path, 'sub')}: ENOTDIR; a part of the path is a file; choose another path`),
    );
    expect(() => ensureWritableDirectory(path)).toThrow(
      new Error(`cannot write in ${path}: EEXIST; a file of that name is in the way; choose another path`),
    );
  });

  test('reading what is missing, a folder, or no JSON', () => {
    expect(() => readText(path)).toThrow(new Error(`cannot read ${path}: ENOENT; check the path`));
    expect(() => readText(directory)).toThrow(
      new Error(`cannot read ${directory}: EISDIR; it is a folder; name a file`),
    );
    writeFileSync(path, '{"a":');
    expect(() => readJson(path)).toThrow(`cannot read ${path}: it is not JSON (`);
  });
});

describe('JSON lines', () => {
  test('appended lines are read back, also after closing and opening again', () => {
    const first = openJsonLines(path);
    first.append({ iteration: 1 });
    first.flush();
    expect(readJsonLines(path)).toEqual([{ iteration: 1 }]);
    first.close();
    const second = openJsonLines(path);
    second.append({ iteration: 2, text: 'é\n' });
    second.close();
    expect(readJsonLines(path)).toEqual([{ iteration: 1 }, { iteration: 2, text: 'é\n' }]);
  });

  test('a flush that fails names the file', () => {
    const writer = openJsonLines(path);
    writer.close();
    expect(() => writer.flush()).toThrow(new Error(`cannot write ${path}: EBADF; see the system message`));
  });

  test('a torn last line is ignored by reading and cut off by opening', () => {
    writeFileSync(path, '{"iteration":1}\n{"iteration":2}\n{"itera');
    expect(readJsonLines(path)).toEqual([{ iteration: 1 }, { iteration: 2 }]);
    openJsonLines(path).close();
    expect(readText(path)).toBe('{"iteration":1}\n{"iteration":2}\n');
  });

  test('keepLines drops the lines after it', () => {
    for (const [keepLines, kept] of [
      [0, ''],
      [1, '{"iteration":1}\n'],
      [9, '{"iteration":1}\n{"iteration":2}\n'],
    ] as const) {
      writeFileSync(path, '{"iteration":1}\n{"iteration":2}\n{"itera');
      openJsonLines(path, { keepLines }).close();
      expect(readText(path)).toBe(kept);
    }
  });

  test('a corrupt line in the middle is rejected by number', () => {
    writeFileSync(path, '{"iteration":1}\n{"iteration":\n{"iteration":3}\n');
    expect(() => readJsonLines(path)).toThrow(
      new Error(`cannot read ${path}: line 2 is not a JSON object: "{\\"iteration\\":"; remove the line or the file`),
    );
    writeFileSync(path, `{"iteration":1}\n[${'1,'.repeat(40)}1]\n`);
    expect(() => readJsonLines(path)).toThrow(
      new Error(
        `cannot read ${path}: line 2 is not a JSON object: "[${'1,'.repeat(19)}1..."; remove the line or the file`,
      ),
    );
  });

  test('on a full disk no half line stays, and the file continues when there is room again', () => {
    openJsonLines(path).close();
    let room = diskWithRoom(20);
    const lines = openJsonLines(path, { write: (file, bytes) => room(file, bytes) });
    lines.append({ iteration: 1 });
    expect(() => lines.append({ iteration: 2 })).toThrow(
      new Error(`cannot write ${path}: ENOSPC; the disk is full; free some space and try again`),
    );
    expect(readText(path)).toBe('{"iteration":1}\n');
    room = diskWithRoom(100);
    lines.append({ iteration: 3 });
    lines.close();
    expect(readJsonLines(path)).toEqual([{ iteration: 1 }, { iteration: 3 }]);
  });

  test('opening in a missing folder', () => {
    mkdirSync(path);
    expect(() => openJsonLines(path)).toThrow(new Error(`cannot write ${path}: EISDIR; it is a folder; name a file`));
  });
});

describe('what is to be written is checked, and no file is created', () => {
  test('a folder that is there, or can be made', () => {
    requireWritableDirectory(directory);
    requireWritableDirectory(join(directory, 'a', 'b'));
    expect(readdirSync(directory)).toEqual([]);
  });

  test('a file in the way, a link to nowhere', () => {
    writeFileSync(path, '');
    const advice = 'ENOTDIR; a part of the path is a file; choose another path';
    for (const folder of [path, join(path, 'a'), join(path, 'a', 'b')]) {
      expect(() => requireWritableDirectory(folder)).toThrow(new Error(`cannot write in ${folder}: ${advice}`));
    }
    const link = join(directory, 'link');
    symlinkSync(join(directory, 'nowhere'), link);
    expect(() => requireWritableDirectory(join(link, 'a'))).toThrow(`cannot write in ${join(link, 'a')}: ENOENT;`);
  });

  test('a file: its folder must be there, and it must be none itself; what is in it stays', () => {
    requireWritableFile(path);
    expect(readdirSync(directory)).toEqual([]);
    writeFileSync(path, 'text');
    requireWritableFile(path);
    expect(readFileSync(path, 'utf8')).toBe('text');
    const missing = join(directory, 'a', 'b');
    expect(() => requireWritableFile(missing)).toThrow(new Error(`cannot write ${missing}: ENOENT; check the path`));
    expect(() => requireWritableFile(directory)).toThrow(
      new Error(`cannot write ${directory}: EISDIR; it is a folder; name a file`),
    );
    expect(readdirSync(directory)).toEqual(['file']);
  });
});
