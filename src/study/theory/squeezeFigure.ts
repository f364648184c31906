import { renderSvg, seriesStyle, valueAxis } from '../../report/draw/chart.ts';
import { file, type Medium, panelTop, twoColumns } from '../../report/draw/layout.ts';
import { curve, points } from '../../report/draw/series.ts';

/** Effect of repeated steps of one kind on three actions, and effect of the first step from each start of a grid. */
export interface SqueezeCase {
  /** The objective that the steps ascend. */
  readonly name: string;
  readonly stepSize: number;
  /** Probabilities [good, punished, other bad] by step: closed form, then measured. */
  readonly path: readonly (readonly number[])[];
  readonly measured: readonly (readonly number[])[];
  /**
   * Start [good, punished, other bad], and measured change in the first step: of the other bad action, and of both bad
   * actions together.
   */
  readonly grid: readonly { readonly start: readonly number[]; readonly other: number; readonly bad: number }[];
}

const actionNames = ['good', 'bad, punished', 'bad, other'];

const mapNames = ['both bad actions together rise', 'the other bad action rises', 'neither rises'];
const mapStyles = [
  { ...seriesStyle(4, 'none'), symbol: 'triangle' },
  { ...seriesStyle(6, 'none'), symbol: 'rect' },
  { ...seriesStyle(0, 'none'), symbol: 'circle' },
];

/**
 * Upper panels: probabilities over steps. Lower panels: the starts from which a bad action becomes likelier. Returns
 * SVG.
 */
export function squeezeFigure(cases: readonly SqueezeCase[], medium: Medium = file): string {
  if (cases.length === 0) throw new Error('squeezeFigure: cases must not be empty, got 0; run the study again');
  const styles = actionNames.map((_, i) => seriesStyle([3, 1, 5][i]));
  const heading = {
    title: 'Three actions: probabilities over steps, and starts from which a bad one rises',
    subtitle:
      'Above: probabilities of three actions by step; lines: closed form, marks: the engine. Below: what the first step does, by start.',
    legend: [
      ...actionNames.map((name, i) => ({ name, ...styles[i] })),
      ...mapNames.map((name, i) => ({ name, ...mapStyles[i] })),
    ],
  };
  const top = panelTop(heading) + 30;
  const paths = twoColumns(cases.length, top, 160, 0);
  const maps = twoColumns(cases.length, top + 246, 220, 0);
  return renderSvg(
    {
      id: 'squeeze',
      ...heading,
      height: top + 246 + 220 + 48,
      panels: [...paths, ...maps].map((panel, i) => ({
        ...panel,
        name: i < cases.length ? `${cases[i].name}, step size ${cases[i].stepSize}` : cases[i - cases.length].name,
      })),
      option: {
        xAxis: [
          ...cases.map(({ path }, i) => valueAxis('steps', 'x', 26, { gridIndex: i, min: 0, max: path.length - 1 })),
          ...cases.map((_, i) =>
            valueAxis('probability of the punished action', 'x', 26, { gridIndex: cases.length + i, min: 0, max: 1 }),
          ),
        ],
        yAxis: [
          ...cases.map((_, i) =>
            valueAxis(i === 0 ? 'probability' : '', 'y', 40, { gridIndex: i, min: 0, max: 1, interval: 0.25 }),
          ),
          ...cases.map((_, i) =>
            valueAxis(i === 0 ? 'probability of the other bad action' : '', 'y', 40, {
              gridIndex: cases.length + i,
              min: 0,
              max: 1,
              interval: 0.25,
            }),
          ),
        ],
        series: cases.flatMap(({ path, measured, grid }, i) => [
          ...actionNames.flatMap((_, a) => [
            curve(
              path.map((p, step) => [step, p[a]]),
              styles[a],
              i,
              { symbol: 'none' },
            ),
            points(
              measured.flatMap((p, step) => (step % Math.ceil(measured.length / 12) === 0 ? [[step, p[a]]] : [])),
              styles[a],
              i,
            ),
          ]),
          ...mapStyles.map((style, k) =>
            points(
              grid
                .filter(({ other, bad }) => k === (bad > 0 ? 0 : other > 0 ? 1 : 2))
                .map(({ start }) => [start[1], start[2]]),
              style,
              cases.length + i,
              7,
            ),
          ),
        ]),
      },
    },
    medium,
  );
}
