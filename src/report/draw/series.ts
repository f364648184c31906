import { lineStyle } from './chart.ts';
import type { SeriesStyle } from './layout.ts';
import { styleName } from './tips.ts';

interface DrawApi {
  coord(point: readonly number[]): number[];
}

/** A filled band between `low` and `high`, from points [x, low, high]. */
export function band(points: readonly (readonly [number, number, number])[], color: string, panel: number): object {
  const outline = [...points.map(([x, , high]) => [x, high]), ...points.map(([x, low]) => [x, low]).reverse()];
  return {
    type: 'custom',
    xAxisIndex: panel,
    yAxisIndex: panel,
    clip: true,
    silent: true,
    z: 1,
    data: [[points[0][0], points[0][1]]],
    renderItem: (_: unknown, api: DrawApi) => ({
      type: 'polygon',
      shape: { points: outline.map((point) => api.coord(point)) },
      style: { fill: color, opacity: 0.14 },
    }),
  };
}

/** Vertical bars from `low` to `high`, from points [x, low, high]. */
export function bars(points: readonly (readonly [number, number, number])[], color: string, panel: number): object {
  return {
    type: 'custom',
    xAxisIndex: panel,
    yAxisIndex: panel,
    clip: true,
    silent: true,
    z: 4,
    data: points.map(([x, low]) => [x, low]),
    renderItem: ({ dataIndex }: { dataIndex: number }, api: DrawApi) => {
      const [x, low, high] = points[dataIndex];
      const [x1, y1] = api.coord([x, low]);
      const [x2, y2] = api.coord([x, high]);
      return { type: 'line', shape: { x1, y1, x2, y2 }, style: { stroke: color, lineWidth: 1.4 } };
    },
  };
}

/** A line with marks through points [x, y] of one panel, drawn above the bands; `more` overrides options. */
export function curve(
  points: readonly (readonly number[])[],
  style: SeriesStyle,
  panel: number,
  more: object = {},
): object {
  return {
    type: 'line',
    name: styleName(style),
    xAxisIndex: panel,
    yAxisIndex: panel,
    z: 3,
    silent: true,
    symbol: style.symbol,
    symbolSize: 6.5,
    showAllSymbol: true,
    lineStyle: lineStyle(style),
    itemStyle: { color: style.color },
    data: points,
    ...more,
  };
}

/** Marks at points [x, y] of one panel, drawn above lines and bars. */
export function points(data: readonly (readonly number[])[], style: SeriesStyle, panel: number, size = 6): object {
  return {
    type: 'scatter',
    name: styleName(style),
    xAxisIndex: panel,
    yAxisIndex: panel,
    z: 5,
    silent: true,
    symbol: style.symbol,
    symbolSize: size,
    itemStyle: { color: style.color },
    data,
  };
}
