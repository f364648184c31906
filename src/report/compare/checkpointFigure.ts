import { mean } from '../../statistics/statistics.ts';
import { renderSvg, valueAxis } from '../draw/chart.ts';
import { type Figure, figureWidth, file, type Medium, panelTop } from '../draw/layout.ts';
import { styleName } from '../draw/tips.ts';
import { measureOf } from './scores.ts';
import { legendOf, unit } from './successFigures.ts';
import { roleStyle } from './variantRole.ts';
import type { ComparedVariant } from './variants.ts';

/** Pearson correlation; `undefined` with fewer than three points or if x or y is constant. */
function correlation(points: readonly (readonly [number, number])[]): number | undefined {
  if (points.length < 3) return undefined;
  const mx = mean(points.map(([x]) => x));
  const my = mean(points.map(([, y]) => y));
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (const [x, y] of points) {
    xy += (x - mx) * (y - my);
    xx += (x - mx) * (x - mx);
    yy += (y - my) * (y - my);
  }
  return xx * yy > 0 ? xy / Math.sqrt(xx * yy) : undefined;
}

/** [out-of-domain success or return, good-bad cosine] of each checkpoint of a variant at which both were measured. */
function checkpoints(variant: ComparedVariant, metric: string): [number, number][] {
  return variant.runs.flatMap(({ metrics }) =>
    metrics.flatMap((line): [number, number][] => {
      const success = line[`${metric}/out_of_domain`];
      const cosine = line['coupling/good_bad_cosine'];
      return typeof success === 'number' && typeof cosine === 'number' ? [[success, cosine]] : [];
    }),
  );
}

/**
 * Good-bad cosine against out-of-domain success (or return, where success means nothing), one mark per checkpoint.
 * Returns SVG, or `undefined` if no checkpoint has both.
 */
export function couplingAgainstSuccess(
  variants: readonly ComparedVariant[],
  medium: Medium = file,
): string | undefined {
  const { name, axis, metric } = measureOf(variants);
  const points = variants.flatMap((variant) => checkpoints(variant, metric));
  if (points.length === 0) return undefined;
  const r = correlation(points);
  const heading = {
    title: `Coupling and ${name} at ${points.length} checkpoints${r === undefined ? '' : `: correlation ${r.toFixed(2).replace('-', '−')}`}`,
    subtitle: `One mark per checkpoint of a run. Compare variants at equal ${name}.`,
    legend: legendOf(variants).map((entry) => ({ ...entry, line: 'none' as const })),
  };
  const top = panelTop(heading);
  const figure: Figure = {
    id: 'checkpoints',
    ...heading,
    height: top + 300 + 54,
    panels: [{ left: 70, top, width: figureWidth - 100, height: 300 }],
    option: {
      xAxis: valueAxis(`out-of-domain ${axis}`, 'x', 28, name === 'success' ? unit : { scale: true }),
      yAxis: valueAxis('mean cosine of good-bad pairs', 'y', 46, { scale: true }),
      series: variants.map((variant) => {
        const style = roleStyle(variants, variant);
        return {
          type: 'scatter',
          name: styleName({ ...style, line: 'none' }),
          symbol: style.symbol,
          symbolSize: 8,
          silent: true,
          itemStyle: { color: style.color, opacity: 0.7 },
          data: checkpoints(variant, metric),
        };
      }),
    },
  };
  return renderSvg(figure, medium);
}
