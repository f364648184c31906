/** What a part of the harness counted. */
import { unclearText } from './verdict.ts';

/** Kinds of failure. */
export type Failure = 'wrong verdict' | 'lost run' | 'hang' | 'crash' | 'unclear message';

export const failureKinds: readonly Failure[] = ['wrong verdict', 'lost run', 'hang', 'crash', 'unclear message'];

export interface Tally {
  readonly name: string;
  attempts: number;
  /** Commands executed. */
  commands: number;
  readonly failures: { readonly kind: Failure; readonly text: string }[];
  /** The most memory of any process, KiB. */
  maxRssKb: number;
  /** What the attempts were, by kind. */
  readonly counts: Record<string, number>;
  /** What could not be done here, with the reason. */
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

/** Takes the memory and the messages of an ended command into the tally. */
export function inspect(
  tally: Tally,
  where: string,
  ended: { code: number | null; stdout: string; stderr: string },
  maxRssKb: number,
): void {
  tally.commands++;
  tally.maxRssKb = Math.max(tally.maxRssKb, maxRssKb);
  const unclear = unclearText({ ...ended, code: ended.code ?? 1 });
  if (unclear !== null) fail(tally, 'unclear message', `${where}: ${unclear}: ${ended.stderr.slice(-300)}`);
}
