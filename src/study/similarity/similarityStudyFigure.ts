import { renderSvg, seriesStyle, valueAxis } from '../../report/draw/chart.ts';
import { file, type Medium, panelTop } from '../../report/draw/layout.ts';
import { bars, curve } from '../../report/draw/series.ts';

/** One measure of one variant by similarity of states. */
export interface SimilarityCurve {
  readonly condition: string;
  readonly measure: string;
  readonly points: readonly {
    readonly similarity: number;
    readonly mean: number;
    /** Ends of the 95% interval over seeds; null with too few seeds. */
    readonly low: number | null;
    readonly high: number | null;
  }[];
}

/** Each measure against the similarity of states: one panel per measure, one line per variant. Returns SVG. */
export function similarityStudyFigure(curves: readonly SimilarityCurve[], medium: Medium = file): string {
  if (curves.length === 0)
    throw new Error('similarityStudyFigure: curves must not be empty, got 0; run the study again');
  const measures = [...new Set(curves.map(({ measure }) => measure))];
  const conditions = [...new Set(curves.map(({ condition }) => condition))];
  const styles = conditions.map((_, i) =>
    seriesStyle(i + 1, i === 1 || i === conditions.length - 1 ? 'dashed' : 'solid'),
  );
  const heading = {
    title: 'Coupling and success on held-out combinations by similarity of states',
    subtitle: 'Marks: mean over seeds; bars: 95% interval. Dashed: controls.',
    legend: conditions.map((name, i) => ({ name, ...styles[i] })),
  };
  const top = panelTop(heading) + 24;
  const panels = measures.map((_, i) => ({ left: 58 + i * 236, top, width: 192, height: 210 }));
  return renderSvg(
    {
      id: 'similarity-study',
      ...heading,
      height: top + 210 + 50,
      panels: panels.map((panel, i) => ({ ...panel, name: measures[i] })),
      option: {
        xAxis: panels.map((_, i) =>
          valueAxis('similarity ρ (cosine of states)', 'x', 28, { gridIndex: i, min: 0, max: 1 }),
        ),
        yAxis: panels.map((_, i) =>
          valueAxis('', 'y', 38, {
            gridIndex: i,
            ...(measures[i].includes('success')
              ? { min: 0 }
              : { min: (value: { min: number }) => Math.min(0, Math.floor(value.min * 4) / 4) }),
            max: 1,
            interval: 0.25,
          }),
        ),
        series: measures.flatMap((measure, panel) =>
          curves
            .filter((each) => each.measure === measure)
            .flatMap(({ condition, points }) => {
              const style = styles[conditions.indexOf(condition)];
              return [
                curve(
                  points.map(({ similarity, mean }) => [similarity, mean]),
                  style,
                  panel,
                ),
                bars(
                  points.flatMap(({ similarity, low, high }): [number, number, number][] =>
                    low === null || high === null ? [] : [[similarity, low, high]],
                  ),
                  style.color,
                  panel,
                ),
              ];
            }),
        ),
      },
    },
    medium,
  );
}
