/**
 * Programs in process groups of their own, each ended with all that it started. A group does not receive the terminal's Ctrl-C, so that
 * whoever started it has to end it.
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { getEnvironmentData, setEnvironmentData, threadId } from 'node:worker_threads';

/** A group has this long to end after SIGTERM before it receives SIGKILL. */
const graceMs = 1_000;
/** Longest wait after SIGKILL, which none ignores: a dead process counts until its parent, or process 1, has taken note of it. */
const deathMs = 200;
const pollMs = 20;

const hasGroups = process.platform !== 'win32';

/** Starts a program, looked up in PATH, as the leader of a new group; no shell. */
export function spawnGroup(command: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn(command, args, { stdio: 'pipe', windowsHide: true, detached: hasGroups });
  if (child.pid !== undefined) remember(child.pid);
  return child;
}

/** Sends a signal to all processes of a group; signal 0 only asks. Returns whether there was one to receive it. */
function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    if (hasGroups) process.kill(-leader, signal);
    else if (signal === 0) process.kill(leader, 0);
    else spawnSync('taskkill', ['/PID', String(leader), '/T', '/F'], { windowsHide: true });
    return true;
  } catch {
    return false;
  }
}

/** Waits until nothing is left of a group, at most `limitMs`. Returns whether nothing is. */
async function isGone(leader: number, limitMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < limitMs; waitedMs += pollMs) {
    if (!signalGroup(leader, 0)) return true;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return false;
}

/** Ends what is left of a group: SIGTERM, and SIGKILL after a second. Resolves when nothing is left. */
export async function endGroup(leader: number): Promise<void> {
  if (signalGroup(leader, 'SIGTERM') && !(await isGone(leader, graceMs))) {
    signalGroup(leader, 'SIGKILL');
    await isGone(leader, deathMs);
  }
  forget(leader);
}

/**
 * Leaders of the groups that live and the threads that started them, i32[groups, 2]. All threads of the process share one table: a thread
 * that is terminated, and a process that exits, run no code of the thread.
 */
let table: Int32Array | undefined;
const tableName = 'unbraid: leaders of process groups';
const mostGroups = 1024;

/** To be called before a thread that may start programs is created. */
export function watchGroups(): Int32Array {
  if (table === undefined) {
    table = getEnvironmentData(tableName) as Int32Array | undefined;
    if (table === undefined) {
      table = new Int32Array(new SharedArrayBuffer(8 * mostGroups));
      setEnvironmentData(tableName, table);
      process.on('exit', () => killGroups());
    }
  }
  return table;
}

/** Writes a group down. A table without a free entry leaves the group to its starter alone. */
function remember(leader: number): void {
  const groups = watchGroups();
  for (let at = 0; at < groups.length; at += 2) {
    if (Atomics.compareExchange(groups, at, 0, leader) !== 0) continue;
    Atomics.store(groups, at + 1, threadId);
    return;
  }
}

/** Frees the entry of a group. */
function forget(leader: number): void {
  const groups = watchGroups();
  for (let at = 0; at < groups.length; at += 2) Atomics.compareExchange(groups, at, leader, 0);
}

/** At once, without waiting: kills the groups that one thread started, or all. */
export function killGroups(thread?: number): void {
  const groups = watchGroups();
  for (let at = 0; at < groups.length; at += 2) {
    const leader = Atomics.load(groups, at);
    if (leader === 0 || (thread !== undefined && Atomics.load(groups, at + 1) !== thread)) continue;
    signalGroup(leader, 'SIGKILL');
    forget(leader);
  }
}
