/** The figure of a sweep: a panel per key, with a dot for each trial. */
import { renderSvg, seriesStyle, valueAxis } from '../../report/draw/chart.ts';
import { muted } from '../../report/draw/colors.ts';
import { type Figure, type Medium, panelTop, type SeriesStyle, twoColumns } from '../../report/draw/layout.ts';
import { points } from '../../report/draw/series.ts';
import type { StudyFigure } from '../../report/studyTables.ts';
import { mean } from '../../statistics/statistics.ts';
import type { Space } from './space.ts';
import type { Sweep } from './sweep.ts';
import { measureNames, type TriedRung } from './trials.ts';

const HEIGHT = 190;
const STEP = 272;

/** Share of the axis left free at both ends, so that dots there are whole. */
const PAD = 0.05;

/** A trial at the last rung that it reached. */
interface Dot {
  readonly trial: number;
  /** Index of the rung. */
  readonly rung: number;
  readonly mean: number;
}

/** The trials with all development seeds, each at its last finished rung. */
function dotsOf(tried: readonly TriedRung[]): readonly Dot[] {
  const dots = new Map<number, Dot>();
  for (const [rung, { trials, promoted }] of tried.entries()) {
    if (promoted === null) continue;
    for (const { trial, values } of trials) dots.set(trial, { trial, rung, mean: mean([...values.values()]) });
  }
  return [...dots.values()].sort((a, b) => a.trial - b.trial);
}

/** The powers of ten in a range, and its ends. */
function decades(min: number, max: number): number[] {
  const inside: number[] = [];
  for (let exponent = -12; exponent <= 12; exponent++) {
    const power = Number(`1e${exponent}`);
    if (power > min && power < max) inside.push(power);
  }
  return [min, ...inside, max];
}

/** The axis of a key: categories for a list, otherwise numbers on the scale of the range. */
function keyAxis({ key, values, range }: Space, panel: number): object {
  const axis = (more: object): object => valueAxis(key, 'x', 28, { gridIndex: panel, ...more });
  const label = { color: muted, fontSize: 11, hideOverlap: true };
  if (range === null) return axis({ type: 'category', data: (values ?? []).map(String), axisLabel: label });
  const { min, max, scale } = range;
  if (scale === 'log') {
    const by = 1 + PAD * Math.min(8, max / min - 1);
    const ticks = { customValues: decades(min, max) };
    const log = { type: 'log', min: min / by, max: max * by, axisTick: ticks };
    return axis({ ...log, axisLabel: { ...label, ...ticks, formatter: String } });
  }
  const pad = PAD * (max - min);
  return axis({ min: min - pad, max: max + pad, axisLabel: { ...label, showMinLabel: false, showMaxLabel: false } });
}

/** The quarters that enclose the values. */
function quarters(values: readonly number[]): { min: number; max: number } {
  const min = Math.floor(Math.min(...values, 1) * 4) / 4;
  return { min, max: Math.max(Math.ceil(Math.max(...values, 0) * 4) / 4, min + 0.25) };
}

function legendOf({ rungs }: Sweep, rungStyles: readonly SeriesStyle[], chosen: SeriesStyle) {
  const names = rungs.map(({ iterations }) => (iterations === null ? 'trial' : `trial after ${iterations} iterations`));
  return [...names.map((name, i) => ({ name, ...rungStyles[i] })), { name: 'chosen', ...chosen }];
}

/** @param chosen number of the chosen trial; null before the choice */
export function sliceFigure(sweep: Sweep, tried: readonly TriedRung[], chosen: number | null): StudyFigure {
  const { name, spaces, settings, measure, seeds } = sweep;
  const what = measureNames[measure];
  const dots = dotsOf(tried);
  const rungStyles = sweep.rungs.map((_, i) => ({ ...seriesStyle(i + 2, 'none'), symbol: seriesStyle(i).symbol }));
  const chosenStyle = { ...seriesStyle(1, 'none'), symbol: 'diamond' };
  const draw = (medium: Medium): string => {
    const heading = {
      title: `Trials of ${name}`,
      subtitle: `Mean ${what} at ${seeds.development} development seeds, by the value of each key. Other keys differ between the dots, too.`,
      legend: legendOf(sweep, rungStyles, chosenStyle),
    };
    const panels = twoColumns(spaces.length, panelTop(heading) + 8, HEIGHT, STEP);
    const figure: Figure = {
      ...{ id: 'slices', ...heading, panels },
      height: panels[panels.length - 1].top + HEIGHT + 52,
      option: {
        xAxis: spaces.map(keyAxis),
        yAxis: spaces.map((_, panel) =>
          valueAxis(what, 'y', 42, { gridIndex: panel, ...quarters(dots.map((dot) => dot.mean)) }),
        ),
        series: spaces.flatMap(({ key, values, range }, panel) => {
          const at = ({ trial, mean: y }: Dot): number[] => {
            const value = settings[trial - 1][key];
            return [range === null ? (values ?? []).indexOf(value) : Number(value), y];
          };
          const drawn = (shown: readonly Dot[], style: SeriesStyle, size: number): object => ({
            ...points(shown.map(at), style, panel, size),
            tips: shown.map(
              (dot) => `trial ${dot.trial}: ${key} ${settings[dot.trial - 1][key]}, ${what} ${dot.mean.toFixed(2)}`,
            ),
          });
          const others = dots.filter(({ trial }) => trial !== chosen);
          return [
            ...rungStyles.map((style, rung) =>
              drawn(
                others.filter((dot) => dot.rung === rung),
                style,
                8,
              ),
            ),
            drawn(
              dots.filter(({ trial }) => trial === chosen),
              chosenStyle,
              13,
            ),
          ];
        }),
      },
    };
    return renderSvg(figure, medium);
  };
  return {
    id: 'slices',
    draw,
    caption: `${what[0].toUpperCase()}${what.slice(1)} of the trials by the value of each key.`,
  };
}
