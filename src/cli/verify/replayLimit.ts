/**
 * The time limit of a replay. The config comes from a file that the user may not trust, so the time of the replay is
 * estimated before anything is opened and checked while it runs.
 */
import { availableParallelism } from 'node:os';
import { Option } from 'commander';
import type { Config } from '../../config/config.ts';
import { estimateSeconds, partSeconds } from '../../train/estimate.ts';
import type { Progress } from '../../train/run.ts';
import { numberFrom, usageError } from '../shared/arguments.ts';
import type { CommandShell } from '../shared/commandShell.ts';
import { count } from '../shared/print.ts';

/** Longest replay that needs no permission, in minutes. */
const defaultMinutes = 10;
/**
 * A projection is used after this many seconds, and only if it exceeds the limit by this factor, because it is rough.
 */
const leastSeconds = 30;
const clearly = 3;
/** The rate of a phase is used after the phase has run for this many seconds. */
const rateSeconds = 10;

export interface LimitOptions {
  readonly yes?: true;
  readonly maxMinutes?: number;
}

/** `--yes` and `--max-minutes`. */
export function limitOptions(): Option[] {
  return [
    new Option('--yes', `replay without a time limit (default: ask if it takes more than ${defaultMinutes} minutes)`),
    new Option('--max-minutes <n>', 'replay without asking if it takes at most this many minutes').argParser(
      numberFrom(0, 1_000_000),
    ),
  ];
}

/** A duration as text, rounded, in seconds, minutes, hours, days or years. */
export function roughly(seconds: number): string {
  const units = [
    ['second', 1],
    ['minute', 60],
    ['hour', 3_600],
    ['day', 86_400],
    ['year', 31_557_600],
  ] as const;
  const [name, length] = units.findLast(([, length]) => seconds >= 2 * length) ?? units[0];
  const number = Math.round(seconds / length);
  if (number === 0) return 'less than a second';
  if (name === 'year' && number > 1_000) return 'more than 1,000 years';
  return `${count(number)} ${name}${number === 1 ? '' : 's'}`;
}

/** The finished part of a replay, in seconds of its estimate. */
export function doneSeconds(config: Config, progress: Progress, iteration: number): number {
  const { start, coldStart, evaluation } = partSeconds(config);
  const { phase, done, total } = progress;
  const share = total > 0 ? done / total : 1;
  if (phase === 'cold start') return start + share * coldStart;
  if (phase === 'train') return estimateSeconds(config, done);
  if (phase !== 'evaluate') return 0;
  return (iteration > 0 ? estimateSeconds(config, iteration) : start + coldStart) + share * evaluation;
}

/** Functions for a replay whose time is checked. */
export interface Watch {
  readonly signal: AbortSignal;
  /** Checks the time at each progress message, then passes the message to `onProgress`. */
  follow(onProgress: (progress: Progress) => void): (progress: Progress) => void;
}

/** A requested replay. */
export interface Replay extends LimitOptions {
  readonly config: Config;
  readonly until: number;
  /** Number of threads; undefined: one per core. */
  readonly workers: number | undefined;
}

/**
 * The limit of the replay in seconds.
 *
 * @throws a usage error if the replay is expected to take longer and is not allowed
 */
async function limitOf(
  shell: Pick<CommandShell, 'ask'>,
  estimate: number,
  { yes, maxMinutes }: LimitOptions,
): Promise<number> {
  if (yes && maxMinutes !== undefined)
    throw usageError('verify: only one of --yes and --max-minutes must be given, got both; keep one');
  if (yes) return Number.POSITIVE_INFINITY;
  const limit = 60 * (maxMinutes ?? defaultMinutes);
  if (estimate <= limit) return limit;
  const expected = `about ${roughly(estimate)} by its config`;
  if (shell.ask === null) {
    throw usageError(
      `verify: the replay must be expected to take at most ${roughly(limit)}, got ${expected}; allow it with --yes or --max-minutes N, or replay a part with --until N`,
    );
  }
  if (await shell.ask(`The replay takes ${expected}. Replay it?`)) return Number.POSITIVE_INFINITY;
  throw usageError('verify: the replay was declined; --until N replays a part');
}

/**
 * Runs a replay within its time limit, and stops it once it clearly takes longer.
 *
 * @param now a clock in ms
 * @throws a usage error with the estimate, before the replay or after it was stopped
 */
export async function withinLimit<T>(
  shell: Pick<CommandShell, 'ask' | 'signal'>,
  { config, until, workers, ...allowed }: Replay,
  replay: (watch: Watch) => Promise<T>,
  now: () => number = () => performance.now(),
): Promise<T> {
  const cores = availableParallelism();
  const estimate = estimateSeconds(config, until, Math.min(workers ?? cores, cores));
  const limit = await limitOf(shell, estimate, allowed);
  const startMs = now();
  const tooLong = new AbortController();
  const whole = estimateSeconds(config, until);
  let expected = estimate;
  let iteration = 0;
  /** The start of the current phase. */
  let begun = { phase: '', seconds: 0, done: 0 };
  const check = (done: number): void => {
    const elapsed = (now() - startMs) / 1_000;
    const [since, did] = [elapsed - begun.seconds, done - begun.done];
    const rate = Math.max(done > 0 ? elapsed / done : 0, did > 0 && since >= rateSeconds ? since / did : 0);
    const projected = elapsed + rate * Math.max(0, whole - done);
    const clear = elapsed >= Math.min(leastSeconds, limit / 2) && projected > clearly * limit;
    if (tooLong.signal.aborted || (elapsed <= limit && !clear)) return;
    expected = Math.max(estimate, projected, elapsed);
    tooLong.abort();
  };
  const timer = setInterval(check, 1_000, 0);
  try {
    return await replay({
      signal: AbortSignal.any([shell.signal, tooLong.signal]),
      follow: (onProgress) => (progress) => {
        if (progress.phase === 'train') iteration = progress.done;
        const done = doneSeconds(config, progress, iteration);
        if (progress.phase !== begun.phase) begun = { phase: progress.phase, seconds: (now() - startMs) / 1_000, done };
        check(done);
        onProgress(progress);
      },
    });
  } catch (error) {
    if (!tooLong.signal.aborted || shell.signal.aborted) throw error;
    throw usageError(
      `verify: the replay must take at most ${roughly(limit)}, got one of about ${roughly(expected)}, stopped after ${roughly((now() - startMs) / 1_000)}; allow it with --yes or --max-minutes N, or replay a part with --until N`,
      error,
    );
  } finally {
    clearInterval(timer);
  }
}
