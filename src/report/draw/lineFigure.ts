import { renderSvg, valueAxis } from './chart.ts';
import { type Figure, figureWidth, file, type Medium, type NamedPanel, panelTop, type SeriesStyle } from './layout.ts';
import { band, curve } from './series.ts';

export interface PlotLine {
  readonly name: string;
  readonly style: SeriesStyle;
  /**
   * Points [x, y] or [x, y, low, high]; an interval is drawn as a band. A series without a line style is drawn as marks
   * only.
   */
  readonly points: readonly (readonly number[])[];
  /** Index of its panel. */
  readonly panel: number;
}

export interface LinePlot {
  readonly id: string;
  readonly title: string;
  readonly subtitle: string;
  readonly panels: readonly {
    readonly name: string;
    readonly x: string;
    readonly y: string;
    /** Ends of the axes; by default they follow the points. */
    readonly xRange?: readonly [number, number];
    readonly yRange?: readonly [number, number];
  }[];
  readonly lines: readonly PlotLine[];
}

const HEIGHT = 270;

const ends = (range: readonly [number, number] | undefined): object =>
  range === undefined ? { scale: true } : { min: range[0], max: range[1] };

/**
 * Largest number of marks on a line. Marks distinguish lines without colour, but one at each point would hide a long
 * line.
 */
const MARKS = 12;

function series({ points, style, panel }: PlotLine): object[] {
  const marksAlone = style.line === 'none';
  const every = marksAlone ? 1 : Math.ceil(points.length / MARKS);
  // A single mark is drawn large and opaque. Marks of a cloud can overlap, so they are translucent.
  const [size, opacity] = points.length === 1 ? [11, 1] : [6.5, marksAlone ? 0.6 : 1];
  const bounded = points.filter((point) => point.length === 4);
  const line = curve(
    points.map(([x, y]) => [x, y]),
    style,
    panel,
    {
      symbolSize: (_: unknown, { dataIndex }: { dataIndex: number }) => (dataIndex % every === 0 ? size : 0),
      ...(marksAlone && { z: 4, lineStyle: { width: 0 }, itemStyle: { color: style.color, opacity } }),
    },
  );
  if (bounded.length < 2) return [line];
  const area = bounded.map(([x, , low, high]) => [x, low, high] as const);
  return [band(area, style.color, panel), line];
}

/** Lines with bands and marks in one or two panels, with a legend above. Returns SVG. */
export function lineFigure({ id, title, subtitle, panels, lines }: LinePlot, medium: Medium = file): string {
  const named = new Map(lines.map((line) => [line.name, line.style]));
  const heading = { title, subtitle, legend: [...named].map(([name, style]) => ({ name, ...style })) };
  const top = panelTop(heading) + 26;
  const width = (figureWidth - 30 - 66 * panels.length) / panels.length;
  const grid: NamedPanel[] = panels.map(({ name }, i) => ({
    ...{ name, left: 62 + i * (width + 66), top },
    ...{ width, height: HEIGHT },
  }));
  const figure: Figure = {
    id,
    ...heading,
    height: top + HEIGHT + 52,
    panels: grid,
    option: {
      xAxis: panels.map(({ x, xRange }, i) => valueAxis(x, 'x', 28, { gridIndex: i, ...ends(xRange) })),
      yAxis: panels.map(({ y, yRange }, i) => valueAxis(y, 'y', 42, { gridIndex: i, ...ends(yRange) })),
      series: lines.flatMap(series),
    },
  };
  return renderSvg(figure, medium);
}
