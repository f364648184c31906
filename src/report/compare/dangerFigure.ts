import type { DangerRecord } from '../../record/dangerRecord.ts';
import { MIN_INTERVAL_SEEDS } from '../../statistics/statistics.ts';
import { renderSvg, seriesStyle, valueAxis } from '../draw/chart.ts';
import { type Figure, file, type Medium, type NamedPanel, panelTop, type SeriesStyle } from '../draw/layout.ts';
import { band, curve as drawCurve } from '../draw/series.ts';
import { DATA_REMOVED, termsText } from './termNames.ts';

type Curve = DangerRecord['curves'][number];

/**
 * The bad action counts as likelier than at the start if the highest mean probability exceeds the start by more than
 * this.
 */
const RISE = 0.05;

const COLUMNS = 3;

/**
 * The danger zone (the start probabilities from which the bad action is still likely after training): probability of
 * the bad action against iteration. One panel per start, one line per method with the samples of both states (solid) or
 * with the other state's data removed (dashed). From five seeds on, a band shows the 95% interval of the mean over
 * seeds. The last panel has the mean return after training against the start, if the record has it.
 *
 * @param id unique on its page
 * @param methods names in the order of their colours, for figures that share a page (default: those of the record)
 * @param medium default: a file of its own
 * @returns SVG
 */
export function dangerFigure(
  danger: DangerRecord,
  id = 'danger',
  methods = methodsOf(danger),
  medium: Medium = file,
): string {
  const starts = [...new Set(danger.curves.map((curve) => curve.start))].sort((a, b) => a - b);
  if (starts.length === 0) throw new Error('dangerFigure: curves must not be empty, got 0; run danger again');
  const names = [...new Set(danger.curves.map(conditionName))];
  const styleOf = (name: string): SeriesStyle => {
    const curve = danger.curves.find((c) => conditionName(c) === name) as Curve;
    const style = seriesStyle(methods.indexOf(dangerMethodName(curve)) + 1);
    return curve.coupling ? style : { ...style, line: 'dashed' };
  };
  const bounded = danger.seeds >= MIN_INTERVAL_SEEDS;
  const heading = {
    title: dangerTitle(danger),
    subtitle: `Two look-alike states (similarity ρ = ${danger.rho}). Lines: mean of ${danger.seeds} ${danger.seeds === 1 ? 'seed' : 'seeds'}; ${bounded ? 'bands: 95% interval; ' : ''}grey: start.`,
    legend: names.map((name) => ({ name, ...styleOf(name) })),
  };
  const top = panelTop(heading) + 24;
  const measured = danger.rows.filter((row) => row.return !== null);
  const returns = measured.length === 0 ? [] : [starts.length];
  const rows = Math.ceil((starts.length + returns.length) / COLUMNS);
  const panels: NamedPanel[] = [...starts, ...returns].map((_, i) => ({
    ...(i < starts.length
      ? { name: `start ${starts[i].toFixed(2)}` }
      : { name: 'return after training', axis: 'mean return' }),
    left: 62 + (i % COLUMNS) * 236,
    top: top + Math.floor(i / COLUMNS) * 226,
    width: 200,
    height: 150,
  }));
  const figure: Figure = {
    id,
    ...heading,
    height: top + rows * 226 - 8,
    panels,
    option: {
      xAxis: panels.map((_, i) =>
        i < starts.length
          ? valueAxis('iteration', 'x', 26, { gridIndex: i, min: 0, max: danger.iterations })
          : valueAxis('start', 'x', 26, { gridIndex: i, min: 0, max: 1 }),
      ),
      yAxis: panels.map((_, i) =>
        valueAxis(i % COLUMNS > 0 ? '' : i < starts.length ? 'probability of the bad action' : 'mean return', 'y', 36, {
          gridIndex: i,
          min: 0,
          max: 1,
          interval: 0.25,
        }),
      ),
      series: [
        ...starts.flatMap((start, panel) => {
          const curves = danger.curves.filter((curve) => curve.start === start);
          return [
            ...(bounded ? curves : []).map((curve) =>
              band(
                curve.points.map(([x, , low, high]) => [x, low, high]),
                styleOf(conditionName(curve)).color,
                panel,
              ),
            ),
            ...curves.map((curve, i) =>
              curveSeries(curve, styleOf(conditionName(curve)), panel, i === 0 ? start : undefined),
            ),
          ];
        }),
        ...returns.flatMap((panel) =>
          names.map((name) =>
            drawCurve(
              measured
                .filter((row) => conditionName(row) === name)
                .map((row) => [row.start, row.return ?? 0])
                .sort(([a], [b]) => a - b),
              styleOf(name),
              panel,
            ),
          ),
        ),
      ],
    },
  };
  return renderSvg(figure, medium);
}

/** Name of a method with its labels, as figures show it. */
export const dangerMethodName = (curve: Pick<Curve, 'method' | 'labels'>): string =>
  [termsText(curve.method.split('+')), ...(curve.labels === 'none' ? [] : [`${curve.labels} labels`])].join(', ');

function methodsOf(danger: DangerRecord): readonly string[] {
  return [...new Set(danger.curves.map(dangerMethodName))];
}

/** Name of an experimental condition: its method, and what was removed. */
export const conditionName = (condition: Pick<Curve, 'method' | 'labels' | 'coupling'>): string =>
  [dangerMethodName(condition), ...(condition.coupling ? [] : [DATA_REMOVED])].join(', ');

function curveSeries(curve: Curve, style: SeriesStyle, panel: number, start: number | undefined): object {
  const every = Math.max(1, Math.floor(curve.points.length / 4));
  const points = curve.points.map(([x, mean]) => [x, mean]);
  return drawCurve(points, style, panel, {
    // A few markers distinguish lines without colour. A marker on every point would hide the line.
    symbolSize: (_: unknown, { dataIndex }: { dataIndex: number }) => (dataIndex % every === 0 ? 6.5 : 0),
    ...(start === undefined
      ? {}
      : {
          markLine: {
            symbol: 'none',
            silent: true,
            label: { show: false },
            lineStyle: { color: '#9a9a9a', type: 'solid', width: 1 },
            data: [{ yAxis: start }],
          },
        }),
  });
}

function dangerTitle(danger: DangerRecord): string {
  const [first] = danger.rows;
  if (first === undefined) return 'Probability of the bad action during training';
  // Counts of the starts from which a condition rises, if the record has it.
  const risen = (name: string): { all: number; count: number }[] => {
    const rows = danger.rows.filter((row) => conditionName(row) === name);
    return rows.length === 0
      ? []
      : [{ all: rows.length, count: rows.filter((row) => row.peak > row.start + RISE).length }];
  };
  const decoupled = dangerMethodName({ method: 'decouple', labels: 'none' });
  const parts = [
    ...risen(dangerMethodName(first)).map(({ all, count }) => `in ${count} of ${all} cases`),
    ...risen(conditionName({ ...first, coupling: false })).map(({ count }) => `with the ${DATA_REMOVED} in ${count}`),
    ...risen(decoupled).map(({ count }) => `with ${decoupled} in ${count}`),
  ];
  return `${dangerMethodName(first)}: the bad action becomes likelier than at its start ${parts.join(', ')}`;
}
