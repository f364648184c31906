import type { MetricsLine, RunRecords } from '../../record/schemas.ts';
import { MIN_INTERVAL_SEEDS } from '../../statistics/statistics.ts';
import { panelName, panelTop, renderSvg, type SeriesStyle, twoColumns, valueAxis } from '../draw/chart.ts';
import { band, curve } from '../draw/series.ts';
import { contrastAt } from './contrast.ts';
import { type Curve, curveBy, legendOf, stepsLabel } from './successFigures.ts';
import { roleStyle } from './variantRole.ts';
import type { ComparedVariant } from './variants.ts';

/** Panels of the figure: heading, and the value in a line of metrics. The cosines share one axis. */
const panels: readonly (readonly [name: string, value: (line: MetricsLine) => number | null | undefined])[] = [
  ['good-bad cosine', (line) => line['coupling/good_bad_cosine']],
  ['contrast', contrastAt],
  ['good-good cosine', (line) => line['coupling/good_good_cosine']],
  ['bad-bad cosine', (line) => line['coupling/bad_bad_cosine']],
];

/** The panel of the contrast, whose axis has its own range. */
const CONTRAST = 1;

/** Curves of one variant or run, by panel. */
interface CouplingCurves {
  readonly style: SeriesStyle;
  readonly byPanel: readonly Curve[];
}

/** Ends of an axis at multiples of 0.1, with zero inside. */
function rangeOf(curves: readonly Curve[]): { min: number; max: number } {
  const values = curves.flatMap((points) =>
    points.flatMap(([, { mean, interval }]) => [mean, interval?.low ?? mean, interval?.high ?? mean]),
  );
  return { min: Math.floor(Math.min(0, ...values) * 10) / 10, max: Math.ceil(Math.max(0.1, ...values) * 10) / 10 };
}

function drawPanels(
  heading: { title: string; subtitle: string; legend?: ReturnType<typeof legendOf> },
  variants: readonly CouplingCurves[],
): string {
  const top = panelTop(heading) + 24;
  const boxes = twoColumns(panels.length, top, 170, 256);
  const of = (wanted: (panel: number) => boolean): Curve[] =>
    variants.flatMap(({ byPanel }) => byPanel.filter((_, panel) => wanted(panel)));
  const ranges = [rangeOf(of((panel) => panel !== CONTRAST)), rangeOf(of((panel) => panel === CONTRAST))];
  return renderSvg({
    id: 'coupling-curves',
    ...heading,
    height: top + 256 + 170 + 52,
    option: {
      grid: boxes,
      xAxis: boxes.map((_, i) =>
        valueAxis('environment steps', 'x', 28, { gridIndex: i, min: 0, max: 'dataMax', axisLabel: stepsLabel }),
      ),
      yAxis: boxes.map((_, i) =>
        valueAxis(i === CONTRAST ? 'difference of cosines' : 'mean cosine', 'y', 42, {
          gridIndex: i,
          ...ranges[i === CONTRAST ? 1 : 0],
        }),
      ),
      graphic: panels.map(([name], i) => panelName(name, boxes[i])),
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
  });
}

const title = 'Coupling during training: cosines by class of pairs, and their contrast';
const explained = 'Contrast: mean of good-good and bad-bad, minus good-bad.';

/**
 * Good-bad, good-good and bad-bad cosine and their contrast against environment steps, one line per variant: the mean
 * over seeds. Returns SVG; `undefined` if no variant measured coupling between start and end.
 */
export function couplingCurves(variants: readonly ComparedVariant[]): string | undefined {
  const curves = variants.map((variant) => ({
    style: roleStyle(variants, variant),
    byPanel: panels.map(([, value]) => curveBy(variant, value)),
  }));
  if (curves.every(({ byPanel }) => byPanel.every((points) => points.length < 3))) return undefined;
  const bands = `bands: 95% interval of the mean, drawn from ${MIN_INTERVAL_SEEDS} seeds on`;
  const heading = { title, subtitle: `${explained} Lines: mean over seeds; ${bands}.`, legend: legendOf(variants) };
  return drawPanels(heading, curves);
}

/** As `couplingCurves`, of a single run. */
export function couplingCurvesOf(run: Pick<RunRecords, 'metrics'>, style: SeriesStyle): string | undefined {
  const byPanel = panels.map(([, value]) => curveBy({ runs: [run] }, value));
  if (byPanel.every((points) => points.length < 3)) return undefined;
  return drawPanels({ title, subtitle: explained }, [{ style, byPanel }]);
}
