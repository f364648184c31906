/** A program that is started for a job and ends with it, whatever happens to this process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { lastly } from './lastly.ts';

/** A program gets this long to leave when asked to, in ms; then it is killed. */
const leaveMs = 3_000;
/** How much of what the program says on stderr is kept for errors, in lines and in UTF-16 code units. */
const stderrLines = 10;
const maxStderrLength = 2_000;

export interface Program {
  readonly child: ChildProcess;
  /**
   * How it ended and the end of what it wrote to stderr, for errors; settles when it has ended, or could not be
   * started.
   */
  readonly ended: Promise<{ readonly how: string; readonly stderr: string }>;
  /** Ends it and all that it started. */
  close(): Promise<void>;
}

/** Ends the whole process group: browsers and npm's wrappers are several processes. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has left.
  }
}

/**
 * Starts a program in a process group of its own, so that Ctrl-C reaches it through `close` alone.
 *
 * @param env the program's whole environment
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
  // Its end says more than the broken pipe.
  child.stdin.on('error', () => undefined);
  const killNow = (): void => signalGroup(child, 'SIGKILL');
  const forget = lastly(killNow);
  const ended = new Promise<Awaited<Program['ended']>>((resolve) => {
    child.once('error', (error) => resolve({ how: `it cannot be started (${error.message})`, stderr: '' }));
    child.once('exit', (code, signal) => {
      const how = signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`;
      const tell = (): void => resolve({ how, stderr: stderr.trim().split('\n').slice(-stderrLines).join('\n') });
      // 'close' comes after the last byte of both outputs; what it left running may hold them open.
      child.once('close', tell);
      setTimeout(tell, 1000).unref();
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
