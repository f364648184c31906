/**
 * Ensures that a run has one writer. Each writer creates a lock file with a name of its own in the run's folder. Two
 * writers therefore never remove or overwrite each other's lock, and any process can remove the lock of a process that
 * has ended.
 *
 * 1. A process writes its lock with `"held": false`, then lists the locks of other processes.
 * 2. It removes the locks of processes that have ended on this machine.
 * 3. If another process holds the run, or requests it under a smaller name, the process removes its own lock and gives
 *    up.
 * 4. If only larger names request the run, the process waits until they have given up. If there is no other lock, it
 *    writes `"held": true`.
 *
 * Of two processes, the one that writes its lock later sees the lock of the other, so two processes never hold the run
 * at the same time.
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { parseJson } from '../check/parseJson.ts';
import { readText, writeFileAtomic } from './files.node.ts';
import { encodeJson, isJsonObject } from './json.ts';

/** The process that writes a run. */
export interface Writer {
  readonly pid: number;
  readonly host: string;
  /** Time at which the process took the run, as ISO 8601; `just now` before it holds the run. */
  readonly start: string;
}

interface Announced extends Writer {
  /**
   * Start of the process in clock ticks since boot, from /proc. It detects that another process has the same pid later.
   * null without /proc.
   */
  readonly ticks: string | null;
  readonly held: boolean;
}

/** Thrown if another process writes the run. */
export class RunLockedError extends Error {}

export interface RunLock {
  /** Writers that ended without releasing the run. */
  readonly takenOver: readonly Writer[];
  release(): void;
}

const lockPattern = /^writer-[A-Za-z0-9.-]+-\d+-\d+\.lock$/;

/** Whether the name is that of a lock file. */
export function isLockName(name: string): boolean {
  return lockPattern.test(name);
}

/**
 * Start of a process in ticks, and whether it has ended but still exists as a zombie; null without /proc or without the
 * process.
 */
function processStat(pid: number): { readonly ticks: string; readonly ended: boolean } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program is in parentheses and can contain spaces and parentheses.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { ticks: fields[19], ended: fields[0] === 'Z' || fields[0] === 'X' };
  } catch {
    return null;
  }
}

function isAlive({ pid, host, ticks }: Announced): boolean {
  // A process on another machine cannot be looked up, so it counts as running.
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const stat = processStat(pid);
  return stat === null || (!stat.ended && (ticks === null || stat.ticks === ticks));
}

function readAnnounced(path: string): Announced | null {
  let content: unknown;
  try {
    content = parseJson(readText(path));
  } catch {
    return null;
  }
  if (!isJsonObject(content)) return null;
  const { pid, host, start, ticks, held } = content;
  const isWhole =
    Number.isSafeInteger(pid) &&
    (pid as number) > 0 &&
    typeof host === 'string' &&
    typeof start === 'string' &&
    (ticks === null || typeof ticks === 'string');
  return isWhole ? ({ pid, host, start, ticks, held: held === true } as Announced) : null;
}

interface Others {
  readonly alive: readonly (Announced & { readonly name: string })[];
  readonly ended: readonly (Announced & { readonly name: string })[];
}

/** The writers whose locks are in a folder, without `own`. */
function othersIn(directory: string, own: string | null): Others {
  const alive: (Announced & { name: string })[] = [];
  const ended: (Announced & { name: string })[] = [];
  for (const name of readdirSync(directory).sort()) {
    if (!isLockName(name) || name === own) continue;
    const path = join(directory, name);
    const announced = readAnnounced(path);
    if (announced !== null) (isAlive(announced) ? alive : ended).push({ ...announced, name });
    else if (existsSync(path)) {
      // Locks are renamed into place when they are complete, so this one was damaged later. Its name still contains the
      // process.
      const [, host, pid] = /^writer-(.+)-(\d+)-\d+\.lock$/.exec(name) as unknown as [string, string, string];
      const named = { pid: Number(pid), host, start: 'an unknown time', ticks: null, held: true, name };
      (isAlive({ ...named, host: host === hostPart() ? hostname() : host }) ? alive : ended).push(named);
    }
  }
  return { alive, ended };
}

/** The host name, limited to characters that a file name can contain. */
function hostPart(): string {
  return hostname().replaceAll(/[^A-Za-z0-9.-]/g, '-') || 'host';
}

function lockedError(
  caller: string,
  directory: string,
  { pid, host, start, name }: Announced & { name: string },
): Error {
  const way =
    host === hostname()
      ? 'wait until it ends, or interrupt it and resume the run'
      : `wait until it ends; if it has ended, remove ${join(directory, name)}`;
  return new RunLockedError(
    `${caller}: ${directory} must have one writer, but process ${pid} on ${host} writes it (since ${start}); ${way}`,
  );
}

/**
 * Throws a RunLockedError if a running process writes the run.
 *
 * @param options.here consider only processes of this machine: a folder copied from another machine contains the lock
 *   of a process that cannot be looked up, and may be read
 */
export function requireNoWriter(caller: string, directory: string, options: { here?: boolean } = {}): void {
  if (!existsSync(directory)) return;
  const other = othersIn(directory, null).alive.find(({ host }) => !options.here || host === hostname());
  if (other) throw lockedError(caller, directory, other);
}

const waitMs = 5;
/** A process that requests a run holds it or gives up within milliseconds, unless the process is stopped. */
const maxWaits = 2000;

/**
 * Takes the run in `directory`, which must exist, for this thread.
 *
 * @throws RunLockedError if another process or thread writes the run
 */
export function lockRun(caller: string, directory: string): RunLock {
  const name = `writer-${hostPart()}-${process.pid}-${threadId}.lock`;
  const path = join(directory, name);
  const announce = (held: boolean): void => {
    const ticks = processStat(process.pid)?.ticks ?? null;
    // The time at which the lock was written, by the clock of the file system.
    const start = held ? statSync(path).mtime.toISOString() : 'just now';
    const content = { pid: process.pid, host: hostname(), start, ticks, held };
    writeFileAtomic(path, `${encodeJson(content, name)}\n`);
  };
  const own = existsSync(path) ? readAnnounced(path) : null;
  if (own !== null && isAlive(own)) throw lockedError(caller, directory, { ...own, name });
  const takenOver: Writer[] = own === null ? [] : [own];
  announce(false);
  try {
    for (let waits = 0; ; waits++) {
      const { alive, ended } = othersIn(directory, name);
      for (const { name: endedName, pid, host, start: since, held } of ended) {
        rmSync(join(directory, endedName), { force: true });
        if (held) takenOver.push({ pid, host, start: since });
      }
      const winner = alive.find((other) => other.held) ?? alive.find((other) => other.name < name);
      if (winner) throw lockedError(caller, directory, winner);
      if (alive.length === 0) break;
      if (waits === maxWaits) throw lockedError(caller, directory, alive[0]);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs);
    }
    announce(true);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
  return { takenOver, release: () => rmSync(path, { force: true }) };
}
