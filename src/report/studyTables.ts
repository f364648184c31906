/**
 * Tables of a study. Each number has its statistic, interval, seeds and the command that computed it. Output as CSV,
 * text and HTML.
 */
import { htmlTable } from './compare/closingTable.ts';
import type { Medium } from './draw/layout.ts';

/**
 * A number over seeds. The 95% interval is null with too few seeds; `values` then contains the value of each seed, if
 * there is one.
 */
export interface Estimate {
  /** The statistic: `IQM`, `mean`, `peak of the mean`, ... */
  readonly statistic: string;
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly seeds: readonly number[];
  /** In the order of `seeds`; only with too few seeds for an interval. */
  readonly values?: readonly number[];
  /** Decimals in text and HTML; default 2. */
  readonly digits?: number;
}

export interface StudyRow {
  readonly name: string;
  /** One per column: a number over seeds, plain text, or null if it was not measured. */
  readonly cells: readonly (Estimate | string | null)[];
  /** The command that computes the row's numbers again; SEED is replaced by each of the seeds. */
  readonly command: string;
}

export interface StudyTable {
  /** Name of its CSV file, without the extension. */
  readonly id: string;
  readonly title: string;
  /** Heading of the first column. */
  readonly rowHead: string;
  /** Names of the columns, with units. */
  readonly columns: readonly string[];
  readonly rows: readonly StudyRow[];
}

export interface StudyFigure {
  /** Name of its SVG file, without the extension. */
  readonly id: string;
  /** The SVG of the figure in a file, on a page or on a phone. */
  readonly draw: (medium: Medium) => string;
  readonly caption: string;
}

/** `1-8, 11`: runs of consecutive seeds, ascending. */
export function seedsText(seeds: readonly number[]): string {
  const sorted = [...new Set(seeds)].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length; ) {
    let last = i;
    while (sorted[last + 1] === sorted[last] + 1) last++;
    parts.push(last === i ? `${sorted[i]}` : `${sorted[i]}-${sorted[last]}`);
    i = last + 1;
  }
  return parts.join(', ');
}

const sign = (text: string): string => (/^-0\.0+$/.test(text) ? text.slice(1) : text.replace('-', '−'));

/**
 * `0.73 [0.65, 0.80]`; with too few seeds for an interval `0.73 (0.66 0.80 0.73)`, or `0.73` for one seed or without
 * values per seed; or `–` if not measured.
 */
export function estimateText(cell: Estimate | string | null): string {
  if (cell === null) return '–';
  if (typeof cell === 'string') return cell;
  const short = (x: number): string => sign(x.toFixed(cell.digits ?? 2));
  if (cell.low === null || cell.high === null) {
    const values = cell.values ?? [];
    return values.length < 2 ? short(cell.value) : `${short(cell.value)} (${values.map(short).join(' ')})`;
  }
  return `${short(cell.value)} [${short(cell.low)}, ${short(cell.high)}]`;
}

/** A difference: as `estimateText`, with a plus sign above zero. */
export function signedText(difference: Estimate): string {
  const text = estimateText(difference);
  return difference.value > 0 && !text.startsWith('0.00') ? `+${text}` : text;
}

/** The seeds of a row: those of its first number. */
function seedsOfRow(row: StudyRow): string {
  const first = row.cells.find((cell) => cell !== null && typeof cell !== 'string');
  return first === undefined ? '–' : seedsText((first as Estimate).seeds);
}

/** Heading and rows as text, with the seeds in the second column. */
function tableTexts(table: StudyTable): { head: string[]; rows: string[][] } {
  return {
    head: [table.rowHead, 'seeds', ...table.columns],
    rows: table.rows.map((row) => [row.name, seedsOfRow(row), ...row.cells.map(estimateText)]),
  };
}

/** The table as HTML. In wide tables, an interval is printed below its value. */
export function studyTableHtml(table: StudyTable): string {
  const { head, rows } = tableTexts(table);
  const kept = rows.map((cells) => cells.map((cell) => cell.replace(/\[(.+), (.+)\]$/, '[$1,\u00a0$2]')));
  return `<div class="study">${htmlTable(table.title, head, kept)}</div>`;
}

function csvField(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** CSV (RFC 4180) with one line per number, in full precision. */
export function studyTableCsv(table: StudyTable): string {
  const lines: (string | number | null)[][] = [
    [table.rowHead, 'column', 'statistic', 'value', 'low', 'high', 'n', 'seeds', 'command'],
  ];
  for (const row of table.rows) {
    for (const [i, cell] of row.cells.entries()) {
      if (cell === null) continue;
      const numbers =
        typeof cell === 'string'
          ? ['', cell, null, null, null, null]
          : [cell.statistic, cell.value, cell.low, cell.high, cell.seeds.length, seedsText(cell.seeds)];
      lines.push([row.name, table.columns[i], ...numbers, row.command]);
    }
  }
  return lines.map((line) => `${line.map(csvField).join(',')}\r\n`).join('');
}
