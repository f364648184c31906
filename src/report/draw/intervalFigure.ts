import {
  type Figure,
  figureWidth,
  ink,
  type Panel,
  panelName,
  panelTop,
  renderSvg,
  type SeriesStyle,
  valueAxis,
} from './chart.ts';

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
  // A mean that rounds to zero is printed without a sign.
  const rounded = Math.round(value * 100) / 100 || 0;
  return [
    {
      ...common,
      symbol: 'circle',
      symbolSize: 6,
      itemStyle: { color: 'transparent', borderColor: style.color, borderWidth: 1, opacity: 0.55 },
      data: runs.map((x) => [x, row]),
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
        formatter: rounded.toFixed(2).replace('-', '−'),
      },
      data: [[value, row]],
    },
  ];
}

/**
 * Rows of estimates with intervals in panels side by side: a dot for the estimate, a bar for its interval, a ring for
 * each run. Returns SVG.
 */
export function intervalFigure({ id, panels, rows, ...heading }: IntervalPlot): string {
  const top = panelTop(heading) + 20;
  const height = rows.length * ROW_HEIGHT + 6;
  const width = (figureWidth - NAMES_WIDTH - 16 - GAP * (panels.length - 1)) / panels.length;
  const grid: Panel[] = panels.map((_, i) => ({ left: NAMES_WIDTH + 14 + i * (width + GAP), top, width, height }));
  const figure: Figure = {
    id,
    ...heading,
    height: top + height + 52,
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
        axisLabel: { show: i === 0, color: ink, fontSize: 12, width: 206, overflow: 'break', margin: 14 },
      })),
      graphic: panels.map(({ name }, i) => panelName(name, grid[i])),
      series: panels.flatMap(({ range, zero }, panel) => [
        ...(zero ? [zeroLine(panel)] : []),
        ...rows.flatMap(({ style, cells }, row) => {
          const cell = cells[panel];
          return cell === null ? [] : cellSeries(cell, row, panel, style, range);
        }),
      ]),
    },
  };
  return renderSvg(figure);
}
