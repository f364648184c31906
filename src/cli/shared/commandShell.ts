/** The part that all commands share: output, progress, and the conversion of errors to messages and exit codes. */
import { inspect } from 'node:util';
import { Command, CommanderError, type OutputConfiguration } from 'commander';
import { shellWord } from '../../check/shellWord.ts';
import type { Config } from '../../config/config.ts';
import type { Crew } from '../../parallel/crew.ts';
import { withoutQueuePassword } from '../queue/address.ts';
import { exitCodeOfAbort } from '../signals.ts';
import { type CommandKernels, commandKernels } from '../width/commandKernels.ts';
import { type WideRequest, wideRequest } from '../width/wideOption.ts';
import { printableJson, printableMessage, printableName, printableResult } from './printable.ts';
import { openProgress, type ProgressBoard, type ProgressStream, type ShownProgress } from './progress.ts';
import { withNearestOption } from './unknownOption.ts';

/** The process in which a command runs. */
export interface Host {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: ProgressStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by the first signal of the process. The reason is an `Interruption` with the exit code of that signal. */
  readonly signal: AbortSignal;
  /** Number of threads that can run at the same time. */
  readonly cores: number;
  /**
   * Opens a worker pool.
   *
   * @param kernels which build of the kernels its runs use
   * @param config of the run that it will train, if known; see `openCrew`
   */
  openCrew(size: number, kernels: CommandKernels, config?: Config): Promise<Crew>;
  /** Asks a yes-or-no question on the terminal; absent if there is none. */
  readonly ask?: (question: string) => Promise<boolean>;
}

/** Output of a command. Everything that it prints is made safe for a terminal (`printable.ts`). */
export interface CommandShell {
  readonly signal: AbortSignal;
  /** Which build of the kernels the command computes with, by its option --wide. */
  readonly kernels: CommandKernels;
  /** Does `work` and shows its progress on stderr. */
  progress<T>(name: string, work: (onProgress: (progress: ShownProgress) => void) => Promise<T>): Promise<T>;
  /** Does `work`, whose parts show their progress side by side on stderr. */
  progressOfMany<T>(work: (board: ProgressBoard) => Promise<T>): Promise<T>;
  /**
   * Does `work` with a worker pool of `workers` threads (default: one per core), or of as many as fit into memory.
   * Prints the size of the pool on stderr, and again at the end if it became smaller.
   *
   * @param config of the run that the pool will train, if known
   */
  withCrew<T>(workers: number | undefined, work: (crew: Crew) => Promise<T>, config?: Config): Promise<T>;
  /** Asks a yes-or-no question on the terminal; null if there is none. */
  readonly ask: ((question: string) => Promise<boolean>) | null;
  /** Prints a line on stderr. */
  note(text: string): void;
  /** Prints the result on stdout, once: with --json the record as one line, otherwise the text. */
  finish(record: object, text: string): void;
}

/** The number of threads, the kind of their memory, and the reason if there are fewer than requested. */
export function crewText({ size, memory, reason }: Pick<Crew, 'size' | 'memory' | 'reason'>): string {
  if (memory === 'own') return reason === 'one thread' ? '1 thread' : `1 thread: ${reason}`;
  if (memory === 'copied')
    return `${size} threads, each with a copy of the parameters (slower than shared memory): ${reason}`;
  return `${size} threads on one shared memory${reason === 'the host shares memory between threads' ? '' : `: ${reason}`}`;
}

function printableProgress(progress: ShownProgress): ShownProgress {
  const { phase, detail, notes } = progress;
  const shown = notes && { notes: notes.map((note) => ({ ...note, text: printableName(note.text) })) };
  const said = detail !== undefined && { detail: printableName(detail) };
  return { ...progress, phase: printableName(phase), ...said, ...shown };
}

