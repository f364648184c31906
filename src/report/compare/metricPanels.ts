import type { MetricsLine, RunRecords } from '../../record/schemas.ts';
import { MIN_INTERVAL_SEEDS } from '../../statistics/statistics.ts';
import { renderSvg, valueAxis } from '../draw/chart.ts';
import { file, type Medium, panelTop, type SeriesStyle, twoColumns } from '../draw/layout.ts';
import { band, curve } from '../draw/series.ts';
import { type Curve, curveBy, legendOf, stepsLabel } from './successFigures.ts';
import { roleStyle } from './variantRole.ts';
import type { ComparedVariant } from './variants.ts';

/** One panel: a number in the lines of metrics, against environment steps. */
export interface MetricPanel {
  readonly name: string;
  /** Name of the value axis. */
  readonly axis: string;
  /** Panels of equal scale share the range of their axes. */
  readonly scale: string;
  readonly pick: (line: MetricsLine) => number | null | undefined;
}

/** A figure of four panels. */
export interface MetricFigure {
  readonly id: string;
  readonly title: string;
  readonly explained: string;
  readonly panels: readonly MetricPanel[];
}

/** Style and curves of one variant or run, by panel. */
interface Curves {
  readonly style: SeriesStyle;
  readonly byPanel: readonly Curve[];
}

/** Fewest measurements that a figure shows. */
const FEWEST = 3;

/** Ends of an axis at multiples of 0.1, with zero inside. */
function rangeOf(curves: readonly Curve[]): { min: number; max: number } {
  const values = curves.flatMap((points) =>
    points.flatMap(([, { mean, interval }]) => [mean, interval?.low ?? mean, interval?.high ?? mean]),
  );
  return { min: Math.floor(Math.min(0, ...values) * 10) / 10, max: Math.ceil(Math.max(0.1, ...values) * 10) / 10 };
}

function draw(
  { id, title, panels }: MetricFigure,
  heading: { subtitle: string; legend?: ReturnType<typeof legendOf> },
  variants: readonly Curves[],
  medium: Medium,
): string {
  const top = panelTop({ title, ...heading }) + 24;
  const boxes = twoColumns(panels.length, top, 170, 256);
  const curvesAt = (scale: string): Curve[] =>
    variants.flatMap(({ byPanel }) => byPanel.filter((_, i) => panels[i].scale === scale));
  const figure = {
    id,
    title,
    ...heading,
    height: top + 256 + 170 + 52,
    panels: panels.map(({ name }, i) => ({ ...boxes[i], name })),
    option: {
      xAxis: boxes.map((_, i) =>
        valueAxis('environment steps', 'x', 28, { gridIndex: i, min: 0, max: 'dataMax', axisLabel: stepsLabel }),
      ),
      yAxis: panels.map(({ axis, scale }, i) =>
        valueAxis(axis, 'y', 42, { gridIndex: i, ...rangeOf(curvesAt(scale)) }),
      ),
      series: variants.flatMap(({ style, byPanel }) =>
        byPanel.flatMap((points, panel) => {
          if (points.length === 0) return [];
          const line = curve(
            points.map(([x, { mean }]) => [x, mean]),
            style,
            panel,
          );
          if (points[0][1].interval === undefined) return [line];
          const area = points.map(
            ([x, { mean, interval }]) => [x, interval?.low ?? mean, interval?.high ?? mean] as const,
          );
          return [band(area, style.color, panel), line];
        }),
      ),
    },
  };
  return renderSvg(figure, medium);
}

function curvesOf(
  { panels }: MetricFigure,
  of: { readonly runs: readonly Pick<RunRecords, 'metrics'>[] },
  style: SeriesStyle,
): Curves {
  return { style, byPanel: panels.map(({ pick }) => curveBy(of, pick)) };
}

const tooFew = ({ byPanel }: Curves): boolean => byPanel.every((points) => points.length < FEWEST);

/**
 * Draws the panels with one line per variant: the mean over seeds. Returns SVG; `undefined` if no variant has a panel
 * with three measurements.
 */
export function variantPanels(
  figure: MetricFigure,
  variants: readonly ComparedVariant[],
  medium: Medium = file,
): string | undefined {
  const curves = variants.map((variant) => curvesOf(figure, variant, roleStyle(variants, variant)));
  if (curves.every(tooFew)) return undefined;
  const bands = `bands: 95% interval of the mean, drawn from ${MIN_INTERVAL_SEEDS} seeds on`;
  const subtitle = `${figure.explained} Lines: mean over seeds; ${bands}.`;
  return draw(figure, { subtitle, legend: legendOf(variants) }, curves, medium);
}

/** As `variantPanels`, of a single run. */
export function runPanels(
  figure: MetricFigure,
  run: Pick<RunRecords, 'metrics'>,
  style: SeriesStyle,
  medium: Medium = file,
): string | undefined {
  const curves = curvesOf(figure, { runs: [run] }, style);
  return tooFew(curves) ? undefined : draw(figure, { subtitle: figure.explained }, [curves], medium);
}
