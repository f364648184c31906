import { type ChildProcess, spawn } from 'node:child_process';
import { type BridgeAnswer, type BridgeRequest, ProtocolError, readAnswer } from './bridgeProtocol.ts';

/** A program that does not leave by itself this long after its input ended is killed. */
const exitTimeoutMs = 5_000;
/** Longest line taken from the program, in UTF-16 code units. */
const maxLineLength = 0x100_0000;
/** What the program left running may hold its outputs open this long after it has left itself. */
const outputTimeoutMs = 1_000;
/** How many lines of the program's standard error an error message repeats, and how much is kept for that, in UTF-16 code units. */
const stderrLines = 10;
const maxStderrLength = 4_000;

/** What to start. */
export interface BridgeCommand {
  /** What error messages call the bridge, e.g. `textworld-express/coin`. */
  readonly name: string;
  /** The program to start, looked up in PATH; no shell. */
  readonly command: string;
  readonly args: readonly string[];
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

interface Pending {
  /** Reads the answer and gives it to whoever waits; throws a ProtocolError if its fields are wrong. */
  accept(answer: BridgeAnswer): void;
  reject(error: Error): void;
  readonly timer: NodeJS.Timeout;
}

/**
 * The process and the requests that wait for an answer.
 *
 * The first breach (`end`) kills the program; all that waits rejects once the program has left, when its standard error is complete.
 */
export class BridgeProcess {
  private readonly started: BridgeCommand;
  private readonly child: ChildProcess;
  private readonly exited: Promise<void>;
  private readonly pending = new Map<number, Pending>();
  private lines: string[] = [];
  private nextId = 0;
  private partialLine = '';
  private stderr = '';
  /** How the program left; answers it wrote before may still be on their way. */
  private exit: string | undefined;
  /** Why the program is being ended. */
  private reason: string | undefined;
  /** What every request rejects with after the end. */
  private failure: Error | undefined;

  constructor(command: BridgeCommand) {
    this.started = command;
    const child = spawn(command.command, command.args, { stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
    this.child = child;
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => this.receive(chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr = (this.stderr + chunk).slice(-maxStderrLength);
    });
    // The exit that follows a broken pipe says more than the pipe does.
    child.stdin.on('error', () => undefined);
    child.once('exit', (code, signal) => {
      this.exit = `the program ended with ${signal === null ? `exit code ${code}` : `signal ${signal}`}`;
      const drop = (): void => {
        child.stdout.destroy();
        child.stderr.destroy();
      };
      setTimeout(drop, outputTimeoutMs).unref();
    });
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => {
        this.reason ??= `cannot start ${command.command}: ${error.message}; check that it is installed and in PATH`;
        this.finish();
        resolve();
      });
      // 'close' comes after the last byte of both outputs, so the message has all of stderr.
      child.once('close', () => {
        this.finish();
        resolve();
      });
    });
  }

  /** Sends a request; `read` checks and converts the answer. */
  request<T>(
    body: DistributiveOmit<BridgeRequest, 'id'>,
    timeoutMs: number,
    read: (answer: BridgeAnswer) => T,
  ): Promise<T> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const id = this.nextId++;
    const answer = new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => this.end(`no answer to ${body.op} within ${timeoutMs} ms`), timeoutMs);
      this.pending.set(id, { accept: (line) => resolve(read(line)), reject, timer });
    });
    this.keepAlive(true);
    // All requests made in one turn of the event loop leave in one write.
    if (this.lines.length === 0) setImmediate(() => this.flush());
    this.lines.push(`${JSON.stringify({ id, ...body })}\n`);
    return answer;
  }

  async close(): Promise<void> {
    this.reason ??= 'the bridge was closed';
    this.keepAlive(true);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), exitTimeoutMs);
    this.child.stdin?.end();
    await this.exited;
    clearTimeout(timer);
  }

  private flush(): void {
    if (this.reason === undefined) this.child.stdin?.write(this.lines.join(''));
    this.lines = [];
  }

  private receive(chunk: string): void {
    const lines = chunk.split('\n');
    lines[0] = this.partialLine + lines[0];
    this.partialLine = lines.pop() ?? '';
    for (const line of lines) this.judge(line, () => this.settle(readAnswer(line)));
    this.judge(this.partialLine);
  }

  private judge(line: string, settle?: () => void): void {
    if (this.reason !== undefined) return;
    try {
      if (line.length > maxLineLength) {
        throw new ProtocolError(`an answer must have at most ${maxLineLength} characters`);
      }
      settle?.();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.end(`${error.message}, got ${line.slice(0, 200)}`);
    }
  }

  private settle(answer: BridgeAnswer): void {
    const pending = this.pending.get(answer.id);
    if (pending === undefined) throw new ProtocolError('an answer must carry the id of a request that waits for one');
    if (typeof answer.error === 'string') pending.reject(new Error(`bridge ${this.started.name}: ${answer.error}`));
    else pending.accept(answer);
    this.pending.delete(answer.id);
    clearTimeout(pending.timer);
    if (this.pending.size === 0) this.keepAlive(false);
  }

  /** A program that is not asked anything must not keep this process from ending: its input then ends, and it leaves too. */
  private keepAlive(alive: boolean): void {
    const { stdin, stdout, stderr } = this.child;
    for (const handle of [this.child, stdin, stdout, stderr] as unknown as NodeJS.RefCounted[]) {
      if (alive) handle.ref();
      else handle.unref();
    }
  }

  private end(reason: string): void {
    // A time limit that passes after the program left is not why.
    if (this.exit !== undefined) return;
    this.reason ??= reason;
    this.child.kill('SIGKILL');
  }

  private finish(): void {
    const lastLines = this.stderr.trim().split('\n').slice(-stderrLines).join('\n');
    this.failure ??= new Error(
      `bridge ${this.started.name}: ${this.reason ?? this.exit}${lastLines === '' ? '' : `; last lines of its stderr:\n${lastLines}`}`,
    );
    for (const { reject, timer } of this.pending.values()) {
      clearTimeout(timer);
      reject(this.failure);
    }
    this.pending.clear();
  }
}
