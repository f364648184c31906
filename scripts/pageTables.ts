/** Tables of a page of docs/results from the CSVs of a study: columns, rows, and their conversion to Markdown. */
import { markdownTable } from '../bench/markdown.ts';
import { type Estimate, estimateText, signedText } from '../src/report/studyTables.ts';
import { holmCorrection } from '../src/statistics/statistics.ts';

/** Numbers of a CSV by row and column. */
export type StoredTable = ReadonlyMap<string, ReadonlyMap<string, Estimate>>;

/** Reads a CSV by its name without the extension; null if it is not stored. */
export type Stored = (name: string) => StoredTable | null;

/** Fields of each line of RFC 4180 text. */
export function fieldsOf(csv: string): string[][] {
  return csv
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain,
      ),
    );
}

/** Reads the numbers of a study's CSV and skips cells that are no number. */
export function readStudyCsv(csv: string): StoredTable {
  const table = new Map<string, Map<string, Estimate>>();
  const bound = (text: string): number | null => (text === '' ? null : Number(text));
  for (const [row, column, statistic, value, low, high] of fieldsOf(csv).slice(1)) {
    if (Number.isNaN(Number(value))) continue;
    if (!table.has(row)) table.set(row, new Map());
    const number = { statistic, value: Number(value), low: bound(low), high: bound(high), seeds: [] };
    table.get(row)?.set(column, number);
  }
  return table;
}

/** A column of a page's table: its heading, and the text of a row. */
export interface PageColumn {
  readonly head: string;
  text(cells: ReadonlyMap<string, Estimate>, table: StoredTable): string;
}

const shown =
  (format: (found: Estimate) => string) =>
  (column: string, head = column): PageColumn => ({
    head,
    text(cells) {
      const found = cells.get(column);
      return found === undefined ? '' : format(found);
    },
  });

export const number = shown(estimateText);
export const signed = shown(signedText);
export const plain = shown(({ value }) => estimateText({ statistic: '', value, low: null, high: null, seeds: [] }));
export const thousands = shown(({ value }) => `${Math.round(value)}k`);

export const threeDigits = shown(({ value }) => value.toFixed(3));
export const exact = shown(({ value }) => String(value));
export const thousandths = shown(({ value, low, high }) => {
  const three = (x: number | null): string => (x ?? Number.NaN).toFixed(3).replace('-', '−');
  return `${three(value)} [${three(low)}, ${three(high)}]`;
});

/** The p values of a table's rows, corrected for their number. This column needs the complete table. */
export const holm = (column: string, head: string): PageColumn => ({
  head,
  text: (cells, table) => {
    const own = cells.get(column);
    if (own === undefined) return '';
    const rows = [...table.values()].filter((each) => each.has(column));
    const corrected = holmCorrection(rows.map((each) => each.get(column)?.value ?? 1));
    return corrected[rows.indexOf(cells)].toFixed(3);
  },
});

export const success = number('out-of-domain success', 'out-of-domain');
export const steps = thousands('environment steps (thousands)', 'steps');

/** A table between the markers of a page. */
export interface PageTable {
  readonly name: string;
  /** null until its CSV is stored. */
  markdown(stored: Stored): string | null;
}

interface Rows {
  /** Names in the order of the page; by default in the order of the CSV. */
  readonly rows?: readonly string[];
  /** A column; rows are sorted by it in descending order. */
  readonly sortBy?: string;
  readonly rowHead?: string;
  /** Whether columns that no row has are left out: a stored CSV can be of an earlier version of the study. */
  readonly partial?: boolean;
}

/** Rows of one CSV. */
export function tableOf(
  name: string,
  csv: string,
  columns: readonly PageColumn[],
  { rows, sortBy, rowHead = 'Trained with', partial = false }: Rows = {},
): PageTable {
  return {
    name,
    markdown(stored) {
      const table = stored(csv);
      if (table === null) return null;
      const found = (rows ?? [...table.keys()]).flatMap((row) => {
        const cells = table.get(row);
        return cells === undefined ? [] : [{ row, cells }];
      });
      if (found.length === 0) return null;
      const key = ({ cells }: (typeof found)[number]): number => cells.get(sortBy ?? '')?.value ?? 0;
      const sorted = sortBy === undefined ? found : found.toSorted((a, b) => key(b) - key(a));
      const present = columns.filter(({ text }) => !partial || found.some(({ cells }) => text(cells, table) !== ''));
      const lines = sorted.map(({ row, cells }) => [row, ...present.map(({ text }) => text(cells, table))]);
      return markdownTable([rowHead, ...present.map(({ head }) => head)], lines);
    },
  };
}

export interface ResultPage {
  readonly study: string;
  /** Path below docs/results. */
  readonly page: string;
  /** Files of the study that are stored, with their paths below docs. */
  readonly files: readonly (readonly [from: string, to: string])[];
  readonly tables: readonly PageTable[];
}

/** Files that a study stores under its own name. */
export const kept = (study: string, files: readonly string[]): [string, string][] =>
  files.map((file) => [file, `results/${study}/${file}`]);
