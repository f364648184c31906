/** Tables of success and returns by split, as `train` and `random` print them. */
import type { RunResult } from '../../record/schemas.ts';
import { table, two } from './print.ts';

type Means = NonNullable<RunResult['return']>;

/** A row: its name and its mean in each split; a mean that was not measured is `-`. */
type Row = readonly [name: string, values: Readonly<Record<keyof Means, string>>];

const splitColumns = ['train', 'in-domain', 'out-of-domain'];

function tableOf(title: string, rows: readonly Row[]): string {
  return table(
    [title, ...splitColumns],
    rows.map(([name, { train, inDomain, outOfDomain }]) => [name, train, inDomain, outOfDomain]),
  );
}

function eachSplit<T>(
  values: Readonly<Record<keyof Means, T>>,
  show: (value: T) => string,
): Readonly<Record<keyof Means, string>> {
  return {
    train: show(values.train),
    inDomain: show(values.inDomain),
    outOfDomain: show(values.outOfDomain),
  };
}

/** `0.42 [0.37, 0.47]`, or `-` if the split was not played. */
function withInterval(mean: Means['train']): string {
  if (mean === null) return '-';
  return mean.interval === null ? two(mean.mean) : `${two(mean.mean)} [${mean.interval.map(two).join(', ')}]`;
}

/** Whether every mean return is the success of its split, so that it needs no table of its own. */
function returnsAreSuccess({ success, return: returns }: Pick<RunResult, 'success' | 'return'>): boolean {
  if (returns === undefined) return true;
  return (['train', 'inDomain', 'outOfDomain'] as const).every((key) => (returns[key]?.mean ?? null) === success[key]);
}

const isMeasured = (values: object): boolean => Object.values(values).some((value) => value !== null);

/**
 * The results at the end of a run, with the baseline of random actions below them: success where it means something,
 * and returns where they are not the success.
 */
export function resultTables(result: Pick<RunResult, 'success' | 'return' | 'random'>): string[] {
  const { success, return: returns, random } = result;
  const tables: string[] = [];
  if (isMeasured(success) || returns === undefined) {
    const rows: Row[] = [['at the end', eachSplit(success, two)]];
    if (random) rows.push(['random actions', eachSplit(random.success, (mean) => two(mean?.mean))]);
    tables.push(tableOf('Success', rows));
  }
  if (returns !== undefined && !returnsAreSuccess(result)) {
    const rows: Row[] = [['at the end', eachSplit(returns, withInterval)]];
    if (random) rows.push(['random actions', eachSplit(random.return, withInterval)]);
    tables.push(tableOf('Return', rows));
  }
  return tables;
}

/** Success and returns of random actions with their intervals, and other numbers by split. */
export function randomTable(
  { success, return: returns }: NonNullable<RunResult['random']>,
  steps: Readonly<Record<keyof Means, number | null>>,
): string {
  const rows: Row[] = [
    ['success', eachSplit(success, withInterval)],
    ['return', eachSplit(returns, withInterval)],
    ['steps', eachSplit(steps, (mean) => (mean === null ? '-' : mean.toFixed(1)))],
  ];
  return tableOf('Random actions', isMeasured(success) ? rows : rows.slice(1));
}
