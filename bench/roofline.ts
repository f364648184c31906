/** Roofline figure of a benchmark run: rates of the kernels, and the limits of this machine. */
import { dash, fontFamily, renderSvg, seriesStyle, textWidth, valueAxis } from '../src/report/draw/chart.ts';
import { ink, muted } from '../src/report/draw/colors.ts';
import { figureWidth, type Panel, panelTop, type SeriesStyle } from '../src/report/draw/layout.ts';
import { isTimed } from './bars.ts';
import { nameHeight, type Point, placeNames } from './pointNames.ts';
import type { BenchResult, Measurement } from './result.ts';

/** Bandwidth of a vector sum, in units of 1e9 bytes per second. */
function bandwidth(measurements: readonly Measurement[], task: string): number | null {
  const found = measurements.find((m) => m.task === task);
  return found?.microseconds ? found.bytes / found.microseconds / 1e3 : null;
}

/** Ends of an axis that shows all values: `least` and `most`, extended by powers of ten if needed. */
function reach(values: readonly number[], least: number, most: number): { min: number; max: number } {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return {
    min: low < least ? 10 ** Math.floor(Math.log10(low)) : least,
    max: high > most ? 10 ** Math.ceil(Math.log10(high)) : most,
  };
}

const fontSize = 10.5;
/** Margin in pixels for the width of text: fonts of the same design differ by less. */
const widthBeyond = 3;

const widthOf = (name: string): number => Math.ceil(textWidth(name, fontSize)) + widthBeyond;

/** Products of one shape have one name, for plain and transposed matrices. */
const nameOf = (task: string): string => task.replace(/^matmul.. /, '');

/** Labels of points, with a thin leader line if a label is away from its point. */
function nameGraphics(
  points: ReadonlyMap<string, readonly Point[]>,
  lines: readonly (readonly [Point, Point])[],
  area: Panel,
): object[] {
  const names = [...points].map(([name, own]) => ({ name, points: own, width: widthOf(name) }));
  return placeNames(names, [...points.values()].flat(), lines, area).flatMap(({ box, leader }, i) => [
    ...(leader
      ? [
          {
            type: 'line',
            shape: { x1: leader[0].x, y1: leader[0].y, x2: leader[1].x, y2: leader[1].y },
            style: { stroke: muted, lineWidth: 0.7 },
          },
        ]
      : []),
    {
      type: 'text',
      x: box.left + box.width / 2,
      y: box.top + nameHeight / 2,
      style: { text: names[i].name, fontSize, fill: ink, fontFamily, align: 'center', verticalAlign: 'middle' },
    },
  ]);
}

/**
 * Rate of each kernel against its operations per byte of memory traffic, below the measured peak and bandwidths.
 * Returns SVG.
 */
export function rooflineFigure({ measurements, peakGflops }: BenchResult): string {
  const kernels = measurements
    .filter(isTimed)
    .filter(
      ({ worker, bytes, work, task }) => worker === 'unbraid' && bytes > 0 && work > 0 && !task.startsWith('stream'),
    );
  const located = kernels.map(({ task, work, bytes, microseconds }) => ({
    task,
    value: [work / bytes, work / microseconds / 1e3] as const,
  }));
  const styles: { name: string; style: SeriesStyle; matmul: boolean }[] = [
    { name: 'matrix products', style: seriesStyle(2, 'none'), matmul: true },
    { name: 'kernels by element', style: seriesStyle(1, 'none'), matmul: false },
  ];
  const roofs = [
    { name: 'first cache, 256 bit', task: 'stream in cache', line: 'dotted' as const, peak: 2 * peakGflops },
    { name: 'first cache, 128 bit', task: 'stream in cache', line: 'solid' as const, peak: peakGflops },
    { name: 'main memory', task: 'stream in memory', line: 'dashed' as const, peak: peakGflops },
  ].flatMap(({ name, task, line, peak }) => {
    const gigabytes = bandwidth(measurements, task);
    return gigabytes === null ? [] : [{ name, gigabytes, peak, style: { ...seriesStyle(0, line), symbol: 'none' } }];
  });
  const heading = {
    title: 'Roofline of the kernels, one thread',
    subtitle: `Flat roofs: the peak probe’s rate in this run, ${peakGflops.toFixed(1)} GFLOP/s with 128-bit vectors, and twice this rate. Slopes: measured bandwidths of a vector sum.`,
    legend: [
      ...styles.map(({ name, style }) => ({ name, ...style })),
      ...roofs.map(({ name, style }) => ({ name, ...style })),
    ],
  };
  const top = panelTop(heading) + 6;
  const area = { left: 70, top, width: figureWidth - 70 - 30, height: 330 };
  const x = reach(
    located.map(({ value }) => value[0]),
    0.05,
    100,
  );
  const y = reach([...located.map(({ value }) => value[1]), 2 * peakGflops], 0.5, 100);
  const share = (value: number, { min, max }: typeof x): number => Math.log10(value / min) / Math.log10(max / min);
  const pixel = ([operations, rate]: readonly [number, number]): Point => ({
    x: area.left + area.width * share(operations, x),
    y: area.top + area.height * (1 - share(rate, y)),
  });
  const roofData = roofs.map(({ gigabytes, peak }) =>
    [x.min, peak / gigabytes, x.max].map((at) => [at, Math.min(peak, gigabytes * at)] as const),
  );
  const lines = roofData.flatMap((data) => data.slice(1).map((end, i) => [pixel(data[i]), pixel(end)] as const));
  const points = new Map<string, Point[]>();
  for (const { task, value } of located) points.set(nameOf(task), [...(points.get(nameOf(task)) ?? []), pixel(value)]);
  return renderSvg({
    id: 'roofline',
    ...heading,
    height: top + area.height + 56,
    option: {
      grid: area,
      xAxis: valueAxis('operations per byte', 'x', 30, { type: 'log', ...x }),
      yAxis: valueAxis('GFLOP/s', 'y', 44, { type: 'log', ...y }),
      graphic: nameGraphics(points, lines, area),
      series: [
        ...roofs.map(({ style }, i) => ({
          type: 'line',
          symbol: 'none',
          silent: true,
          lineStyle: { color: style.color, width: 1.6, type: dash(style.line) ?? 'solid' },
          data: roofData[i],
        })),
        ...styles.map(({ style, matmul }) => ({
          type: 'scatter',
          symbol: style.symbol,
          symbolSize: 9,
          silent: true,
          itemStyle: { color: style.color },
          data: located.filter(({ task }) => task.startsWith('matmul') === matmul).map(({ value }) => value),
        })),
      ],
    },
  });
}
