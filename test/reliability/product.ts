/** Runs the command in a separate process, with or without a fault. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { node } from './commands.ts';
import type { Fault, FaultReport } from './faults.ts';

/** The program to start: the built command, or its source. */
export type Product = 'dist/src/cli/main.js' | 'src/cli/main.ts';

export interface Ended {
  /** null if a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether the process was terminated because it exceeded the time limit. */
  readonly hung: boolean;
  /** null if the process did not end by itself. */
  readonly report: FaultReport | null;
}

export interface Started {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Resolves once stderr holds the text; false if the process ends before. */
  said(text: string): Promise<boolean>;
  /** Resolves once the process has stopped itself, or has ended. */
  stopped(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const preload = new URL('./faults.ts', import.meta.url).href;
/** Shortens the start of a process that runs from source. */
const compileCache = join(root, 'node_modules/.cache/reliability');
let started = 0;

/**
 * Starts the command.
 *
 * @param fault without `report`: this function uses its own file for it
 * @param hangMs milliseconds after which the process is terminated and counts as hanging
 */
export function start(
  product: Product,
  args: readonly string[],
  fault: Omit<Fault, 'report'> | null = null,
  hangMs = 60_000,
): Started {
  const report = join(tmpdir(), `unbraid-fault-${process.pid}-${++started}.json`);
  const loaded = fault ? ['--import', preload] : [];
  const child = spawn(node, [...loaded, join(root, product), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      NODE_COMPILE_CACHE: compileCache,
      ...(fault && { UNBRAID_FAULT: JSON.stringify({ ...fault, report }) }),
    },
  });
  let [stdout, stderr, hung] = ['', '', false];
  const waiting = new Set<() => void>();
  child.stdout.on('data', (text: Buffer) => {
    stdout += text;
  });
  child.stderr.on('data', (text: Buffer) => {
    stderr += text;
    for (const look of [...waiting]) look();
  });
  const timer = setTimeout(() => {
    hung = true;
    child.kill('SIGKILL');
  }, hangMs);
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const counted = existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as FaultReport | null) : null;
      rmSync(report, { force: true });
      resolve({ code, signal, stdout, stderr, hung, report: counted });
    });
  });
  return {
    pid: child.pid as number,
    ended,
    said: (text) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!stderr.includes(text)) return;
          waiting.delete(look);
          resolve(true);
        };
        waiting.add(look);
        look();
        void ended.then(() => resolve(stderr.includes(text)));
      }),
    async stopped() {
      let over = false;
      void ended.then(() => {
        over = true;
      });
      while (!over && !existsSync(report)) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    kill: (signal) => void child.kill(signal),
  };
}
