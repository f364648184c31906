/** Executes command lines in another process, which can hang, crash or fill its memory without harm to this one. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Outcome } from './verdict.ts';

/** The version of Node that runs TypeScript, whichever one runs the tests. */
export const node = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));

export interface Call {
  readonly args: readonly string[];
}

export interface Answer extends Outcome {
  /** Peak memory of the process, KiB. */
  readonly maxRssKb: number;
}

/** The result of a command: its answer, or the kind of failure. */
export type Executed = Answer | { readonly failed: 'hang' | 'crash'; readonly reason: string };

export interface Commands {
  /** Executes one command line with the real engine on one thread. */
  run(...args: readonly string[]): Promise<Executed>;
  close(): void;
}

const entry = fileURLToPath(new URL('./commandsEntry.ts', import.meta.url));

/**
 * Opens the process. A process that hangs or crashes is replaced at the next command.
 *
 * @param hangMs milliseconds after which a command counts as hanging
 */
export function openCommands(hangMs = 60_000): Commands {
  let child: ChildProcess | null = null;
  const close = (): void => {
    child?.kill('SIGKILL');
    child = null;
  };
  return {
    run: (...args) =>
      new Promise((resolve) => {
        child ??= fork(entry, [], {
          execPath: node,
          // A command that needs more than this counts as unbounded in memory.
          execArgv: ['--max-old-space-size=1024'],
          stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        });
        const asked = child;
        let said = '';
        const listen = (text: Buffer): void => {
          said = (said + text).slice(-2000);
        };
        const end = (executed: Executed): void => {
          clearTimeout(timer);
          asked.removeAllListeners();
          asked.stderr?.off('data', listen);
          if ('failed' in executed) close();
          resolve(executed);
        };
        const timer = setTimeout(() => end({ failed: 'hang', reason: `no answer within ${hangMs} ms` }), hangMs);
        asked.stderr?.on('data', listen);
        asked.on('message', (answer: Answer) => end(answer));
        asked.on('exit', (code, signal) => end({ failed: 'crash', reason: `exit ${code ?? signal}: ${said}` }));
        asked.on('error', (error) => end({ failed: 'crash', reason: error.message }));
        const call: Call = { args };
        asked.send(call);
      }),
    close,
  };
}