function openShell(host: Host, json: boolean, kernels: CommandKernels): CommandShell {
  const progressOfMany: CommandShell['progressOfMany'] = async (work) => {
    const board = openProgress(host.stderr, (host.env.NO_COLOR ?? '') === '');
    const safely: ProgressBoard = {
      open(name) {
        const { update, close } = board.open(printableName(name));
        return { update: (progress) => update(printableProgress(progress)), close };
      },
      close: board.close,
    };
    // Close the displays on abort, so that they do not draw over the message.
    host.signal.addEventListener('abort', board.close);
    try {
      return await work(safely);
    } finally {
      host.signal.removeEventListener('abort', board.close);
      board.close();
    }
  };
  return {
    signal: host.signal,
    kernels,
    ask: host.ask ?? null,
    progressOfMany,
    progress: (name, work) => progressOfMany((board) => work(board.open(name).update)),
    async withCrew(workers, work, config) {
      const crew = await host.openCrew(workers ?? host.cores, kernels, config);
      const opened = crewText(crew);
      try {
        host.signal.throwIfAborted();
        host.stderr.write(`${printableMessage(opened)}\n`);
        return await work(crew);
      } finally {
        // The pool may have become smaller, if memory ran out. Progress bars would overwrite an earlier message.
        const used = crewText(crew);
        if (used !== opened) host.stderr.write(`${printableMessage(used)}\n`);
        crew.close();
      }
    },
    note: (text) => host.stderr.write(`${printableMessage(text)}\n`),
    finish: (record, text) => host.stdout.write(`${json ? printableJson(record) : printableResult(text)}\n`),
  };
}

/** The action of a command, called with its parsed arguments and options. */
export type Action<Arguments extends readonly unknown[]> = (shell: CommandShell, ...given: Arguments) => Promise<void>;

/** Adds `--json` to a command and sets its action, which receives a command shell. */
export function run<Arguments extends readonly unknown[]>(
  host: Host,
  command: Command,
  action: Action<Arguments>,
): Command {
  return command
    .configureOutput(errorOutput(command))
    .option('--json', 'print one JSON object as the last line of stdout and everything else on stderr')
    .action((...given) => {
      host.signal.throwIfAborted();
      const { json, wide } = command.opts<{ json?: true; wide?: WideRequest }>();
      // A command that computes nothing has no such option, and reads no such variable.
      const computes = command.options.some(({ long }) => long === '--wide');
      const kernels = commandKernels(computes ? wideRequest(wide, host.env) : 'off');
      return action(openShell(host, json === true, kernels), ...(given as unknown as Arguments));
    });
}

/** Prints an error of commander in the form of this program's messages. */
function errorOutput(command: Command): OutputConfiguration {
  return {
    outputError(text, write) {
      const message = text
        .replace(/^error: /, '')
        .trimEnd()
        .replace(/\n\(Did you mean (.*)\?\)$/, '; did you mean $1?');
      write(`unbraid: ${printableMessage(withNearestOption(message, command))}\n`);
    },
  };
}

/** A program without commands: name, version, and the form of its errors. */
export function createProgram(host: Host, version: string): Command {
  const program = new Command('unbraid');
  return program
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.stdout.write(printableResult(text)),
      writeErr: (text) => host.stderr.write(printableResult(text)),
      ...errorOutput(program),
    });
}

function exitCodeOf(error: unknown): number {
  if (!(error instanceof CommanderError)) return 1;
  return error.exitCode === 0 ? 0 : 2;
}

/** Whether commander has already printed the error or the help. */
function isReported(error: unknown): boolean {
  return error instanceof CommanderError && error.code.startsWith('commander.');
}

/** Commands that save what is finished and resume when they are run again. */
const resumable: readonly (string | undefined)[] = ['compare', 'study', 'sweep'];

/** The end of a command by a signal, while other machines continue its work. */
export class Detached extends Error {
  override readonly name = 'AbortError';
}

/** The message after an interruption. @param what happened */
function interruptedText(args: readonly string[], what: string): string {
  const command = ['unbraid', ...withoutQueuePassword(args)].map(shellWord);
  return `${what}; ${resumable.includes(args[0]) ? 'resume with' : 'run it again with'}: ${command.join(' ')}`;
}

/**
 * Runs the program on `args`. It prints errors and does not throw them.
 *
 * @returns the exit code; once the signal of the host is aborted, that of the process signal, even if another error
 *   occurred
 */
export async function runProgram(program: Command, args: readonly string[], host: Host): Promise<number> {
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (isReported(error)) return host.signal.aborted ? exitCodeOfAbort(host.signal) : exitCodeOf(error);
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    const text =
      name === 'AbortError' ? interruptedText(args, error instanceof Detached ? message : 'interrupted') : message;
    host.stderr.write(`unbraid: ${printableMessage(text)}\n`);
    if (host.env.UNBRAID_DEBUG === '1') host.stderr.write(`${printableResult(inspect(error))}\n`);
    if (!host.signal.aborted) return exitCodeOf(error);
  }
  return host.signal.aborted ? exitCodeOfAbort(host.signal) : 0;
}
