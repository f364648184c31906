import type { MetricsLine, RunRecords } from '../../record/schemas.ts';
import { MIN_INTERVAL_SEEDS, mean } from '../../statistics/statistics.ts';
import { renderSvg, valueAxis } from '../draw/chart.ts';
import { intervalFigure } from '../draw/intervalFigure.ts';
import { type Figure, file, type Medium, type NamedPanel, panelTop } from '../draw/layout.ts';
import { band, curve as drawCurve } from '../draw/series.ts';
import { measureOf, type Scores, scoresOf } from './scores.ts';
import { roleName, roleStyle } from './variantRole.ts';
import { type ComparedVariant, resultMean, type SeedMean, seedMean } from './variants.ts';

/** Axis of a rate. */
export const unit = { min: 0, max: 1, interval: 0.25 };

/** Legend of figures whose series are variants. */
export const legendOf = (variants: readonly ComparedVariant[]) =>
  variants.map((variant) => ({ name: roleName(variant), ...roleStyle(variants, variant) }));

/** Points [environment steps, estimate over seeds]. */
export type Curve = readonly (readonly [number, SeedMean])[];

/**
 * Over some runs: [environment steps, estimate of what `pick` reads from their lines of metrics] at each iteration at
 * which every run measured it.
 */
export function curveBy(
  { runs }: { readonly runs: readonly Pick<RunRecords, 'metrics'>[] },
  pick: (line: MetricsLine) => number | null | undefined,
): Curve {
  const curve: [number, SeedMean][] = [];
  for (const { iteration } of runs[0].metrics) {
    const lines = runs.flatMap((run) => run.metrics.filter((line) => line.iteration === iteration).slice(0, 1));
    const value = seedMean(lines.map(pick));
    if (value?.seeds === runs.length) curve.push([mean(lines.map((line) => line.envSteps)), value]);
  }
  return curve;
}

/** As `curveBy`, of the metric `key`. */
export function curveOf(variant: ComparedVariant, key: string): Curve {
  return curveBy(variant, (line) => line[key]);
}

/**
 * Success on training games and on held-out combinations against environment steps, or returns where success means
 * nothing. One line per variant, with an interval band if it has enough seeds. Returns SVG.
 */
export function learningCurves(variants: readonly ComparedVariant[], medium: Medium = file): string {
  const seeds = Math.max(...variants.map((variant) => variant.runs.length));
  const { name, axis, metric } = measureOf(variants);
  const heading = {
    title: `${titles[name]} during training, on training games and on held-out combinations`,
    subtitle: `Lines: mean over seeds (at most ${seeds}); bands: 95% interval of the mean, drawn from ${MIN_INTERVAL_SEEDS} seeds on.`,
    legend: legendOf(variants),
  };
  const top = panelTop(heading) + 24;
  const panels: NamedPanel[] = ['training games', 'out-of-domain games'].map((of, i) => ({
    ...{ name: of, left: 62 + 362 * i, top },
    ...{ width: 316, height: 250 },
  }));
  const keys = [`${metric}/train`, `${metric}/out_of_domain`];
  const range = name === 'success' ? unit : { scale: true };
  const lines = variants.flatMap((variant) =>
    keys.map((key, panel) => ({ panel, style: roleStyle(variants, variant), curve: curveOf(variant, key) })),
  );
  const figure: Figure = {
    id: 'learning',
    ...heading,
    height: top + 250 + 52,
    panels,
    option: {
      xAxis: panels.map((_, i) =>
        valueAxis('environment steps', 'x', 28, { gridIndex: i, min: 0, max: 'dataMax', axisLabel: stepsLabel }),
      ),
      yAxis: panels.map((_, i) => valueAxis(i === 0 ? axis : '', 'y', 38, { gridIndex: i, ...range })),
      series: lines
        .filter(({ curve }) => curve.length > 0)
        .flatMap(({ panel, style, curve }) => [
          ...(curve[0][1].interval === undefined
            ? []
            : [
                band(
                  curve.map(([x, { interval, mean: y }]) => [x, interval?.low ?? y, interval?.high ?? y]),
                  style.color,
                  panel,
                ),
              ]),
          drawCurve(
            curve.map(([x, { mean: y }]) => [x, y]),
            style,
            panel,
          ),
        ]),
    },
  };
  return renderSvg(figure, medium);
}

/** Labels of an axis of environment steps. */
export const stepsLabel = {
  color: '#555555',
  fontSize: 11,
  hideOverlap: true,
  formatter: (steps: number) => (steps >= 1000 ? `${Math.round(steps / 1000)}k` : `${Math.round(steps)}`),
  // The last tick is at the end of the data, which is rarely a round number.
  showMaxLabel: false,
};

const splitPicks: readonly [string, keyof Scores][] = [
  ['training games', 'train'],
  ['in-domain', 'inDomain'],
  ['out-of-domain', 'outOfDomain'],
];

const titles = { success: 'Success', return: 'Return' } as const;

/** Ends of the axes, with room for the intervals, and the distance of the ticks. */
function axisOf(variants: readonly ComparedVariant[]): { range: readonly [number, number]; step: number } {
  if (measureOf(variants).name === 'success') return { range: [0, 1], step: 0.5 };
  const values = variants.flatMap((variant) =>
    splitPicks.flatMap(([, split]) => {
      const found = resultMean(variant, (result) => scoresOf(result)[split]);
      return found === undefined ? [] : [...found.values, found.interval?.low ?? [], found.interval?.high ?? []].flat();
    }),
  );
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = low === high ? Math.max(1, Math.abs(low)) / 2 : (high - low) / 10;
  return { range: [low - room, high + room], step: (high - low + 2 * room) / 2 };
}

/**
 * Final success (or return, where success means nothing) by split. One row per variant: a dot for the mean, a bar for
 * the interval, a small ring for each seed. Returns SVG.
 */
export function successBySplit(variants: readonly ComparedVariant[], medium: Medium = file): string {
  const { name: measured, axis } = measureOf(variants);
  const { range, step } = axisOf(variants);
  return intervalFigure(
    {
      id: 'splits',
      title: `${titles[measured]} after training, by split`,
      subtitle: `Large marks: mean over seeds; rings: single seeds; bars, from ${MIN_INTERVAL_SEEDS} seeds on: 95% interval of the mean.`,
      panels: splitPicks.map(([name]) => ({ name, axis, range, step })),
      rows: variants.map((variant) => ({
        name: roleName(variant),
        style: roleStyle(variants, variant),
        cells: splitPicks.map(([, split]) => {
          const pick: Parameters<typeof resultMean>[1] = (result) => scoresOf(result)[split];
          const value = resultMean(variant, pick);
          if (value === undefined) return null;
          const { mean: centre, interval } = value;
          const runs = variant.runs.flatMap((run) => pick(run.result) ?? []);
          return { value: centre, low: interval?.low ?? null, high: interval?.high ?? null, runs };
        }),
      })),
    },
    medium,
  );
}
