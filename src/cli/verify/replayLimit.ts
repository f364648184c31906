/**
 * How long a replay may take. Its config is a stranger's claim: what it asks for is estimated before anything is
 * opened, and watched.
 */
import { availableParallelism } from 'node:os';
import { Option } from 'commander';
import type { Config } from '../../config/config.ts';
import { estimateSeconds, partSeconds } from '../../train/estimate.ts';
import type { Progress } from '../../train/run.ts';
import { numberFrom, usageError } from '../shared/arguments.ts';
import type { Frame } from '../shared/commandShell.ts';
import { count } from '../shared/print.ts';

/** What may be spent without being asked. */
const defaultMinutes = 10;
/**
 * A projection counts once this much time has passed, and only if it exceeds the limit this many times: its parts are
 * rough.
 */
const leastSeconds = 30;
const clearly = 3;
/** The pace of a phase counts once it has gone on for so long. */
const paceSeconds = 10;

export interface LimitOptions {
  readonly yes?: true;
  readonly maxMinutes?: number;
}

/** `--yes` and `--max-minutes`. */
export function limitOptions(): Option[] {
  return [
    new Option('--yes', `replay without asking, however long it takes (else at most ${defaultMinutes} minutes)`),
    new Option('--max-minutes <n>', 'replay without asking if it takes at most so long').argParser(
      numberFrom(0, 1_000_000),
    ),
  ];
}

/** A time in its fitting unit, rounded. */
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

/** How far a replay is, in seconds of its own estimate. */
export function doneSeconds(config: Config, progress: Progress, iteration: number): number {
  const { start, coldStart, evaluation } = partSeconds(config);
  const { phase, done, total } = progress;
  const share = total > 0 ? done / total : 1;
  if (phase === 'cold start') return start + share * coldStart;
  if (phase === 'train') return estimateSeconds(config, done);
  if (phase !== 'evaluate') return 0;
  return (iteration > 0 ? estimateSeconds(config, iteration) : start + coldStart) + share * evaluation;
}

/** A replay that is watched. */
export interface Watch {
  readonly signal: AbortSignal;
  /** Takes note of the replay's progress and passes it on. */
  follow(onProgress: (progress: Progress) => void): (progress: Progress) => void;
}

/** What is asked for. */
export interface Replay extends LimitOptions {
  readonly config: Config;
  readonly until: number;
  /** Threads asked for; undefined is one per core. */
  readonly workers: number | undefined;
}

/** Seconds that the replay may take. @throws a usage error if it is expected to take longer and nobody allows it */
async function limitOf(
  frame: Pick<Frame, 'ask'>,
  estimate: number,
  { yes, maxMinutes }: LimitOptions,
): Promise<number> {
  if (yes && maxMinutes !== undefined) throw usageError('--yes and --max-minutes exclude each other; keep one');
  if (yes) return Number.POSITIVE_INFINITY;
  const limit = 60 * (maxMinutes ?? defaultMinutes);
  if (estimate <= limit) return limit;
  const expected = `about ${roughly(estimate)}, as its config says`;
  if (frame.ask === null) {
    throw usageError(
      `verify: the replay must be expected to take at most ${roughly(limit)}, got ${expected}; allow it with --yes or --max-minutes N, or replay a part with --until N`,
    );
  }
  if (await frame.ask(`The replay takes ${expected}. Replay it?`)) return Number.POSITIVE_INFINITY;
  throw usageError('verify: not replayed; --until N replays a part');
}

/**
 * Does a replay that may take so long, and stops it once it is clear that it takes longer.
 *
 * @param now a clock in ms
 * @throws a usage error with the estimate, before the replay or when it is stopped
 */
export async function withinLimit<T>(
  frame: Pick<Frame, 'ask' | 'signal'>,
  { config, until, workers, ...allowed }: Replay,
  replay: (watch: Watch) => Promise<T>,
  now: () => number = () => performance.now(),
): Promise<T> {
  const cores = availableParallelism();
  const estimate = estimateSeconds(config, until, Math.min(workers ?? cores, cores));
  const limit = await limitOf(frame, estimate, allowed);
  const startMs = now();
  const tooLong = new AbortController();
  const whole = estimateSeconds(config, until);
  let expected = estimate;
  let iteration = 0;
  /** Where the present phase began. */
  let begun = { phase: '', seconds: 0, done: 0 };
  const check = (done: number): void => {
    const elapsed = (now() - startMs) / 1_000;
    const [since, did] = [elapsed - begun.seconds, done - begun.done];
    const pace = Math.max(done > 0 ? elapsed / done : 0, did > 0 && since >= paceSeconds ? since / did : 0);
    const projected = elapsed + pace * Math.max(0, whole - done);
    const clear = elapsed >= Math.min(leastSeconds, limit / 2) && projected > clearly * limit;
    if (tooLong.signal.aborted || (elapsed <= limit && !clear)) return;
    expected = Math.max(estimate, projected, elapsed);
    tooLong.abort();
  };
  const timer = setInterval(check, 1_000, 0);
  try {
    return await replay({
      signal: AbortSignal.any([frame.signal, tooLong.signal]),
      follow: (onProgress) => (progress) => {
        if (progress.phase === 'train') iteration = progress.done;
        const done = doneSeconds(config, progress, iteration);
        if (progress.phase !== begun.phase) begun = { phase: progress.phase, seconds: (now() - startMs) / 1_000, done };
        check(done);
        onProgress(progress);
      },
    });
  } catch (error) {
    if (!tooLong.signal.aborted || frame.signal.aborted) throw error;
    throw usageError(
      `verify: the replay must take at most ${roughly(limit)}, got one of about ${roughly(expected)}, stopped after ${roughly((now() - startMs) / 1_000)}; allow it with --yes or --max-minutes N, or replay a part with --until N`,
      error,
    );
  } finally {
    clearInterval(timer);
  }
}
