import { panelName, renderSvg, seriesStyle, valueAxis } from '../draw/chart.ts';
import { type Figure, figureWidth, file, type Medium, type Panel, panelTop } from '../draw/layout.ts';
import type { PlaceRow, ProfileRecord } from './profileRecord.ts';

/** Largest number of kernels that are shown as bars. */
const PLACES = 10;

const PITCH = 26;

const colors = { kernels: '#0072B2', environment: '#009E73', outside: '#E69F00', lost: '#BFD9EA' } as const;

const categoryAxis = (names: readonly string[], panel: number): object => ({
  type: 'category',
  gridIndex: panel,
  inverse: true,
  data: names,
  axisTick: { show: false },
  axisLabel: { color: '#1a1a1a', fontSize: 11.5, interval: 0 },
});

function bars(panel: number, color: string, values: readonly number[], label?: readonly string[]): object {
  return {
    type: 'bar',
    xAxisIndex: panel,
    yAxisIndex: panel,
    stack: `panel ${panel}`,
    barCategoryGap: '30%',
    silent: true,
    itemStyle: { color },
    data: values.map((value, i) => ({
      value,
      label: {
        show: label !== undefined,
        position: 'right',
        formatter: label?.[i] ?? '',
        fontSize: 11,
        color: '#555555',
      },
    })),
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;

/** The larger of the two shares of peak (FLOP/s or bytes/s), as text. */
function nearest({ ofPeakFlops, ofPeakBytes }: PlaceRow): string {
  return ofPeakFlops >= ofPeakBytes
    ? `${percent(ofPeakFlops)} of peak FLOP/s`
    : `${percent(ofPeakBytes)} of peak bytes/s`;
}

/**
 * Left: milliseconds per iteration by phase, split into kernels, environment and the rest. Right: the kernels, by
 * phase, with the highest potential time saving. Returns SVG.
 */
export function profileFigure(record: ProfileRecord, medium: Medium = file): string {
  const { phases, iterationMs, shares } = record;
  if (phases.length === 0) throw new Error('profileFigure: phases must not be empty, got 0; run profile again');
  const places = record.places.slice(0, PLACES);
  const heading = {
    title: `An iteration takes ${iterationMs.toFixed(1)} ms, ${percent(shares.outside)} of it outside kernels and environment`,
    subtitle: `Mean of ${record.iterations} iterations on one thread; peak in this run ${record.peak.gflops.toFixed(1)} GFLOP/s and ${record.peak.gbytes.toFixed(1)} GB/s.`,
    legend: (['kernels', 'environment', 'outside'] as const).map((name) => ({
      ...seriesStyle(0, 'none'),
      name,
      symbol: 'rect',
      color: colors[name],
    })),
  };
  const narrow = medium.width < figureWidth;
  const left = narrow ? 140 : 210;
  const top = panelTop(heading, medium) + 24;
  const first: Panel = { left, top, width: medium.width - left - 60, height: phases.length * PITCH };
  const second: Panel = {
    left,
    top: top + first.height + 84,
    width: medium.width - left - (narrow ? 125 : 170),
    height: Math.max(1, places.length) * PITCH,
  };
  const share = (row: PlaceRow): number => 100 * row.share;
  const atPeak = places.map((row) => share(row) - 100 * row.lost);
  const figure: Figure = {
    id: 'profile',
    ...heading,
    height: second.top + second.height + 52,
    option: {
      grid: [first, second],
      xAxis: [
        valueAxis('ms per iteration', 'x', 28, { gridIndex: 0, min: 0 }),
        valueAxis('% of the time', 'x', 28, { gridIndex: 1, min: 0 }),
      ],
      yAxis: [
        categoryAxis(
          phases.map(({ phase }) => phase),
          0,
        ),
        categoryAxis(
          places.map(({ kernel, phase }) => `${kernel}, ${phase}`),
          1,
        ),
      ],
      graphic: [
        panelName('Phases', first),
        panelName(
          `Kernels with the highest potential saving:${narrow ? '\n' : ' '}time at the peak (dark) and above it (light)`,
          {
            ...second,
            left: 14,
          },
        ),
      ],
      series: [
        bars(
          0,
          colors.kernels,
          phases.map((row) => row.kernelsMs),
        ),
        bars(
          0,
          colors.environment,
          phases.map((row) => row.environmentMs),
        ),
        bars(
          0,
          colors.outside,
          phases.map((row) => row.outsideMs),
          phases.map((row) => percent(row.share)),
        ),
        bars(1, colors.kernels, atPeak),
        bars(
          1,
          colors.lost,
          places.map((row) => 100 * row.lost),
          places.map(nearest),
        ),
      ],
    },
  };
  return renderSvg(figure, medium);
}
