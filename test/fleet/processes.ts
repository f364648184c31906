/** Commands of the fleet in processes of their own, and what they leave in their folders. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { FleetFaults } from './product.ts';

// The version that runs TypeScript, whichever one runs the tests.
const node = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));
const product = fileURLToPath(new URL('product.ts', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** Its output until now. */
  stderr(): string;
  ended(): Promise<Ended>;
}

/** Locks of a second: the jobs of a worker that was killed run elsewhere after 1 to 2 s. */
export const shortLocks: FleetFaults = { locks: [1000, 500] };

/** Arguments of Node and variables of a command. */
export interface Surroundings {
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A folder, and the commands that were started in it. */
export interface Fleet {
  readonly folder: string;
  /** Starts `unbraid` with the studies of the tests. */
  start(args: readonly string[], faults?: FleetFaults, more?: Surroundings): Running;
  worker(address: string, faults?: FleetFaults, more?: readonly string[]): Running;
  /** Runs a study on a queue, in the folder OUT. */
  study(address: string, out: string, seeds: number, name?: string): Running;
  /** Ends all commands and removes the folder. */
  stop(): Promise<void>;
}

export function openFleet(): Fleet {
  const folder = mkdtempSync(join(tmpdir(), 'unbraid-fleet-'));
  const all: Running[] = [];
  const start: Fleet['start'] = (args, faults = {}, { nodeArgs = [], env: more = {} } = {}) => {
    const env = { ...process.env, UNBRAID_FLEET: JSON.stringify(faults), UNBRAID_QUEUE: '', ...more };
    const child = spawn(node, [...nodeArgs, product, ...args], { cwd: folder, env });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const closed = once(child, 'close');
    const running: Running = {
      child,
      stderr: () => stderr,
      async ended() {
        const [code, signal] = await closed;
        return { code, signal, stdout, stderr };
      },
    };
    all.push(running);
    return running;
  };
  return {
    folder,
    start,
    worker: (address, faults = shortLocks, more = ['--concurrency', '1']) =>
      start(['worker', '--queue', address, ...more], faults),
    study: (address, out, seeds, name = 'bandits') =>
      start(['study', name, '--queue', address, '--seeds', String(seeds), '--out', out]),
    async stop() {
      for (const { child } of all) child.kill('SIGKILL');
      await Promise.all(all.map((running) => running.ended()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves once `holds`, which is asked every few milliseconds. @throws if one of the commands ends before */
export async function until(holds: () => boolean | Promise<boolean>, commands: readonly Running[] = []): Promise<void> {
  while (!(await holds())) {
    for (const { child, stderr } of commands) {
      if (child.exitCode !== null) throw new Error(`a command ended before ${holds}:\n${stderr()}`);
    }
    await sleep(10);
  }
}

/** The seeds of the jobs that were started, in order. */
export function startedSeeds(path: string): readonly number[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => Number(line.split(' ')[1]));
}

/** The files of a study and of its jobs, which do not depend on where it ran: a hash by name. */
export function filesOf(out: string): Readonly<Record<string, string>> {
  const paths = readdirSync(out, { recursive: true, encoding: 'utf8' }).sort();
  const kept = paths.filter((path) => /\.(json|csv|jsonl|gz|html)$/.test(path) && !path.endsWith('timing.json'));
  const hashOf = (path: string): string =>
    createHash('sha256')
      .update(readFileSync(join(out, path)))
      .digest('hex');
  return Object.fromEntries(kept.map((path) => [path, hashOf(path)]));
}
