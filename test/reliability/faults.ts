/**
 * Preloaded into a process (`node --import`). At one of its file operations in a folder, it kills the process, fills
 * the disk, or sends a signal. The variable UNBRAID_FAULT contains the fault as JSON. It replaces Node's file
 * functions, so the product needs no hook for it.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { isMainThread } from 'node:worker_threads';

export interface Fault {
  /** Operations on paths that begin with this one count. */
  readonly folder: string;
  /**
   * Action at operation `at`, counted from 1. `kill within` leaves half of the bytes written or half of a folder
   * removed.
   */
  readonly how: 'nothing' | 'kill before' | 'kill within' | 'full disk' | 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGSTOP';
  readonly at: number;
  /** File for the counts, written at a normal exit; null before a process stops itself. */
  readonly report: string;
}

export interface FaultReport {
  /** The functions called, in order. */
  readonly operations: readonly string[];
  readonly maxRssKb: number;
}

/** A function of node:fs, of which only the first arguments matter here. */
type Operation = (...given: never[]) => unknown;

const original = { ...fs };

/** Removes the first half of a folder's entries, or the path itself if it is a file. */
function removeHalf(path: string): void {
  if (!original.existsSync(path)) return;
  const folder = original.statSync(path).isDirectory();
  if (!folder) original.rmSync(path);
  const names = folder ? original.readdirSync(path).sort() : [];
  for (const name of names.slice(0, Math.ceil(names.length / 2))) {
    original.rmSync(join(path, name), { recursive: true });
  }
}

/** Creates the uppermost missing folder of `path`. */
function makeOne(path: string): void {
  let missing = resolve(path);
  while (!original.existsSync(dirname(missing))) missing = dirname(missing);
  original.mkdirSync(missing);
}

function half(bytes: Uint8Array | string): Uint8Array {
  const all = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
  return all.subarray(0, all.length >> 1);
}

function noSpace(): Error {
  return Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', errno: -28 });
}

function install({ folder, how, at, report }: Fault): void {
  const operations: string[] = [];
  let full = false;
  const inFolder = new Set<number>();
  const concerns = (target: unknown): boolean =>
    typeof target === 'number' ? inFolder.has(target) : resolve(String(target)).startsWith(folder);
  const kill = (): void => void process.kill(process.pid, 'SIGKILL');

  /** Replaces a function. `within` does half of its work; `takesSpace` is true if it fails on a full disk. */
  function replace(name: string, within: Operation | null, takesSpace: boolean, counts?: Operation): void {
    const functions = fs as unknown as Record<string, Operation>;
    const real = functions[name];
    const replacement = (...given: never[]): unknown => {
      if (!concerns(given[0]) || counts?.(...given) === false) return real(...given);
      operations.push(name);
      if (operations.length === at) {
        if (how === 'kill before') kill();
        if (how === 'kill within') {
          (within ?? real)(...given);
          kill();
        }
        // The process that waits for the stop polls for this file.
        if (how === 'SIGSTOP') original.writeFileSync(report, 'null');
        if (how.startsWith('SIG')) process.kill(process.pid, how as NodeJS.Signals);
        if (how === 'full disk') {
          full = true;
          // Write the part that still fits.
          if (name === 'writeSync') return within?.(...given);
          if (name === 'fsyncSync') throw noSpace();
        }
      }
      if (full && takesSpace) throw noSpace();
      return real(...given);
    };
    functions[name] = replacement;
  }

  replace('mkdirSync', makeOne as Operation, true, (path: string) => !original.existsSync(path));
  replace('openSync', null, true, (_path: string, flags: string | number) => flags !== 'r' && flags !== undefined);
  replace('writeSync', ((file: number, bytes: Uint8Array) => original.writeSync(file, half(bytes))) as Operation, true);
  replace(
    'writeFileSync',
    ((path: string, bytes: Uint8Array, options: fs.WriteFileOptions) =>
      original.writeFileSync(path, half(bytes), options)) as Operation,
    true,
  );
  replace('rmSync', removeHalf as Operation, false, (path: string) => original.existsSync(path));
  for (const name of ['fsyncSync', 'ftruncateSync', 'renameSync', 'unlinkSync', 'rmdirSync'])
    replace(name, null, false);
  for (const name of ['linkSync', 'copyFileSync']) replace(name, null, true);

  // Which files are open in the folder.
  const { openSync, closeSync } = fs;
  fs.openSync = (path, ...rest) => {
    const file = openSync(path, ...rest);
    if (concerns(path)) inFolder.add(file);
    return file;
  };
  fs.closeSync = (file) => {
    inFolder.delete(file);
    closeSync(file);
  };
  syncBuiltinESMExports();
  process.on('exit', () => {
    const counted: FaultReport = { operations, maxRssKb: process.resourceUsage().maxRSS };
    original.writeFileSync(report, JSON.stringify(counted));
  });
}

if (isMainThread && process.env.UNBRAID_FAULT) install(JSON.parse(process.env.UNBRAID_FAULT) as Fault);
