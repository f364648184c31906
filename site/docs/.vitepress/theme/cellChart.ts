/** Line charts that cells export as `chart`. */
import { h, type VNode } from 'vue';

export interface CellChart {
  readonly title: string;
  /** What the steps of the horizontal axis are, such as `updates`. */
  readonly x: string;
  /** Values by name of the line; all lines have a value per step. The vertical axis is from 0 to 1. */
  readonly lines: Readonly<Record<string, readonly number[]>>;
}

const [width, height, left, bottom, top, right] = [640, 260, 40, 34, 12, 12];
const dashes = ['none', '7 4', '2 3', '9 3 2 3'];

/** The chart in a sentence. */
function chartText({ title, x, lines }: CellChart): string {
  const each = Object.entries(lines).map(([name, values]) => {
    const highest = values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
    const [first, most, last] = [values[0], values[highest], values[values.length - 1]].map((value) =>
      value.toFixed(2),
    );
    return `${name}: ${first} at the start, at most ${most} (${x} ${highest}), ${last} at the end`;
  });
  return `${title}. ${each.join('; ')}.`;
}

export function drawChart(chart: CellChart): VNode {
  const names = Object.keys(chart.lines);
  const steps = Math.max(1, ...names.map((name) => chart.lines[name].length - 1));
  const px = (step: number): number => left + ((width - left - right) * step) / steps;
  const py = (value: number): number => top + (height - top - bottom) * (1 - value);
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const svg = h('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': chartText(chart) }, [
    ...ticks.map((y) => h('line', { class: 'grid-line', x1: left, x2: width - right, y1: py(y), y2: py(y) })),
    ...ticks.map((y) => h('text', { x: left - 6, y: py(y) + 4, 'text-anchor': 'end' }, y.toFixed(2))),
    ...[0, steps / 2, steps].map((step) =>
      h('text', { x: px(step), y: height - 16, 'text-anchor': step === steps ? 'end' : 'middle' }, String(step)),
    ),
    h('text', { x: (left + width) / 2, y: height - 2, 'text-anchor': 'middle' }, chart.x),
    ...names.map((name, i) =>
      h('polyline', {
        class: `line-${i}`,
        points: chart.lines[name].map((value, step) => `${px(step).toFixed(1)},${py(value).toFixed(1)}`).join(' '),
        'stroke-dasharray': dashes[i],
      }),
    ),
  ]);
  const key = names.map((name, i) =>
    h('li', [
      h('svg', { viewBox: '0 0 28 8', 'aria-hidden': 'true' }, [
        h('polyline', { class: `line-${i}`, points: '0,4 28,4', 'stroke-dasharray': dashes[i] }),
      ]),
      name,
    ]),
  );
  return h('figure', { class: 'cell-chart' }, [
    h('figcaption', chart.title),
    h('ul', { class: 'cell-key' }, key),
    svg,
    h('p', { class: 'quiet' }, chartText(chart)),
  ]);
}
