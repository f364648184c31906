/** Counts of one part of the harness. */
import { isStackTrace, unclearText } from './verdict.ts';

/** Kinds of failure. */
export const failureKinds = ['wrong verdict', 'lost run', 'hang', 'crash', 'stack trace', 'unclear message'] as const;

export type Failure = (typeof failureKinds)[number];

export interface Tally {
  readonly name: string;
  attempts: number;
  /** Commands executed. */
  commands: number;
  readonly failures: { readonly kind: Failure; readonly text: string }[];
  /** Peak memory over all processes, KiB. */
  maxRssKb: number;
  /** Number of attempts by kind. */
  readonly counts: Record<string, number>;
  /** Skipped work, with the reason. */
  readonly notes: string[];
}

export function openTally(name: string): Tally {
  return { name, attempts: 0, commands: 0, failures: [], maxRssKb: 0, counts: {}, notes: [] };
}

export function fail(tally: Tally, kind: Failure, text: string): void {
  tally.failures.push({ kind, text });
}

export function countOne(tally: Tally, kind: string): void {
  tally.counts[kind] = (tally.counts[kind] ?? 0) + 1;
}

/** Adds the memory and the messages of an ended command to the counts. */
export function inspect(
  tally: Tally,
  where: string,
  ended: { code: number | null; stdout: string; stderr: string },
  maxRssKb: number,
): void {
  tally.commands++;
  tally.maxRssKb = Math.max(tally.maxRssKb, maxRssKb);
  // A process that a signal ended could not print a message.
  const outcome = { ...ended, code: ended.code ?? 0 };
  const unclear = unclearText(outcome);
  if (unclear === null) return;
  const kind = isStackTrace(outcome) ? 'stack trace' : 'unclear message';
  fail(tally, kind, `${where}: ${unclear}: ${ended.stderr.slice(-300)}`);
}
