/** Two figures of a benchmark run: bars of peers, and the roofline of the kernels. */
import {
  figureWidth,
  fontFamily,
  ink,
  type Panel,
  panelName,
  panelTop,
  renderSvg,
  type SeriesStyle,
  seriesStyle,
  valueAxis,
} from '../src/report/chart.ts';
import { timesAsLong } from './goals.ts';
import type { BenchResult, Measurement } from './result.ts';

type Timed = Measurement & { readonly microseconds: number };

export const compared: Readonly<Record<string, string>> = {
  matmul256: 'Matrix product 256 x 256 x 256',
  mlpStep: 'Training step of the MLP 64-128-128-16, batch 256',
  attentionStep: 'Training step of the encoder: batch 64, 32 tokens, width 64, 2 heads, 2 blocks',
  gram256: 'Gram matrix of 256 per-sample gradients of the MLP',
  gram1024: 'Gram matrix of 1,024 per-sample gradients of the MLP',
  inference: 'Action log-probabilities of one state, MLP',
};

function isTimed(m: Measurement): m is Timed {
  return m.microseconds !== null;
}

/** A peer's time over the engine's: "×" with two digits, or three from 100 on. */
export function times(ratio: number): string {
  return `${ratio >= 100 ? Math.round(ratio).toLocaleString('en') : Number(ratio.toPrecision(2))}×`;
}

/** The task's peers, slowest last, with their time over the engine's. */
export function ratios({ measurements }: BenchResult, task: string): { name: string; ratio: number }[] {
  const timed = measurements.filter(isTimed).filter((m) => m.task.split(':')[0] === task);
  const own = timed.find(({ worker }) => worker === 'unbraid');
  if (!own) return [];
  return timed
    .filter(({ worker }) => worker !== 'unbraid')
    .map((m) => ({ name: m.name, ratio: timesAsLong(m, own) }))
    .sort((a, b) => a.ratio - b.ratio);
}

const ROW = 19;
const SLOWER = '#0072B2';
const FASTER = '#D55E00';

/** Bars of every peer's time over the engine's, on a scale of factors. Returns SVG. */
export function barsFigure(result: BenchResult): string {
  const groups = Object.entries(compared)
    .map(([task, name]) => ({ name, bars: ratios(result, task) }))
    .filter(({ bars }) => bars.length > 0);
  const heading = {
    title: 'Time of others, in units of unbraid’s, one thread each',
    subtitle: 'Right of the line at 1×, in blue: takes longer than unbraid. Left of it, in orange: takes less.',
  };
  const left = 250;
  let top = panelTop(heading) + 16;
  const panels: Panel[] = groups.map(({ bars }) => {
    const panel = { left, top, width: figureWidth - left - 60, height: bars.length * ROW };
    top += panel.height + 40;
    return panel;
  });
  const logs = groups.flatMap(({ bars }) => bars.map(({ ratio }) => Math.log10(ratio)));
  // Half a decade of room on the left for the label of the fastest.
  const range = { min: Math.floor(2 * (Math.min(0, ...logs) - 0.4)) / 2, max: Math.ceil(2 * Math.max(1, ...logs)) / 2 };
  const last = panels.length - 1;
  return renderSvg({
    id: 'bars',
    ...heading,
    height: top + 12,
    option: {
      grid: panels,
      xAxis: panels.map((_, i) =>
        valueAxis(i === last ? 'time over unbraid’s' : '', 'x', 26, {
          gridIndex: i,
          ...range,
          interval: 0.5,
          splitLine: { show: true, lineStyle: { color: '#e4e4e4' } },
          axisLabel: {
            show: i === last,
            fontSize: 11,
            color: '#555555',
            formatter: (log: number) => (Number.isInteger(log) ? `${10 ** log}×` : ''),
          },
          axisTick: { show: false },
        }),
      ),
      yAxis: panels.map((_, i) => ({
        type: 'category',
        gridIndex: i,
        inverse: true,
        data: groups[i].bars.map(({ name }) => name),
        axisTick: { show: false },
        axisLine: { show: true, onZero: true, lineStyle: { color: ink } },
        axisLabel: { show: false },
      })),
      graphic: panels.flatMap((panel, i) => [
        { ...panelName(groups[i].name, panel), x: 14 },
        ...groups[i].bars.map(({ name }, row) => ({
          type: 'text',
          x: left - 10,
          y: panel.top + (row + 0.5) * ROW,
          style: { text: name, fontSize: 11.5, fill: ink, align: 'right', verticalAlign: 'middle', fontFamily },
        })),
      ]),
      series: groups.map(({ bars }, i) => ({
        type: 'bar',
        xAxisIndex: i,
        yAxisIndex: i,
        barCategoryGap: '28%',
        silent: true,
        data: bars.map(({ ratio }) => ({
          value: Math.log10(ratio),
          itemStyle: { color: ratio >= 1 ? SLOWER : FASTER },
          label: {
            show: true,
            position: ratio >= 1 ? 'right' : 'left',
            formatter: times(ratio),
            fontSize: 11,
            color: ink,
          },
        })),
      })),
    },
  });
}

