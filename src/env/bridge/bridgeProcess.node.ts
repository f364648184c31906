import type { ChildProcess } from 'node:child_process';
import {
  type BridgeAnswer,
  type BridgeRequest,
  type PlayRequest,
  ProtocolError,
  type ProtocolVersion,
  readMessage,
  type StartProgress,
} from './messages.ts';
import { endGroup, spawnGroup } from './processGroup.node.ts';
import { printable, programError } from './programError.node.ts';
import type { BridgeStep, ReadStep } from './steps.ts';
import { createTurn, type Turn } from './turn.node.ts';

/** Time in ms from the end of the input until a program that is still running is terminated. */
const exitTimeoutMs = 5_000;
/**
 * Longest line accepted from the program, in UTF-16 code units, by version of the protocol: a line of version 2 can
 * contain the steps of many environments.
 */
const maxLineLength: Readonly<Record<ProtocolVersion, number>> = { 1: 0x100_0000, 2: 0x400_0000 };
/**
 * Time in ms to wait, after the program has exited, for a process outside its group that still has its outputs open.
 */
const outputTimeoutMs = 1_000;
/** Longest part of a line in an error message, in UTF-16 code units. */
const shownLength = 200;
/**
 * Number of lines of the program's standard error in an error message, and length of the stored text in UTF-16 code
 * units.
 */
const stderrLines = 10;
const maxStderrLength = 4_000;

/** The program to start. */
export interface BridgeCommand {
  /** Name of the bridge in error messages, e.g. `textworld-express/coin`. */
  readonly name: string;
  /** The program, searched in PATH and started without a shell. */
  readonly command: string;
  readonly args: readonly string[];
  /**
   * On abort, terminates the program and all processes that it started. Pending and later requests then reject with its
   * reason.
   */
  readonly signal?: AbortSignal | undefined;
}

/** How a process is used, beside the program that it executes. */
export interface ProcessUse {
  /** Timeout in ms of the answer to a request that plays, including the wait for earlier requests. */
  readonly requestTimeoutMs: number;
  /** Whether the requests of one iteration of the event loop share a line (`stepMany`), with version 2. */
  readonly joinsRequests: boolean;
  /** Receives what the program reports before its answer to `hello`. */
  readonly onProgress: ((progress: StartProgress) => void) | undefined;
}

interface Pending {
  /** Checks the answer and resolves the request with it. Throws a ProtocolError if its fields are invalid. */
  accept(answer: BridgeAnswer): void;
  reject(error: unknown): void;
  readonly timer: NodeJS.Timeout;
}

/**
 * The process and its pending requests.
 *
 * The first error or violation (`end`) terminates the program and its process group. Pending requests reject after the
 * program has exited, because its standard error is complete only then.
 */
