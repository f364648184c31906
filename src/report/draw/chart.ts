/**
 * Common style of all figures (palette, axes, panels), and the conversion of an ECharts option to a stand-alone SVG.
 */

import { BarChart, CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import { GraphicComponent, GridComponent, MarkLineComponent, TitleComponent } from 'echarts/components';
import { type EChartsCoreOption, format, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { escapeMarkup } from './escapeMarkup.ts';

use([
  BarChart,
  CustomChart,
  LineChart,
  ScatterChart,
  GraphicComponent,
  GridComponent,
  MarkLineComponent,
  TitleComponent,
  SVGRenderer,
]);

/** Okabe and Ito's colour-blind safe colours, without the yellow, which is too light on white. */
const palette = ['#000000', '#D55E00', '#0072B2', '#009E73', '#CC79A7', '#E69F00', '#56B4E9'] as const;

const markers = ['circle', 'triangle', 'rect', 'diamond'] as const;

export const ink = '#1a1a1a';
export const muted = '#555555';
const rule = '#e4e4e4';

/** Width of a figure in CSS pixels: the text column of a README. */
export const figureWidth = 760;

/** Space between the figure's edge and its text. */
export const margin = 14;

export interface Figure {
  /** Unique on a page; prefix of the ids in the SVG. */
  readonly id: string;
  readonly title: string;
  readonly subtitle?: string;
  readonly height: number;
  readonly legend?: readonly LegendEntry[];
  /** Series, grids and axes. Text is escaped, so any characters are allowed. */
  readonly option: EChartsCoreOption;
}

/** Line style, colour and marker of a series, equal in all figures of a report. */
export interface SeriesStyle {
  readonly color: string;
  readonly symbol: string;
  readonly line: 'solid' | 'dashed' | 'dotted' | 'none';
}

/** Style of series `index`. Colours repeat after seven series, with another marker. */
export function seriesStyle(index: number, line: SeriesStyle['line'] = 'solid'): SeriesStyle {
  return { color: palette[index % palette.length], symbol: markers[index % markers.length], line };
}

interface LegendEntry extends SeriesStyle {
  readonly name: string;
}

/** Position of one panel, in pixels of the figure. */
export interface Panel {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
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

function wrap(text: string, fontSize: number): string[] {
  const limit = Math.floor((figureWidth - 2 * margin) / characterWidth(fontSize));
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    if (last !== '' && last.length + 1 + word.length > limit) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

function legendRows(entries: readonly LegendEntry[]): LegendEntry[][] {
  const rows: LegendEntry[][] = [[]];
  let used = 0;
  for (const entry of entries) {
    const width = legendWidth(entry);
    if (used > 0 && used + width > figureWidth - 2 * margin) {
      rows.push([]);
      used = 0;
    }
    rows[rows.length - 1].push(entry);
    used += width;
  }
  return entries.length === 0 ? [] : rows;
}

const legendWidth = (entry: LegendEntry): number => 60 + entry.name.length * characterWidth(11.5);

/** Top of the first panel in pixels, below title, subtitle and legend. */
export function panelTop(figure: Pick<Figure, 'title' | 'subtitle' | 'legend'>): number {
  const subtitle = figure.subtitle === undefined ? 0 : wrap(figure.subtitle, 12.5).length * 17 + 2;
  return margin + wrap(figure.title, 16).length * 21 + subtitle + legendRows(figure.legend ?? []).length * 22 + 20;
}

function graphicLegend(entries: readonly LegendEntry[], top: number): object[] {
  return legendRows(entries).flatMap((row, rowIndex) => {
    let left = margin;
    return row.flatMap((entry) => {
      const x = left;
      const y = top + rowIndex * 22 + 8;
      left += legendWidth(entry);
      return [
        ...(entry.line === 'none' ? [] : [legendLine(entry, x, y)]),
        ...(entry.symbol === 'none' ? [] : [legendMarker(entry, x + 15, y)]),
        {
          type: 'text',
          x: x + 37,
          y,
          style: { text: entry.name, fontSize: 12.5, fill: ink, verticalAlign: 'middle', fontFamily },
        },
      ];
    });
  });
}

function legendLine(entry: LegendEntry, x: number, y: number): object {
  const style = { stroke: entry.color, lineWidth: 2.5, lineDash: dash(entry.line) };
  return { type: 'line', shape: { x1: x, y1: y, x2: x + 30, y2: y }, style };
}

function legendMarker(entry: LegendEntry, x: number, y: number): object {
  const style = { fill: entry.color };
  if (entry.symbol === 'circle') return { type: 'circle', shape: { cx: x, cy: y, r: 4 }, style };
  if (entry.symbol === 'rect') return { type: 'rect', shape: { x: x - 4, y: y - 4, width: 8, height: 8 }, style };
  const points =
    entry.symbol === 'triangle'
      ? [
          [0, -4.5],
          [4.5, 4],
          [-4.5, 4],
        ]
      : [
          [0, -5],
          [5, 0],
          [0, 5],
          [-5, 0],
        ];
  return { type: 'polygon', shape: { points: points.map(([dx, dy]) => [x + dx, y + dy]) }, style };
}

/** Dashes and gaps of a line, in pixels; undefined for a solid one. */
export function dash(line: SeriesStyle['line']): number[] | undefined {
  if (line === 'solid') return undefined;
  return line === 'dashed' ? [7, 4] : [2, 3];
}

export const fontFamily = 'Helvetica, Arial, sans-serif';

/** Estimated width of a line of text, in pixels. */
export const textWidth = (text: string, fontSize: number): number =>
  format.getTextRect(text, `${fontSize}px ${fontFamily}`).width;

/** Line style of a series. */
export function lineStyle(style: SeriesStyle): object {
  return { color: style.color, width: 2.2, type: dash(style.line) ?? 'solid' };
}

/** A value axis with its name below it (x) or rotated beside it (y). */
export function valueAxis(name: string, direction: 'x' | 'y', gap: number, more: object = {}): object {
  return {
    type: 'value',
    name,
    nameLocation: 'middle',
    nameGap: gap,
    nameTextStyle: { color: ink, fontSize: 12 },
    axisLine: { show: direction === 'x', lineStyle: { color: muted }, onZero: false },
    axisTick: { show: direction === 'x', lineStyle: { color: muted } },
    axisLabel: { color: muted, fontSize: 11, hideOverlap: true },
    splitLine: { show: direction === 'y', lineStyle: { color: rule } },
    ...more,
  };
}

/** Heading of a panel, above its upper left corner. With `about`, its lines are printed between heading and panel. */
export function panelName(text: string, panel: Panel, about = ''): object {
  const line = { type: 'text', x: panel.left };
  const style = { fontSize: 12.5, lineHeight: 16, verticalAlign: 'bottom', fontFamily };
  const name = { ...style, text, fontWeight: 'bold', fill: ink };
  if (about === '') return { ...line, y: panel.top - 9, style: name };
  const children = [
    { ...line, y: panel.top - 9 - 15 * about.split('\n').length, style: name },
    { ...line, y: panel.top - 9, style: { ...style, lineHeight: 15, text: about, fontSize: 11.5, fill: muted } },
  ];
  return { type: 'group', children };
}

/**
 * Renders a figure as stand-alone SVG, `figureWidth` CSS pixels wide, on white, with an accessible name and without
 * scripts. Equal figures have equal text.
 */
export function renderSvg(figure: Figure): string {
  const titleLines = wrap(figure.title, 16);
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: figureWidth, height: figure.height });
  const own = (figure.option.graphic as object[] | undefined) ?? [];
  try {
    chart.setOption({
      animation: false,
      backgroundColor: '#ffffff',
      textStyle: { fontFamily },
      ...figure.option,
      title: {
        text: titleLines.join('\n'),
        ...(figure.subtitle === undefined ? {} : { subtext: wrap(figure.subtitle, 12.5).join('\n') }),
        left: margin,
        top: margin,
        padding: 0,
        itemGap: 5,
        textStyle: { fontSize: 16, lineHeight: 21, fontWeight: 'bold', color: ink },
        subtextStyle: { fontSize: 12.5, lineHeight: 17, color: muted },
      },
      graphic: [...own, ...graphicLegend(figure.legend ?? [], panelTop({ ...figure, legend: [] }) - 6)],
    });
    return standAlone(chart.renderToSVGString(), figure);
  } finally {
    // Without this call, the animation loop of the renderer keeps the process running.
    chart.dispose();
  }
}

/** Removes hover rules and internal attributes, and replaces the running number in ids by the figure's id. */
function standAlone(svg: string, figure: Figure): string {
  const label = escapeMarkup(figure.subtitle === undefined ? figure.title : `${figure.title}. ${figure.subtitle}`);
  return svg
    .replace(/<style >[\s\S]*?<\/style>\n?/g, '')
    .replace(/ (?:class|pointer-events|ecmeta_\w+)="[^"]*"/g, '')
    .replace(/\bzr\d+-/g, `${figure.id}-`)
    .replace('<svg ', `<svg role="img" aria-label="${label}" `);
}
