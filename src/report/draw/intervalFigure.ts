import { fontFamily, panelName, renderSvg, valueAxis } from './chart.ts';
import { ink } from './colors.ts';
import {
  type Figure,
  figureWidth,
  file,
  type Medium,
  margin,
  type Panel,
  panelTop,
  type SeriesStyle,
} from './layout.ts';

/** An estimate with its interval (if it has one) and the values of single runs. */
export interface IntervalCell {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly runs: readonly number[];
}

export interface IntervalRow {
  readonly name: string;
  readonly style: SeriesStyle;
  /** One per panel; null if it was not measured. */
  readonly cells: readonly (IntervalCell | null)[];
}

export interface IntervalPlot {
  readonly id: string;
  readonly title: string;
  readonly subtitle: string;
  /**
   * `axis` is the quantity with its unit, `range` the ends of the axis (longer intervals are clipped), `step` the
   * distance of its ticks. `zero` draws a line at zero difference.
   */
  readonly panels: readonly {
    readonly name: string;
    readonly axis: string;
    readonly range: readonly [number, number];
    readonly step: number;
    readonly zero?: boolean;
  }[];
  readonly rows: readonly IntervalRow[];
}

const ROW_HEIGHT = 34;
const NAMES_WIDTH = 242;
const GAP = 22;
const NARROW_ROW_HEIGHT = 56;
const NARROW_GAP = 76;

/** Two decimals. What rounds to zero has no sign. */
const decimal = (value: number): string => (Math.round(value * 100) / 100 || 0).toFixed(2).replace('-', '−');

function zeroLine(panel: number): object {
  return {
    type: 'scatter',
    xAxisIndex: panel,
    yAxisIndex: panel,
    silent: true,
    data: [],
    markLine: {
      symbol: 'none',
      silent: true,
      label: { show: false },
      lineStyle: { color: '#9a9a9a', type: 'solid', width: 1 },
      data: [{ xAxis: 0 }],
    },
  };
}

function cellSeries(
  cell: IntervalCell,
  row: number,
  panel: number,
  style: SeriesStyle,
  range: readonly [number, number],
  name: string,
): object[] {
  const common = { type: 'scatter', xAxisIndex: panel, yAxisIndex: panel, silent: true };
  const { value, low, high, runs } = cell;
  const bar =
    low === null || high === null
      ? []
      : [
          {
            type: 'line',
            xAxisIndex: panel,
            yAxisIndex: panel,
            symbol: 'none',
            silent: true,
            z: 3,
            lineStyle: { color: style.color, width: 2.5, type: 'solid' },
            data: [
              [Math.max(range[0], low), row],
              [Math.min(range[1], high), row],
            ],
          },
        ];
  const interval = low === null || high === null ? '' : `, 95% interval ${decimal(low)} to ${decimal(high)}`;
  return [
    {
      ...common,
      symbol: 'circle',
      symbolSize: 6,
      itemStyle: { color: 'transparent', borderColor: style.color, borderWidth: 1, opacity: 0.55 },
      data: runs.map((x) => [x, row]),
      tips: runs.map((x) => `${name}: ${decimal(x)} in one run`),
    },
    ...bar,
    {
      ...common,
      z: 4,
      symbol: style.symbol,
      symbolSize: 11,
      itemStyle: { color: style.color },
      label: {
        show: true,
        position: 'top',
        distance: 3,
        color: ink,
        fontSize: 11,
        formatter: decimal(value),
      },
      tips: [`${name}: ${decimal(value)}${interval}`],
      data: [[value, row]],
    },
  ];
}

/**
 * Rows of estimates with intervals in panels side by side: a dot for the estimate, a bar for its interval, a ring for
 * each run. Returns SVG.
 */
export function intervalFigure({ id, panels, rows, ...heading }: IntervalPlot, medium: Medium = file): string {
  const narrow = medium.width < figureWidth;
  const top = panelTop(heading, medium) + 20;
  const height = rows.length * (narrow ? NARROW_ROW_HEIGHT : ROW_HEIGHT) + 6;
  const width = (figureWidth - NAMES_WIDTH - 16 - GAP * (panels.length - 1)) / panels.length;
  // On a phone the panels are below each other, with the name of a row above its marks.
  const grid: Panel[] = panels.map((_, i) =>
    narrow
      ? { left: margin, top: top + i * (height + NARROW_GAP), width: medium.width - 2 * margin, height }
      : { left: NAMES_WIDTH + 14 + i * (width + GAP), top, width, height },
  );
  const rowNames = grid.flatMap((panel) =>
    rows.map(({ name }, row) => ({
      ...{ type: 'text', x: panel.left, y: panel.top + row * NARROW_ROW_HEIGHT + 13, z: 6 },
      style: { text: name, fontSize: 11.5, fill: ink, verticalAlign: 'middle', fontFamily },
    })),
  );
  const figure: Figure = {
    id,
    ...heading,
    height: grid[grid.length - 1].top + height + 52,
    option: {
      grid,
      xAxis: panels.map(({ axis, range: [min, max], step }, i) =>
        valueAxis(axis, 'x', 26, {
          gridIndex: i,
          min,
          max,
          interval: step,
          splitLine: { show: true, lineStyle: { color: '#e4e4e4' } },
        }),
      ),
      yAxis: panels.map((_, i) => ({
        type: 'category',
        gridIndex: i,
        inverse: true,
        data: rows.map(({ name }) => name),
        axisTick: { show: false },
        axisLine: { show: false },
        axisLabel: { show: i === 0 && !narrow, color: ink, fontSize: 12, width: 206, overflow: 'break', margin: 14 },
      })),
      graphic: [...panels.map(({ name }, i) => panelName(name, grid[i])), ...(narrow ? rowNames : [])],
      series: panels.flatMap(({ name, range, zero }, panel) => [
        ...(zero ? [zeroLine(panel)] : []),
        ...rows.flatMap(({ name: of, style, cells }, row) => {
          const cell = cells[panel];
          return cell === null ? [] : cellSeries(cell, row, panel, style, range, `${of}, ${name}`);
        }),
      ]),
    },
  };
  return renderSvg(figure, medium);
}
