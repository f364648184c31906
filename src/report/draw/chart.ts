/**
 * Common style of all figures (palette, axes, panels), and the conversion of an ECharts option to a stand-alone SVG.
 */

import { BarChart, CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import { GraphicComponent, GridComponent, MarkLineComponent, TitleComponent } from 'echarts/components';
import { format, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { ink, muted, palette, rule } from './colors.ts';
import { escapeMarkup } from './escapeMarkup.ts';
import {
  type Figure,
  figureWidth,
  file,
  type LegendEntry,
  legendHeight,
  legendLines,
  legendRows,
  legendWidth,
  type Medium,
  margin,
  type Panel,
  panelTop,
  type SeriesStyle,
  wrap,
} from './layout.ts';
import { stacked } from './stacked.ts';
import { withTips } from './tips.ts';

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

const markers = ['circle', 'triangle', 'rect', 'diamond'] as const;

/** Style of series `index`. Colours repeat after seven series, with another marker. */
export function seriesStyle(index: number, line: SeriesStyle['line'] = 'solid'): SeriesStyle {
  return { color: palette[index % palette.length], symbol: markers[index % markers.length], line };
}

function graphicLegend(entries: readonly LegendEntry[], top: number, { width }: Medium): object[] {
  let below = top;
  return legendRows(entries, width).flatMap((row) => {
    let left = margin;
    const y = below + 8;
    below += legendHeight(row, width);
    return row.flatMap((entry) => {
      const x = left;
      const lines = legendLines(entry, width);
      left += legendWidth(entry);
      return [
        ...(entry.line === 'none' ? [] : [legendLine(entry, x, y)]),
        ...(entry.symbol === 'none' ? [] : [legendMarker(entry, x + 15, y)]),
        {
          type: 'text',
          x: x + 37,
          y: y + 8 * (lines.length - 1),
          style: {
            ...{ text: lines.join('\n'), fontSize: 12.5, fill: ink, verticalAlign: 'middle', fontFamily },
            ...(lines.length > 1 && { lineHeight: 16 }),
          },
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

/** Heading of a panel, above its upper left corner. */
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
 * Renders a figure as stand-alone SVG on white, with an accessible name and without scripts. Equal figures have equal
 * text.
 *
 * @param medium default: a file of its own, `figureWidth` CSS pixels wide
 */
export function renderSvg(given: Figure, medium: Medium = file): string {
  const figure = medium.width < figureWidth ? stacked(given, medium) : given;
  const { width } = medium;
  const panels = figure.panels ?? [];
  const titleLines = wrap(figure.title, 16, width);
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height: figure.height });
  const own = (figure.option.graphic as object[] | undefined) ?? [];
  try {
    chart.setOption({
      animation: false,
      backgroundColor: '#ffffff',
      textStyle: { fontFamily },
      ...figure.option,
      ...(panels.length > 0 && { grid: panels.map(({ left, top, width, height }) => ({ left, top, width, height })) }),
      title: {
        text: titleLines.join('\n'),
        ...(figure.subtitle === undefined ? {} : { subtext: wrap(figure.subtitle, 12.5, width).join('\n') }),
        left: margin,
        top: margin,
        padding: 0,
        itemGap: 5,
        textStyle: { fontSize: 16, lineHeight: 21, fontWeight: 'bold', color: ink },
        subtextStyle: { fontSize: 12.5, lineHeight: 17, color: muted },
      },
      graphic: [
        ...panels.flatMap((panel) => (panel.name === undefined ? [] : panelName(panel.name, panel, panel.about))),
        ...own,
        ...graphicLegend(figure.legend ?? [], panelTop({ ...figure, legend: [] }, medium) - 6, medium),
      ],
    });
    const svg = chart.renderToSVGString();
    return standAlone(medium.tips ? withTips(svg, figure) : svg, figure, medium);
  } finally {
    // Without this call, the animation loop of the renderer keeps the process running.
    chart.dispose();
  }
}

/** Removes hover rules and internal attributes, and replaces the running number in ids by the figure's id. */
function standAlone(svg: string, figure: Figure, { suffix }: Medium): string {
  const label = escapeMarkup(figure.subtitle === undefined ? figure.title : `${figure.title}. ${figure.subtitle}`);
  return svg
    .replace(/<style >[\s\S]*?<\/style>\n?/g, '')
    .replace(/ (?:class|pointer-events|ecmeta_\w+)="[^"]*"/g, '')
    .replace(/\bzr\d+-/g, `${figure.id}${suffix}-`)
    .replace('<svg ', `<svg role="img" aria-label="${label}" `);
}
