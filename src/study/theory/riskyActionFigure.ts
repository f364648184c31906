import { renderSvg, seriesStyle, valueAxis } from '../../report/draw/chart.ts';
import { file, type Medium, panelTop, twoColumns } from '../../report/draw/layout.ts';
import { bars, curve, points as drawPoints } from '../../report/draw/series.ts';

/** Advantage of the risky action at one probability of taking it, weighted by that probability. */
export interface RiskyPoint {
  readonly q: number;
  readonly r: number;
  readonly groupSize: number;
  readonly scaleRewards: string;
  readonly expected: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Advantage of the risky action in closed form and measured: one panel per group size and scaling. Returns SVG. */
export function riskyActionFigure(points: readonly RiskyPoint[], medium: Medium = file): string {
  if (points.length === 0) throw new Error('riskyActionFigure: points must not be empty, got 0; run the study again');
  const cases = [...new Map(points.map((p) => [`${p.scaleRewards}/${p.groupSize}`, p])).values()];
  const risks = [...new Set(points.map((p) => p.r))];
  const styles = risks.map((_, i) => seriesStyle(i + 1));
  const heading = {
    title: 'Advantage of the risky action by how often it is taken',
    subtitle:
      'Mean of the advantage where the risky action is taken, 0 elsewhere. Lines: closed form; marks: measured; bars: 95% interval over groups.',
    legend: risks.map((r, i) => ({ name: `failure risk r = ${r}`, ...styles[i] })),
  };
  const top = panelTop(heading) + 24;
  const panels = twoColumns(cases.length, top, 150, 226);
  const of = (panel: number, r: number): RiskyPoint[] => {
    const { groupSize, scaleRewards } = cases[panel];
    return points.filter((p) => p.groupSize === groupSize && p.scaleRewards === scaleRewards && p.r === r);
  };
  return renderSvg(
    {
      id: 'risky',
      ...heading,
      height: top + Math.ceil(cases.length / 2) * 226 - 4,
      panels: panels.map((panel, i) => ({
        ...panel,
        name: `groups of ${cases[i].groupSize}, scaleRewards ${cases[i].scaleRewards}`,
      })),
      option: {
        xAxis: panels.map((_, i) =>
          valueAxis('probability q of the risky action', 'x', 26, { gridIndex: i, min: 0, max: 1 }),
        ),
        yAxis: panels.map((_, i) =>
          valueAxis(cases[i].scaleRewards === 'none' ? 'advantage (reward)' : 'advantage (group std)', 'y', 42, {
            gridIndex: i,
            max: 0,
          }),
        ),
        series: panels.flatMap((_, panel) =>
          risks.flatMap((r, i) => [
            curve(
              of(panel, r).map((p) => [p.q, p.expected]),
              styles[i],
              panel,
              { symbol: 'none' },
            ),
            bars(
              of(panel, r).map((p) => [p.q, p.low, p.high]),
              styles[i].color,
              panel,
            ),
            drawPoints(
              of(panel, r).map((p) => [p.q, p.mean]),
              styles[i],
              panel,
            ),
          ]),
        ),
      },
    },
    medium,
  );
}
