/** What all commands share: how they print, how errors become messages and exit codes. */
import { inspect } from 'node:util';
import { Command, CommanderError } from 'commander';
import type { Config } from '../../config/config.ts';
import type { Crew } from '../../parallel/crew.ts';
import { exitCodeOfAbort } from '../signals.ts';
import { printableJson, printableMessage, printableName, printableResult } from './printable.ts';
import { openProgress, type ProgressBoard, type ProgressStream, type ShownProgress } from './progress.ts';

/** The process a command runs in. */
export interface Host {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: ProgressStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by the first signal of the process, with an `Interruption` as the reason that tells which. */
  readonly signal: AbortSignal;
  /** Threads that run at once. */
  readonly cores: number;
  /** @param config of the run to come, if it is known; see `openCrew` */
  openCrew(size: number, config?: Config): Promise<Crew>;
  /** Asks a question that is answered by yes or no; absent where nobody can answer. */
  readonly ask?: (question: string) => Promise<boolean>;
}

/** How a command shows its outcome. All that it prints is made safe for a terminal (`printable.ts`). */
export interface Frame {
  readonly signal: AbortSignal;
  /** Does `work` and shows on stderr what it reports of its progress. */
  progress<T>(name: string, work: (onProgress: (progress: ShownProgress) => void) => Promise<T>): Promise<T>;
  /** Does `work`, parts of which show their progress side by side on stderr. */
  progressOfMany<T>(work: (board: ProgressBoard) => Promise<T>): Promise<T>;
  /**
   * Does `work` with a crew of `workers` threads, by default one per core, or of as many as the memory holds, and
   * says on stderr which; again at the end if they became fewer.
   *
   * @param config of the run to come, if it is known
   */
  withCrew<T>(workers: number | undefined, work: (crew: Crew) => Promise<T>, config?: Config): Promise<T>;
  /** Asks a question on the terminal that is answered by yes or no; null where there is none. */
  readonly ask: ((question: string) => Promise<boolean>) | null;
  /** A line for people, on stderr. */
  note(text: string): void;
  /** The outcome, once: the record as the last line of stdout with --json, the text otherwise. */
  finish(record: object, text: string): void;
}

/** How many threads there are, on whose memory, and why not more. */
export function crewText({ size, memory, reason }: Pick<Crew, 'size' | 'memory' | 'reason'>): string {
  if (memory === 'own') return reason === 'one thread' ? '1 thread' : `1 thread: ${reason}`;
  if (memory === 'copied') return `${size} threads on copies, slower: ${reason}`;
  return `${size} threads on one shared memory${reason === 'the host shares memory between threads' ? '' : `: ${reason}`}`;
}

function printableProgress(progress: ShownProgress): ShownProgress {
  const { phase, notes } = progress;
  const shown = notes && { notes: notes.map((note) => ({ ...note, text: printableName(note.text) })) };
  return { ...progress, phase: printableName(phase), ...shown };
}

function frameOf(host: Host, json: boolean): Frame {
  const progressOfMany: Frame['progressOfMany'] = async (work) => {
    const board = openProgress(host.stderr, (host.env.NO_COLOR ?? '') === '');
    const safely: ProgressBoard = {
      open(name) {
        const { update, close } = board.open(printableName(name));
        return { update: (progress) => update(printableProgress(progress)), close };
      },
      close: board.close,
    };
    // What is said on abort stays readable: nothing is drawn over it.
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
    ask: host.ask ?? null,
    progressOfMany,
    progress: (name, work) => progressOfMany((board) => work(board.open(name).update)),
    async withCrew(workers, work, config) {
      const crew = await host.openCrew(workers ?? host.cores, config);
      const opened = crewText(crew);
      try {
        host.signal.throwIfAborted();
        host.stderr.write(`${printableMessage(opened)}\n`);
        return await work(crew);
      } finally {
        // Where the memory held fewer; not before, since bars of progress would be drawn over it.
        const used = crewText(crew);
        if (used !== opened) host.stderr.write(`${printableMessage(used)}\n`);
        crew.close();
      }
    },
    note: (text) => host.stderr.write(`${printableMessage(text)}\n`),
    finish: (record, text) => host.stdout.write(`${json ? printableJson(record) : printableResult(text)}\n`),
  };
}

/** A command's action once its options are parsed. */
export type Action<Arguments extends readonly unknown[]> = (frame: Frame, ...given: Arguments) => Promise<void>;

/** Adds `--json` to a command and runs its action in a frame. */
export function run<Arguments extends readonly unknown[]>(
  host: Host,
  command: Command,
  action: Action<Arguments>,
): Command {
  return command
    .option('--json', 'print one JSON object as the last line of stdout; all else goes to stderr')
    .action((...given) => {
      host.signal.throwIfAborted();
      return action(frameOf(host, command.opts().json === true), ...(given as unknown as Arguments));
    });
}

/** The empty program: name, version, and how commander reports what it finds wrong. */
export function createProgram(host: Host, version: string): Command {
  return new Command('unbraid')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.stdout.write(printableResult(text)),
      writeErr: (text) => host.stderr.write(printableResult(text)),
      outputError: (text, write) => {
        const message = text
          .replace(/^error: /, '')
          .trimEnd()
          .replace(/\n\(Did you mean (.*)\?\)$/, '; did you mean $1?');
        write(`unbraid: ${printableMessage(message)}\n`);
      },
    });
}

function exitCodeOf(error: unknown): number {
  if (!(error instanceof CommanderError)) return 1;
  return error.exitCode === 0 ? 0 : 2;
}

/** Whether commander has already said what is wrong, or has shown help. */
function isReported(error: unknown): boolean {
  return error instanceof CommanderError && error.code.startsWith('commander.');
}

/** Commands that keep what is finished: given again, they go on with the rest. */
const resumable: readonly (string | undefined)[] = ['compare', 'study'];

/** The way on after an interruption that no command has words of its own for. */
function interruptedText(args: readonly string[]): string {
  const command = ['unbraid', ...args].map((word) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`,
  );
  return `interrupted; ${resumable.includes(args[0]) ? 'resume with' : 'run it again with'}: ${command.join(' ')}`;
}

/**
 * Runs the program on `args` and gives the exit code; errors are printed, never thrown. Once the host's signal is
 * aborted, the exit code is that of the process signal, whatever else went wrong.
 */
export async function runProgram(program: Command, args: readonly string[], host: Host): Promise<number> {
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (isReported(error)) return host.signal.aborted ? exitCodeOfAbort(host.signal) : exitCodeOf(error);
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    const text = name === 'AbortError' ? interruptedText(args) : message;
    host.stderr.write(`unbraid: ${printableMessage(text)}\n`);
    if (host.env.UNBRAID_DEBUG === '1') host.stderr.write(`${printableResult(inspect(error))}\n`);
    if (!host.signal.aborted) return exitCodeOf(error);
  }
  return host.signal.aborted ? exitCodeOfAbort(host.signal) : 0;
}
