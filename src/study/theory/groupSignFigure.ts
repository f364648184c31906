import { renderSvg, seriesStyle, valueAxis } from '../../report/draw/chart.ts';
import { file, type Medium, panelTop, twoColumns } from '../../report/draw/layout.ts';
import { bars, curve, points as drawPoints } from '../../report/draw/series.ts';
import type { Interval } from '../../statistics/statistics.ts';
import { expectedSigns, type RiskyGroup, type Signs } from './groupSignMath.ts';

/** Signs of the risky action's advantages at one probability of taking it, in closed form and measured. */
export interface SignPoint extends RiskyGroup {
  readonly expected: Signs;
  readonly measured: { readonly [name in keyof Signs]: Pick<Interval, 'mean' | 'low' | 'high'> };
}

const quantities = [
  { name: 'sample', heading: 'a risky sample' },
  { name: 'group', heading: 'all risky samples of a group' },
] as const;

/**
 * Probability of a positive group-relative advantage of the risky action against its probability: one panel per
 * quantity, u and r, one line per group size. Returns SVG.
 */
export function groupSignFigure(points: readonly SignPoint[], medium: Medium = file): string {
  if (points.length === 0) throw new Error('groupSignFigure: points must not be empty, got 0; run the study again');
  const sizes = [...new Set(points.map((p) => p.groupSize))];
  const styles = sizes.map((_, i) => seriesStyle(i + 1));
  const cases = [...new Map(points.map(({ rest, r }) => [`${rest}/${r}`, { rest, r }])).values()];
  const shown = cases.flatMap((each) => quantities.map((quantity) => ({ ...each, ...quantity })));
  const heading = {
    title: 'How often a group-relative advantage rewards the risky action',
    subtitle:
      'Probability that the advantage is positive. Lines: closed form; marks: measured; bars: 95% interval over groups. Left: one sample of the action. Right: the sum over its samples of a group.',
    legend: sizes.map((size, i) => ({ name: `groups of ${size}`, ...styles[i] })),
  };
  const top = panelTop(heading) + 24;
  const panels = twoColumns(shown.length, top, 130, 206);
  const all = Array.from({ length: 49 }, (_, i) => (i + 1) / 50);
  return renderSvg(
    {
      id: 'group-sign',
      ...heading,
      height: top + Math.ceil(shown.length / 2) * 206 - 4,
      panels: panels.map((panel, i) => ({
        ...panel,
        name: `${shown[i].heading}: u = ${shown[i].rest}, r = ${shown[i].r}`,
      })),
      option: {
        xAxis: panels.map((_, i) =>
          valueAxis('probability q of the risky action', 'x', 26, { gridIndex: i, min: 0, max: 1 }),
        ),
        yAxis: panels.map((_, i) =>
          valueAxis(i % 2 === 0 ? 'probability' : '', 'y', 36, { gridIndex: i, min: 0, max: 1, interval: 0.25 }),
        ),
        series: panels.flatMap((_, panel) => {
          const { rest, r, name } = shown[panel];
          return sizes.flatMap((groupSize, i) => {
            const of = points.filter((p) => p.groupSize === groupSize && p.rest === rest && p.r === r);
            const exact = all.map((q) => [q, expectedSigns({ q, r, groupSize, rest })[name]]);
            const intervals = of.map(({ q, measured }) => [q, measured[name].low, measured[name].high] as const);
            return [
              curve(exact, styles[i], panel, { symbol: 'none' }),
              bars(intervals, styles[i].color, panel),
              drawPoints(
                of.map(({ q, measured }) => [q, measured[name].mean]),
                styles[i],
                panel,
              ),
            ];
          });
        }),
      },
    },
    medium,
  );
}
