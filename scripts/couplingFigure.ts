/**
 * A figure of coupling as harm and as transfer: for each task the change of success when coupling is taken away, on one
 * axis. Right of 0 coupling did harm, left of 0 it carried learning. 440 pixels wide, so that a phone can show it.
 */
import { escapeMarkup } from '../src/report/draw/escapeMarkup.ts';

/** A mean difference of success with its 95% interval. */
export interface Change {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface CouplingRow {
  readonly task: string;
  /** What is compared, with the number of seeds. */
  readonly about: string;
  /** Success with decoupled advantages minus success of GRPO. */
  readonly change: Change;
  /** The same with the matrix permuted between samples: the distortion without its relation to the policy. */
  readonly control: Change | null;
  /** Whether samples moved each other less than with GRPO. Otherwise the row is no test of coupling. */
  readonly isTest: boolean;
}

const WIDTH = 440;
const MARGIN = 16;
const TOP = 128;
const ROW = 76;

const harm = '#D55E00';
const transfer = '#0072B2';
const open = '#6b6b6b';

/** `0.18`, `−0.11`, `0.00`. */
const decimal = (x: number): string =>
  x
    .toFixed(2)
    .replace(/^-0\.00$/, '0.00')
    .replace('-', '−');

/** The same with a plus sign above zero. */
const signed = (x: number): string => (x > 0 && decimal(x) !== '0.00' ? `+${decimal(x)}` : decimal(x));

/** `+0.1`, `−0.2`, `0`: a tick. */
const tenths = (x: number): string => (Math.abs(x) < 1e-9 ? '0' : signed(x).replace(/0$/, ''));

const intervalText = ({ value, low, high }: Change): string => `${signed(value)} [${decimal(low)}, ${decimal(high)}]`;

/** What the interval of a row says about coupling. */
function verdictOf({ change, isTest }: CouplingRow): 'harm' | 'transfer' | 'no difference shown' | 'no test' {
  if (!isTest) return 'no test';
  if (change.low > 0) return 'harm';
  return change.high < 0 ? 'transfer' : 'no difference shown';
}

const colors = { harm, transfer, 'no difference shown': open, 'no test': open } as const;

function text(x: number, y: number, words: string, attributes = ''): string {
  return `<text x="${x}" y="${y}" ${attributes}>${escapeMarkup(words)}</text>`;
}

/** @param grid lines of reference from one height to another */
function row(
  each: CouplingRow,
  top: number,
  at: (change: number) => number,
  grid: (from: number, to: number) => string,
): string {
  const { task, about, change, control } = each;
  const verdict = verdictOf(each);
  const color = colors[verdict];
  const y = top + 46;
  const bar = (of: Change, height: number, stroke: string, width: number): string =>
    `<path d="M${at(of.low)} ${height}H${at(of.high)}" stroke="${stroke}" stroke-width="${width}"/>`;
  const mark =
    verdict === 'no test'
      ? `<circle cx="${at(change.value)}" cy="${y}" r="6" fill="#ffffff" stroke="${color}" stroke-width="2"/>`
      : `<circle cx="${at(change.value)}" cy="${y}" r="6.5" fill="${color}"/>`;
  return [
    grid(top + 38, top + 66),
    text(MARGIN, top + 14, task, 'font-size="15" font-weight="600"'),
    text(WIDTH - MARGIN, top + 14, intervalText(change), `font-size="14" text-anchor="end" fill="${color}"`),
    text(MARGIN, top + 31, verdict === 'no test' ? `${about}; no test` : about, 'font-size="13" fill="#555555"'),
    bar(change, y, color, 4),
    mark,
    ...(control === null
      ? []
      : [
          bar(control, y + 13, '#8a8a8a', 2),
          `<rect x="${at(control.value) - 4}" y="${y + 9}" width="8" height="8" fill="#ffffff" stroke="#6b6b6b" stroke-width="1.5"/>`,
        ]),
  ].join('\n');
}

/** The text of the figure for readers who do not see it. */
export function couplingFigureText(rows: readonly CouplingRow[]): string {
  const parts = rows.map((each) => `${each.task} (${each.about}): ${intervalText(each.change)}, ${verdictOf(each)}`);
  return `Change of success when coupling is taken away, with 95% intervals. Above 0 coupling did harm, below 0 it carried learning. ${parts.join('; ')}.`;
}

/** The figure as stand-alone SVG on white. */
export function couplingFigure(rows: readonly CouplingRow[]): string {
  const bounds = rows.flatMap(({ change, control }) => [change, ...(control === null ? [] : [control])]);
  const largest = Math.max(0.2, ...bounds.flatMap(({ low, high }) => [-low, high]));
  const step = largest > 0.4 ? 0.2 : 0.1;
  const end = Math.ceil(largest / step - 1e-9) * step;
  const half = WIDTH / 2 - MARGIN;
  const at = (change: number): number => Number((WIDTH / 2 + (change / end) * half).toFixed(1));
  const bottom = TOP + rows.length * ROW;
  const ticks = Array.from({ length: 2 * Math.round(end / step) + 1 }, (_, i) => -end + i * step);
  const hasControl = rows.some(({ control }) => control !== null);
  const height = bottom + (hasControl ? 74 : 50);
  const centre = (from: number, to: number): number => (at(from) + at(to)) / 2;
  // Only behind the marks: lines through words are hard to read.
  const grid = (from: number, to: number): string =>
    ticks
      .map((tick) => {
        const zero = Math.abs(tick) < 1e-9;
        return `<path d="M${at(tick)} ${from}V${to}" stroke="${zero ? '#777777' : '#dcdcdc'}" stroke-width="${zero ? 2 : 1}"/>`;
      })
      .join('\n');
  const labels = ticks.map((tick, i) => {
    const anchor = i === 0 ? 'start' : i === ticks.length - 1 ? 'end' : 'middle';
    return text(at(tick), bottom + 18, tenths(tick), `font-size="13" fill="#555555" text-anchor="${anchor}"`);
  });
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeMarkup(couplingFigureText(rows))}">`,
    `<rect width="${WIDTH}" height="${height}" rx="8" fill="#ffffff"/>`,
    `<rect x="${at(-end)}" y="${TOP - 44}" width="${half}" height="${bottom - TOP + 44}" fill="${transfer}" fill-opacity="0.07"/>`,
    `<rect x="${at(0)}" y="${TOP - 44}" width="${half}" height="${bottom - TOP + 44}" fill="${harm}" fill-opacity="0.07"/>`,
    '<g font-family="Helvetica, Arial, sans-serif" fill="#1a1a1a">',
    text(MARGIN, 30, 'What if coupling is taken away?', 'font-size="17" font-weight="700"'),
    text(MARGIN, 52, 'Success with decoupled advantages minus that of GRPO,', 'font-size="14" fill="#555555"'),
    text(MARGIN, 70, 'same data and seeds. Bars: 95% interval.', 'font-size="14" fill="#555555"'),
    text(centre(-end, 0), TOP - 24, '← falls: coupling', `font-size="14" text-anchor="middle" fill="${transfer}"`),
    text(centre(-end, 0), TOP - 9, 'carried learning', `font-size="14" text-anchor="middle" fill="${transfer}"`),
    text(centre(0, end), TOP - 24, 'rises: coupling →', `font-size="14" text-anchor="middle" fill="${harm}"`),
    text(centre(0, end), TOP - 9, 'did harm', `font-size="14" text-anchor="middle" fill="${harm}"`),
    ...rows.map((each, i) => row(each, TOP + i * ROW, at, grid)),
    ...labels,
    text(WIDTH / 2, bottom + 38, 'change of the success rate', 'font-size="14" text-anchor="middle"'),
    ...(hasControl
      ? [
          `<rect x="${MARGIN}" y="${bottom + 52}" width="8" height="8" fill="#ffffff" stroke="#6b6b6b" stroke-width="1.5"/>`,
          text(MARGIN + 16, bottom + 61, 'control: cosines permuted between samples', 'font-size="13" fill="#555555"'),
        ]
      : []),
    '</g>',
    '</svg>',
  ].join('\n')}\n`;
}
