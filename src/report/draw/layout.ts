/** Where the parts of a figure are: title, legend and panels, in a file, on a page and on a phone. */
import type { EChartsCoreOption } from 'echarts/core';

/** Width of a figure in CSS pixels: the text column of a README. */
export const figureWidth = 760;

/** Where a figure is shown. Figures of pages have tips: the values of a mark, shown while the pointer is on it. */
export interface Medium {
  readonly width: number;
  readonly tips: boolean;
  /** Follows the id of a figure, because a page holds it for wide windows and for phones. */
  readonly suffix: string;
}

/** A file of its own, as in a README. */
export const file: Medium = { width: figureWidth, tips: false, suffix: '' };
export const page: Medium = { width: figureWidth, tips: true, suffix: '' };
/** A window of 390 pixels: panels are below each other. */
export const phone: Medium = { width: 360, tips: true, suffix: '-phone' };

/** Space between the figure's edge and its text. */
export const margin = 14;

export interface Figure {
  /** Unique on a page; prefix of the ids in the SVG. */
  readonly id: string;
  readonly title: string;
  readonly subtitle?: string;
  readonly height: number;
  readonly legend?: readonly LegendEntry[];
  /** Panels with axes, in the order of their axes. On a phone they are below each other. */
  readonly panels?: readonly NamedPanel[];
  /** Series, axes and further graphics. Text is escaped, so any characters are allowed. */
  readonly option: EChartsCoreOption;
}

/** Line style, colour and marker of a series, equal in all figures of a report. */
export interface SeriesStyle {
  readonly color: string;
  readonly symbol: string;
  readonly line: 'solid' | 'dashed' | 'dotted' | 'none';
}

export interface LegendEntry extends SeriesStyle {
  readonly name: string;
}

/** Position of one panel, in pixels of the figure. */
export interface Panel {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A panel with its heading. With `about`, its lines are printed between heading and panel. */
export interface NamedPanel extends Panel {
  readonly name?: string;
  readonly about?: string;
  /** Name of the value axis, where a figure leaves it out and the panel at the left has another one. */
  readonly axis?: string;
}

/** `count` panels in rows of two, `step` pixels from one row to the next. */
export function twoColumns(count: number, top: number, height: number, step: number): Panel[] {
  return Array.from({ length: count }, (_, i) => ({
    left: 70 + (i % 2) * 350,
    top: top + Math.floor(i / 2) * step,
    width: 290,
    height,
  }));
}

/** Width of a character in pixels, for a wide substitute font: lines break early rather than overflow the figure. */
const characterWidth = (fontSize: number): number => fontSize * 0.6;

export function wrap(text: string, fontSize: number, width: number): string[] {
  const limit = Math.floor((width - 2 * margin) / characterWidth(fontSize));
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    if (last !== '' && last.length + 1 + word.length > limit) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

export function legendRows(entries: readonly LegendEntry[], figure: number): LegendEntry[][] {
  const rows: LegendEntry[][] = [[]];
  let used = 0;
  for (const entry of entries) {
    const width = legendWidth(entry);
    if (used > 0 && used + width > figure - 2 * margin) {
      rows.push([]);
      used = 0;
    }
    rows[rows.length - 1].push(entry);
    used += width;
  }
  return entries.length === 0 ? [] : rows;
}

export const legendWidth = (entry: LegendEntry): number => 60 + entry.name.length * characterWidth(11.5);

/** Lines of an entry's name, which starts 37 pixels from the line of the entry. */
export const legendLines = ({ name }: LegendEntry, figure: number): string[] => wrap(name, 11.5, figure - 37);

export const legendHeight = (row: readonly LegendEntry[], figure: number): number =>
  22 + 16 * (Math.max(...row.map((entry) => legendLines(entry, figure).length)) - 1);

/** Top of the first panel in pixels, below title, subtitle and legend. */
export function panelTop(figure: Pick<Figure, 'title' | 'subtitle' | 'legend'>, { width }: Medium = file): number {
  const subtitle = figure.subtitle === undefined ? 0 : wrap(figure.subtitle, 12.5, width).length * 17 + 2;
  const legend = legendRows(figure.legend ?? [], width).reduce((sum, row) => sum + legendHeight(row, width), 0);
  return margin + wrap(figure.title, 16, width).length * 21 + subtitle + legend + 20;
}
