/** A program that is started for a job. It is ended with the job, and also if this process exits. */
import { type ChildProcess, spawn } from 'node:child_process';
import { lastly } from './lastly.ts';

/** Time in ms between SIGTERM and SIGKILL. */
const leaveMs = 3_000;
/** Longest end of stderr that is kept for errors, in lines and in UTF-16 code units. */
const stderrLines = 10;
const maxStderrLength = 2_000;

export interface Program {
  readonly child: ChildProcess;
  /**
   * Resolves when the program has ended or could not be started: with the cause and the last lines of stderr, for
   * errors.
   */
  readonly ended: Promise<{ readonly how: string; readonly stderr: string }>;
  /** Ends the program and all processes of its group. */
  close(): Promise<void>;
}

/** Sends a signal to the whole process group: browsers and the wrappers of npm consist of several processes. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has already ended.
  }
}

/**
 * Starts a program in a separate process group, so that Ctrl-C does not reach it; `close` ends it.
 *
 * @param env the complete environment of the program
 */
export function startProgram(
  path: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Program {
  const child = spawn(path, args, { env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-maxStderrLength);
  });
  // Ignore a broken pipe; the exit of the program is reported instead.
  child.stdin.on('error', () => undefined);
  const killNow = (): void => signalGroup(child, 'SIGKILL');
  const forget = lastly(killNow);
  const ended = new Promise<Awaited<Program['ended']>>((resolve) => {
    child.once('error', (error) => resolve({ how: `it cannot be started (${error.message})`, stderr: '' }));
    child.once('exit', (code, signal) => {
      const how = signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`;
      const report = (): void => resolve({ how, stderr: stderr.trim().split('\n').slice(-stderrLines).join('\n') });
      // 'close' follows the last byte of both outputs. A process that is still running can keep them open: wait at
      // most 1 s.
      child.once('close', report);
      setTimeout(report, 1000).unref();
    });
  });
  return {
    child,
    ended,
    async close() {
      const timer = setTimeout(killNow, leaveMs);
      signalGroup(child, 'SIGTERM');
      await ended;
      clearTimeout(timer);
      killNow();
      forget();
      for (const pipe of [child.stdout, child.stderr, child.stdin]) pipe?.destroy();
    },
  };
}
