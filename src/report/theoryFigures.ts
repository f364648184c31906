/** Figures of the results around the method: closed forms as lines, what the engine measured as marks. */
import {
  type Figure,
  type Panel,
  panelName,
  panelTop,
  renderSvg,
  type SeriesStyle,
  seriesStyle,
  valueAxis,
} from './chart.ts';
import { bars, curve } from './series.ts';

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

const COLUMN = 350;

function twoColumns(count: number, top: number, height: number, step: number): Panel[] {
  return Array.from({ length: count }, (_, i) => ({
    left: 70 + (i % 2) * COLUMN,
    top: top + Math.floor(i / 2) * step,
    width: 290,
    height,
  }));
}

/** Closed form and measurement of the risky action's advantage, one panel per group size and scaling. Returns SVG. */
export function riskyActionFigure(points: readonly RiskyPoint[]): string {
  if (points.length === 0) throw new Error('riskyActionFigure: points must not be empty, got 0; run the study again');
  const cases = [...new Map(points.map((p) => [`${p.scaleRewards}/${p.groupSize}`, p])).values()];
  const risks = [...new Set(points.map((p) => p.r))];
  const styles = risks.map((_, i) => seriesStyle(i + 1));
  const heading = {
    title: 'Group-relative advantages punish a risky action however often it is taken',
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
  return renderSvg({
    id: 'risky',
    ...heading,
    height: top + Math.ceil(cases.length / 2) * 226 - 4,
    option: {
      grid: panels,
      xAxis: panels.map((_, i) =>
        valueAxis('probability q of the risky action', 'x', 26, { gridIndex: i, min: 0, max: 1 }),
      ),
      yAxis: panels.map((_, i) =>
        valueAxis(cases[i].scaleRewards === 'none' ? 'advantage (reward)' : 'advantage (std of the group)', 'y', 42, {
          gridIndex: i,
          max: 0,
        }),
      ),
      graphic: panels.map((panel, i) =>
        panelName(`groups of ${cases[i].groupSize}, scaleRewards ${cases[i].scaleRewards}`, panel),
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
          scatter(
            of(panel, r).map((p) => [p.q, p.mean]),
            styles[i],
            panel,
          ),
        ]),
      ),
    },
  });
}

function scatter(data: readonly (readonly number[])[], style: SeriesStyle, panel: number, size = 6): object {
  return {
    type: 'scatter',
    xAxisIndex: panel,
    yAxisIndex: panel,
    z: 5,
    silent: true,
    symbol: style.symbol,
    symbolSize: size,
    itemStyle: { color: style.color },
    data,
  };
}

/** What repeated steps of one kind do to three actions, and what a first step does from every start of a grid. */
export interface SqueezeCase {
  /** What the steps ascend. */
  readonly name: string;
  readonly stepSize: number;
  /** Probabilities [good, punished, other bad] by step: closed form, then measured. */
  readonly path: readonly (readonly number[])[];
  readonly measured: readonly (readonly number[])[];
  /** Start [good, punished, other bad], and change of the other bad action and of both bad ones together in the first step, as measured. */
  readonly grid: readonly { readonly start: readonly number[]; readonly other: number; readonly bad: number }[];
}

const actionNames = ['good', 'bad, punished', 'bad, other'];

const mapNames = ['both bad actions together rise', 'the other bad action rises', 'neither rises'];
const mapStyles = [
  { ...seriesStyle(1, 'none'), symbol: 'triangle' },
  { ...seriesStyle(5, 'none'), symbol: 'rect' },
  { ...seriesStyle(2, 'none'), symbol: 'circle' },
];

