/** Lines over updates. uPlot draws on a canvas; a summary in words stands beside it for screen readers. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { theme } from '../shell/theme.ts';

export interface Line {
  readonly label: string;
  /** Name of a CSS variable of a colour. */
  readonly colour: string;
  readonly dash?: readonly number[];
  readonly width?: number;
  readonly values: readonly (number | null)[];
}

interface LineChartProps {
  readonly x: readonly number[];
  readonly xLabel: string;
  readonly lines: readonly Line[];
  readonly height: number;
  /** Range of the ordinate. */
  readonly range: readonly [number, number];
  /** Largest x shown before there are values. */
  readonly xMost: number;
  /** Whether the abscissa is logarithmic. Values start at 1 then. */
  readonly logarithmic?: boolean;
  /** What the figure shows, in a sentence. */
  readonly summary: string;
  /** Whether the lines are named below; not where one legend serves several charts. Default: yes. */
  readonly hasLegend?: boolean;
}

const colourOf = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function Legend({ lines }: { readonly lines: readonly Pick<Line, 'label' | 'colour' | 'dash'>[] }) {
  return (
    <p class="legend">
      {lines.map(({ label, colour, dash }) => (
        <span key={label}>
          <i style={{ borderTop: `3px ${dash ? 'dashed' : 'solid'} var(${colour})` }} /> {label}
        </span>
      ))}
    </p>
  );
}

export function LineChart({
  x,
  xLabel,
  lines,
  height,
  range,
  xMost,
  logarithmic,
  summary,
  hasLegend = true,
}: LineChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const shown = theme.value;
  const shape = lines.map(({ label, colour, width }) => `${label} ${colour} ${width}`).join();
  useEffect(() => {
    const node = place.current;
    if (!node) return;
    const ink = colourOf('--quiet');
    const grid = { stroke: colourOf('--rule'), width: 1 };
    const axis = { stroke: ink, font: '12px system-ui, sans-serif', ticks: { show: false }, grid };
    const options: uPlot.Options = {
      width: node.clientWidth,
      height,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, distr: logarithmic ? 3 : 1, range: [logarithmic ? 1 : 0, xMost] },
        y: { range: [range[0], range[1]] },
      },
      axes: [
        { ...axis, label: xLabel, labelSize: 18, labelFont: axis.font, size: 30 },
        { ...axis, size: 38 },
      ],
      series: [
        {},
        ...lines.map(({ label, colour, dash, width }) => ({
          label,
          stroke: colourOf(colour),
          width: width ?? 2,
          points: { show: false },
          // Values that were not measured between two others.
          spanGaps: true,
          ...(dash && { dash: [...dash] }),
        })),
      ],
    };
    const made = new uPlot(options, [[], ...lines.map(() => [])], node);
    chart.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: node.clientWidth, height }));
    watch.observe(node);
    return () => {
      watch.disconnect();
      made.destroy();
      chart.current = null;
    };
    // The lines' values are drawn by the next effect.
  }, [shown, shape, xMost, height, logarithmic]);
  useEffect(() => {
    chart.current?.setData([[...x], ...lines.map(({ values }) => [...values])] as uPlot.AlignedData);
  }, [x, lines, shown, shape, xMost]);
  return (
    <div>
      <div role="img" aria-label={summary} ref={place} style={{ minHeight: `${height}px` }} />
      {hasLegend && <Legend lines={lines} />}
    </div>
  );
}