/** Bytes per second of a stream, in units of 1e9. */
function bandwidth(measurements: readonly Measurement[], task: string): number | null {
  const found = measurements.find((m) => m.task === task);
  return found?.microseconds ? found.bytes / found.microseconds / 1e3 : null;
}

const named: Readonly<Record<string, 'left' | 'right' | 'top' | 'bottom'>> = {
  'matmulNN 64x32x32': 'bottom',
  'matmulNN 256x256x256': 'bottom',
  'tanh forward': 'left',
  'gelu backward': 'right',
  adamw: 'right',
  addInto: 'right',
  layerNormForward: 'right',
  'logSoftmax of 8': 'bottom',
};

/** Rate of each kernel against the operations it does per byte it must move, under the roof of the measured peak and bandwidths. Returns SVG. */
export function rooflineFigure({ measurements, peakGflops }: BenchResult): string {
  const kernels = measurements
    .filter(isTimed)
    .filter(({ bytes, work, task }) => bytes > 0 && work > 0 && !task.startsWith('stream'));
  const points = (matmul: boolean): object[] =>
    kernels
      .filter(({ task }) => task.startsWith('matmul') === matmul)
      .map(({ task, work, bytes, microseconds }) => ({
        value: [work / bytes, work / microseconds / 1e3],
        label: {
          show: task in named,
          position: named[task],
          formatter: task.replace('matmulNN ', ''),
          fontSize: 10.5,
          color: ink,
        },
      }));
  const styles: { name: string; style: SeriesStyle; matmul: boolean }[] = [
    { name: 'matrix products', style: seriesStyle(2, 'none'), matmul: true },
    { name: 'kernels by element', style: seriesStyle(1, 'none'), matmul: false },
  ];
  const roofs = [
    { name: 'roof: first cache', task: 'stream in cache', line: 'solid' as const },
    { name: 'roof: main memory', task: 'stream in memory', line: 'dashed' as const },
  ].flatMap(({ name, task, line }) => {
    const gigabytes = bandwidth(measurements, task);
    return gigabytes === null ? [] : [{ name, gigabytes, style: { ...seriesStyle(0, line), symbol: 'none' } }];
  });
  const heading = {
    title: 'Roofline of the kernels, one thread',
    subtitle: `The flat roof is the peak probe’s rate in this run, ${peakGflops.toFixed(1)} GFLOP/s; the slopes are measured bandwidths of a vector sum.`,
    legend: [
      ...styles.map(({ name, style }) => ({ name, ...style })),
      ...roofs.map(({ name, style }) => ({ name, ...style })),
    ],
  };
  const top = panelTop(heading) + 6;
  const [low, high] = [0.05, 100];
  return renderSvg({
    id: 'roofline',
    ...heading,
    height: top + 330 + 56,
    option: {
      grid: { left: 70, top, width: figureWidth - 70 - 30, height: 330 },
      xAxis: valueAxis('operations per byte', 'x', 30, { type: 'log', min: low, max: high }),
      yAxis: valueAxis('GFLOP/s', 'y', 44, { type: 'log', min: 0.5, max: 100 }),
      series: [
        ...roofs.map(({ gigabytes, style }) => ({
          type: 'line',
          symbol: 'none',
          silent: true,
          lineStyle: { color: style.color, width: 1.6, type: style.line === 'solid' ? 'solid' : [7, 4] },
          data: [low, peakGflops / gigabytes, high].map((x) => [x, Math.min(peakGflops, gigabytes * x)]),
        })),
        ...styles.map(({ style, matmul }) => ({
          type: 'scatter',
          symbol: style.symbol,
          symbolSize: 9,
          silent: true,
          itemStyle: { color: style.color },
          data: points(matmul),
        })),
      ],
    },
  });
}