/** Upper panels: probabilities over steps; lower panels: which starts make a bad action likelier. Returns SVG. */
export function squeezeFigure(cases: readonly SqueezeCase[]): string {
  if (cases.length === 0) throw new Error('squeezeFigure: cases must not be empty, got 0; run the study again');
  const styles = actionNames.map((_, i) => seriesStyle([3, 1, 5][i]));
  const heading = {
    title: 'Squeezing: punishing one bad action can make another one likelier',
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
  const figure: Figure = {
    id: 'squeeze',
    ...heading,
    height: top + 246 + 220 + 48,
    option: {
      grid: [...paths, ...maps],
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
      graphic: cases.flatMap(({ name, stepSize }, i) => [
        panelName(`${name}, step size ${stepSize}`, paths[i]),
        panelName(name, maps[i]),
      ]),
      series: cases.flatMap(({ path, measured, grid }, i) => [
        ...actionNames.flatMap((_, a) => [
          curve(
            path.map((p, step) => [step, p[a]]),
            styles[a],
            i,
            { symbol: 'none' },
          ),
          scatter(
            measured.flatMap((p, step) => (step % Math.ceil(measured.length / 12) === 0 ? [[step, p[a]]] : [])),
            styles[a],
            i,
          ),
        ]),
        ...mapStyles.map((style, k) =>
          scatter(
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
  };
  return renderSvg(figure);
}

/** Error of the first-order prediction by size of the step, for one policy at one stage of training. */
export interface StepErrorCurve {
  readonly policy: string;
  readonly stage: string;
  /** Ascending by `lift`; each error is the geometric middle over seeds (its median) in nats, with the least and largest. */
  readonly points: readonly {
    readonly lift: number;
    readonly predicted: number;
    readonly error: number;
    readonly low: number;
    readonly high: number;
  }[];
}

const decades = (x: number): string =>
  x.toExponential(0).replace('e+0', '').replace('e', ' · 10^').replace('1 · ', '').replace('-', '−');

/** Log-log plot of the error of the first-order prediction against the size of the step, a panel per policy. Returns SVG. */
export function stepErrorFigure(curves: readonly StepErrorCurve[]): string {
  if (curves.length === 0) throw new Error('stepErrorFigure: curves must not be empty, got 0; run the study again');
  const policies = [...new Set(curves.map(({ policy }) => policy))];
  const stageNames = [...new Set(curves.map(({ stage }) => stage))];
  const styles = stageNames.map((_, i) => seriesStyle(i + 1));
  const guide: SeriesStyle = { ...seriesStyle(0, 'dashed'), symbol: 'none' };
  const heading = {
    title: 'The first-order prediction of spillover: its error falls with the square of the step',
    subtitle:
      'Root mean square over probes of predicted − actual change of log π. Marks: median over seeds; bars: least to largest. Dashed: slope 2. Left, the error levels off at the rounding of 32-bit floats.',
    legend: [
      ...stageNames.map((name, i) => ({ name: `policy: ${name}`, ...styles[i] })),
      { name: 'slope 2', ...guide },
    ],
  };
  const top = panelTop(heading) + 24;
  const panels = twoColumns(policies.length, top, 260, 0);
  const lifts = curves.flatMap(({ points }) => points.map(({ lift }) => lift));
  const [least, largest] = [Math.min(...lifts), Math.max(...lifts)];
  const log = { type: 'log', logBase: 10, splitLine: { show: true, lineStyle: { color: '#e4e4e4' } } };
  const label = { color: '#555555', fontSize: 11, formatter: decades, hideOverlap: true };
  return renderSvg({
    id: 'step-error',
    ...heading,
    height: top + 260 + 52,
    option: {
      grid: panels,
      xAxis: panels.map((_, i) =>
        valueAxis('size of the step: first-order rise of the objective (nats)', 'x', 28, {
          ...log,
          gridIndex: i,
          min: least / 2,
          max: largest * 2,
          axisLabel: label,
        }),
      ),
      yAxis: panels.map((_, i) =>
        valueAxis(i === 0 ? 'error of the prediction (nats)' : '', 'y', 48, {
          ...log,
          gridIndex: i,
          min: 1e-8,
          max: 10,
          axisLabel: label,
        }),
      ),
      graphic: panels.map((panel, i) => panelName(policies[i], panel)),
      series: policies.flatMap((policy, panel) => [
        curve(
          [
            [least * 8, least * least * 64],
            [largest, largest * largest],
          ],
          guide,
          panel,
        ),
        ...curves
          .filter((each) => each.policy === policy)
          .flatMap(({ stage, points }) => {
            const style = styles[stageNames.indexOf(stage)];
            return [
              curve(
                points.map(({ lift, error }) => [lift, error]),
                style,
                panel,
              ),
              bars(
                points.map(({ lift, low, high }) => [lift, low, high]),
                style.color,
                panel,
              ),
            ];
          }),
      ]),
    },
  });
}
