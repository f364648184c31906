/**
 * Starts programs in their own process groups, and terminates a program with all processes that it started. A group
 * does not receive Ctrl-C from the terminal, so this process must terminate it.
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { getEnvironmentData, setEnvironmentData, threadId } from 'node:worker_threads';

/** Time in ms from SIGTERM to SIGKILL. */
const graceMs = 1_000;
/**
 * Longest wait in ms after SIGKILL, which cannot be ignored: a dead process remains in the process table until its
 * parent, or process 1, reaps it.
 */
const deathMs = 200;
const pollMs = 20;

const hasGroups = process.platform !== 'win32';

/** Starts a program, searched in PATH, as the leader of a new group, without a shell. */
export function spawnGroup(command: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn(command, args, { stdio: 'pipe', windowsHide: true, detached: hasGroups });
  if (child.pid !== undefined) remember(child.pid);
  return child;
}

/**
 * Sends a signal to all processes of a group; signal 0 only tests for existence. Returns whether a process received it.
 */
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

/** Waits until a group has no process left, at most `limitMs`. Returns whether this is the case. */
async function isGone(leader: number, limitMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < limitMs; waitedMs += pollMs) {
    if (!signalGroup(leader, 0)) return true;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return false;
}

/**
 * Terminates the processes that are left in a group: SIGTERM, then SIGKILL after one second. Resolves when none is
 * left.
 */
export async function endGroup(leader: number): Promise<void> {
  if (signalGroup(leader, 'SIGTERM') && !(await isGone(leader, graceMs))) {
    signalGroup(leader, 'SIGKILL');
    await isGone(leader, deathMs);
  }
  forget(leader);
}

/**
 * Leaders of the running groups and the threads that started them, i32[groups, 2]. All threads of the process share one
 * table, because a terminated thread and an exiting process run no code of the thread.
 */
let table: Int32Array | undefined;
const tableName = 'unbraid: leaders of process groups';
const mostGroups = 1024;

/** Must be called before a thread that can start programs is created. */
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

/** Adds a group to the table. If the table is full, only the thread that started the group can terminate it. */
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

/** Kills the groups that one thread started, or all groups, and returns immediately. */
export function killGroups(thread?: number): void {
  const groups = watchGroups();
  for (let at = 0; at < groups.length; at += 2) {
    const leader = Atomics.load(groups, at);
    if (leader === 0 || (thread !== undefined && Atomics.load(groups, at + 1) !== thread)) continue;
    signalGroup(leader, 'SIGKILL');
    forget(leader);
  }
}
