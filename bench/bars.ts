/** Bar figure of a benchmark run: times of the peers. */
import { fontFamily, panelName, renderSvg, valueAxis } from '../src/report/draw/chart.ts';
import { ink } from '../src/report/draw/colors.ts';
import { figureWidth, type Panel, panelTop } from '../src/report/draw/layout.ts';
import { timesAsLong } from './ratios.ts';
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

export function isTimed(m: Measurement): m is Timed {
  return m.microseconds !== null;
}

/** Time of a peer divided by the time of the engine, with "×" and two digits, or three from 100 on. */
export function times(ratio: number): string {
  return `${ratio >= 100 ? Math.round(ratio).toLocaleString('en') : Number(ratio.toPrecision(2))}×`;
}

/** The peers of a task, slowest last, with their time divided by the engine's. */
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

/** Bars of each peer's time divided by the engine's, on a logarithmic scale. Returns SVG. */
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
  // Leave half a decade on the left for the label of the fastest peer.
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