export class BridgeProcess {
  private readonly started: BridgeCommand;
  private readonly use: ProcessUse;
  private readonly turn: Turn;
  private readonly child: ChildProcess;
  private readonly exited: Promise<void>;
  private readonly pending = new Map<number, Pending>();
  private lines: string[] = [];
  private flushes = false;
  private nextId = 0;
  /** Set by the answer to `hello`. */
  private protocol: ProtocolVersion = 1;
  /** Decodes one line at a time, because the decoder removes a byte order mark at the start of each call. */
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });
  private partialLine = '';
  private stderr = '';
  /** Resolves when the program's group has no process left; undefined until the group is being terminated. */
  private groupEnd: Promise<void> | undefined;
  /** How the program exited. Answers written before can still arrive. */
  private exit: string | undefined;
  /** The reason for terminating the program. */
  private reason: string | undefined;
  /** The error of every request after the end. */
  private failure: unknown;

  constructor(command: BridgeCommand, use: ProcessUse) {
    this.started = command;
    this.use = use;
    this.turn = createTurn(command.name, use.requestTimeoutMs, (...given) => this.request(...given));
    const { signal } = command;
    const child = spawnGroup(command.command, command.args);
    this.child = child;
    child.stdout.on('data', (chunk: Buffer) => this.receive(chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr = (this.stderr + chunk).slice(-maxStderrLength);
    });
    // A broken pipe is followed by an exit event, which contains more information.
    child.stdin.on('error', () => undefined);
    child.once('exit', (code, signal) => {
      this.exit = `the program ended with ${signal === null ? `exit code ${code}` : `signal ${signal}`}`;
      // Processes that the program started must not outlive it.
      this.endGroup();
      const drop = (): void => {
        child.stdout.destroy();
        child.stderr.destroy();
      };
      setTimeout(drop, outputTimeoutMs).unref();
    });
    const abort = (): void => {
      this.failure ??= signal?.reason;
      this.end('the bridge was aborted');
      this.rejectAll();
    };
    signal?.addEventListener('abort', abort, { once: true });
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => {
        this.reason ??= `cannot start ${command.command}: ${error.message}; check that it is installed and in PATH`;
        this.finish();
        resolve();
      });
      // 'close' is emitted after the last byte of both outputs, so the message contains the complete stderr.
      child.once('close', () => {
        signal?.removeEventListener('abort', abort);
        this.finish();
        resolve();
      });
    });
  }

  /** Sends a request; `read` validates and converts the answer. */
  request<T>(body: BridgeRequest, timeoutMs: number, read: (answer: BridgeAnswer) => T): Promise<T> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const id = this.nextId++;
    const answer = new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => this.end(`no answer to ${body.op} within ${timeoutMs} ms`), timeoutMs);
      this.pending.set(id, { accept: (line) => resolve(read(line)), reject, timer });
    });
    this.keepAlive(true);
    this.lines.push(`${JSON.stringify({ id, ...body })}\n`);
    this.flushSoon();
    return answer;
  }

  /** Exchanges the first request. It must be answered before another one is sent. */
  async hello<T extends { readonly protocol: ProtocolVersion }>(
    body: BridgeRequest & { readonly op: 'hello' },
    timeoutMs: number,
    read: (answer: BridgeAnswer) => T,
  ): Promise<T> {
    const answer = await this.request(body, timeoutMs, read);
    this.protocol = answer.protocol;
    return answer;
  }

  /** Sends a request that plays: with version 2 in one line with the others of this iteration of the event loop. */
  play(request: PlayRequest, read: ReadStep): Promise<BridgeStep> {
    if (this.protocol === 1 || !this.use.joinsRequests) {
      return this.request(request, this.use.requestTimeoutMs, (answer) => read(answer, request.env));
    }
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.flushSoon();
    return this.turn.add(request, read);
  }

  /** Tells the program that an environment is not used any more. */
  release(env: number): Promise<void> {
    // Requests of this environment that wait must arrive first.
    this.turn.send();
    return this.request({ op: 'close', env }, this.use.requestTimeoutMs, () => undefined);
  }

  async close(): Promise<void> {
    this.reason ??= 'the bridge was closed';
    this.keepAlive(true);
    const timer = setTimeout(() => this.endGroup(), exitTimeoutMs);
    this.child.stdin?.end();
    await this.exited;
    clearTimeout(timer);
    await this.groupEnd;
  }

  private endGroup(): void {
    if (this.child.pid !== undefined) this.groupEnd ??= endGroup(this.child.pid);
  }

  /** All requests made in the same iteration of the event loop are sent with one write. */
  private flushSoon(): void {
    if (!this.flushes) setImmediate(() => this.flush());
    this.flushes = true;
  }

  private flush(): void {
    this.turn.send();
    if (this.reason === undefined) this.child.stdin?.write(this.lines.join(''));
    this.lines = [];
    this.flushes = false;
  }

  private receive(chunk: Buffer): void {
    let from = 0;
    // In UTF-8, the byte of a line feed occurs in no other character.
    for (let to = chunk.indexOf(0x0a); to >= 0; to = chunk.indexOf(0x0a, from)) {
      this.read(chunk.subarray(from, to), true);
      from = to + 1;
    }
    this.read(chunk.subarray(from), false);
  }

  /** Receives a part of a line. With the last part, handles the answer. */
  private read(bytes: Buffer, isLast: boolean): void {
    if (this.reason !== undefined) return;
    let line = this.partialLine;
    try {
      line += this.decode(bytes, isLast);
      const longest = maxLineLength[this.protocol];
      if (line.length > longest) throw new ProtocolError(`an answer must have at most ${longest} characters`);
      this.partialLine = isLast ? '' : line;
      if (!isLast) return;
      const message = readMessage(line);
      if ('id' in message) this.settle(message);
      else this.report(message);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const received = (error.received ?? line).slice(0, shownLength);
      this.end(`${error.message}, got ${printable(received).trimEnd()}`);
    }
  }

  /** Handles what the program reports while it starts: the wait for its answer begins again. */
  private report(progress: StartProgress): void {
    const hello = this.pending.get(0);
    if (hello === undefined) throw new ProtocolError('progress must come before the answer to hello');
    hello.timer.refresh();
    this.use.onProgress?.(progress);
  }

  private decode(bytes: Buffer, isLast: boolean): string {
    try {
      return this.decoder.decode(bytes, { stream: !isLast });
    } catch {
      throw new ProtocolError(`an answer must be UTF-8 (it has the bytes ${bytes.subarray(0, 16).toString('hex')})`);
    }
  }

  private settle(answer: BridgeAnswer): void {
    const pending = this.pending.get(answer.id);
    if (pending === undefined) throw new ProtocolError('an answer must carry the id of a request that waits for one');
    if (typeof answer.error === 'string') pending.reject(programError(this.started.name, answer));
    else pending.accept(answer);
    this.pending.delete(answer.id);
    clearTimeout(pending.timer);
    if (this.pending.size === 0) this.keepAlive(false);
  }

  /**
   * A program without pending requests must not keep this process running. When this process ends, the program's input
   * closes and the program exits.
   */
  private keepAlive(alive: boolean): void {
    const { stdin, stdout, stderr } = this.child;
    for (const handle of [this.child, stdin, stdout, stderr] as unknown as NodeJS.RefCounted[]) {
      if (alive) handle.ref();
      else handle.unref();
    }
  }

  private end(reason: string): void {
    // A timeout that expires after the program has exited is not the cause.
    if (this.exit !== undefined) return;
    this.reason ??= reason;
    this.endGroup();
  }

  private finish(): void {
    const lastLines = printable(this.stderr).trim().split('\n').slice(-stderrLines).join('\n');
    this.failure ??= new Error(
      `bridge ${this.started.name}: ${this.reason ?? this.exit}${lastLines === '' ? '' : `; last lines of its stderr:\n${lastLines}`}`,
    );
    this.rejectAll();
  }

  private rejectAll(): void {
    for (const { reject, timer } of this.pending.values()) {
      clearTimeout(timer);
      reject(this.failure);
    }
    this.pending.clear();
  }
}
