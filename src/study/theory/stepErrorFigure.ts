import { renderSvg, seriesStyle, valueAxis } from '../../report/draw/chart.ts';
import { file, type Medium, panelTop, type SeriesStyle, twoColumns } from '../../report/draw/layout.ts';
import { bars, curve } from '../../report/draw/series.ts';

/** Error of the first-order prediction by step size, for one policy at one stage of training. */
export interface StepErrorCurve {
  readonly policy: string;
  readonly stage: string;
  /** Ascending by `lift`. Each error is the median over seeds in nats, with the smallest and the largest. */
  readonly points: readonly {
    readonly lift: number;
    readonly predicted: number;
    readonly error: number;
    readonly low: number;
    readonly high: number;
  }[];
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** `10⁻³` for a power of ten; empty for other values, which occur at the ends of an axis. */
function decades(x: number): string {
  const [digits, exponent] = x.toExponential(0).split('e');
  if (digits !== '1' || Number(x.toExponential(0)) !== Number(x.toPrecision(6))) return '';
  const size = exponent.slice(1).replace(/\d/g, (digit) => superscripts[Number(digit)]);
  return `10${exponent.startsWith('-') ? '⁻' : ''}${size}`;
}

/** Log-log plot of the error of the first-order prediction against the step size, one panel per policy. Returns SVG. */
export function stepErrorFigure(curves: readonly StepErrorCurve[], medium: Medium = file): string {
  if (curves.length === 0) throw new Error('stepErrorFigure: curves must not be empty, got 0; run the study again');
  const policies = [...new Set(curves.map(({ policy }) => policy))];
  const stageNames = [...new Set(curves.map(({ stage }) => stage))];
  const styles = stageNames.map((_, i) => seriesStyle(i + 1));
  const guide: SeriesStyle = { ...seriesStyle(0, 'dashed'), symbol: 'none' };
  const heading = {
    title: 'Error of the first-order prediction of spillover by size of the step',
    subtitle:
      'Root mean square over probes of predicted − actual change of log π. Marks: median over seeds; bars: least to largest. Dashed: slope 2, an error that grows with the square of the step. 32-bit floats round at about 10⁻⁷.',
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
  return renderSvg(
    {
      id: 'step-error',
      ...heading,
      height: top + 260 + 52,
      panels: panels.map((panel, i) => ({ ...panel, name: policies[i] })),
      option: {
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
    },
    medium,
  );
}
