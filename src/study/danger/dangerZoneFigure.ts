import type { DangerRecord } from '../../record/dangerRecord.ts';
import { renderSvg, valueAxis } from '../../report/draw/chart.ts';
import { muted } from '../../report/draw/colors.ts';
import { type Figure, figureWidth, file, type Medium, type Panel, panelTop } from '../../report/draw/layout.ts';
import { bars, curve as drawCurve } from '../../report/draw/series.ts';
import { MIN_INTERVAL_SEEDS } from '../../statistics/statistics.ts';

type Curve = DangerRecord['curves'][number];

/** A panel: name of the experimental condition, a line about it, and its curves, one per start. */
export interface DangerPanel {
  readonly name: string;
  readonly about: string;
  readonly curves: readonly Curve[];
}

/** From dark to light by start, distinguishable for colour-blind readers, too (plasma, without its yellow). */
const startColors = ['#0d0887', '#6a00a8', '#b12a90', '#dd5e66', '#e8853a', '#d9a300'];

const COLUMNS = 4;
const WIDTH = 146;
const HEIGHT = 132;
const ROW = HEIGHT + 84;

/** Space after the last iteration for the intervals, as a share of the iterations. */
const ROOM = 1 / 6;

/** Intervals of the last means side by side, from points [iteration, mean, low, high]. */
function lastBars(curves: readonly Curve[], iterations: number, panel: number): object[] {
  const apart = (iterations * ROOM) / (curves.length + 1);
  return curves.map(({ points }, i) => {
    const [, , low, high] = points[points.length - 1];
    return bars([[iterations + (i + 1) * apart, low, high]], startColors[i % startColors.length], panel);
  });
}

/**
 * The danger zone (the start probabilities from which the bad action is still likely after training) by method:
 * probability of the bad action against iteration. One panel per experimental condition, one line per start. From five
 * seeds on, bars at the right of a panel show the 95% intervals of the last means.
 *
 * @param id unique on its page
 * @returns SVG
 * @throws Error if there is no panel
 */
export function dangerZoneFigure(
  { rho, seeds, iterations }: Pick<DangerRecord, 'rho' | 'seeds' | 'iterations'>,
  panels: readonly DangerPanel[],
  id: string,
  medium: Medium = file,
): string {
  if (panels.length === 0) throw new Error('dangerZoneFigure: panels must not be empty, got 0; run the study again');
  const bounded = seeds >= MIN_INTERVAL_SEEDS;
  const heading = {
    title: 'Probability of a bad action in a state that looks like another one, over training',
    subtitle: `Two look-alike states (similarity ρ = ${rho}), the second rarely seen. Lines: mean of ${seeds} seeds from each start${bounded ? '; bars at the right: 95% interval of its last value' : ''}.`,
    legend: panels[0].curves.map(({ start }, i) => ({
      name: `start ${start}`,
      ...{ color: startColors[i % startColors.length], symbol: 'none', line: 'solid' as const },
    })),
  };
  // Each line below the name of a panel takes 15 pixels; the rows have room for one.
  const more = 15 * (Math.max(...panels.map(({ about }) => about.split('\n').length)) - 1);
  const row = ROW + more;
  const top = panelTop(heading) + 38 + more;
  const apart = (figureWidth - 58 - 14 - COLUMNS * WIDTH) / (COLUMNS - 1);
  const grid: Panel[] = panels.map((_, i) => ({
    left: 58 + (i % COLUMNS) * (WIDTH + apart),
    top: top + Math.floor(i / COLUMNS) * row,
    ...{ width: WIDTH, height: HEIGHT },
  }));
  const ticks = [0, 1, 2, 3].map((third) => (iterations * third) / 3);
  const lastRow = Math.floor((panels.length - 1) / COLUMNS);
  const figure: Figure = {
    id,
    ...heading,
    height: top + lastRow * row + HEIGHT + 52,
    panels: panels.map(({ name, about }, i) => ({ ...grid[i], name, about })),
    option: {
      xAxis: panels.map((_, i) =>
        valueAxis('iteration', 'x', 26, {
          ...{ gridIndex: i, min: 0, max: iterations * (1 + ROOM), axisTick: { customValues: ticks } },
          axisLabel: { color: muted, fontSize: 11, customValues: ticks },
        }),
      ),
      yAxis: panels.map((_, i) =>
        valueAxis(i % COLUMNS === 0 ? 'probability of the bad action' : '', 'y', 36, {
          ...{ gridIndex: i, min: 0, max: 1, interval: 0.25 },
        }),
      ),
      series: panels.flatMap(({ curves }, panel) => [
        ...curves.map(({ points }, i) =>
          drawCurve(
            points.map(([x, mean]) => [x, mean]),
            { color: startColors[i % startColors.length], symbol: 'none', line: 'solid' },
            panel,
          ),
        ),
        ...(bounded ? lastBars(curves, iterations, panel) : []),
      ]),
    },
  };
  return renderSvg(figure, medium);
}
