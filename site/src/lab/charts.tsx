/** Curves of one or two runs over iterations, one small chart for each quantity. */
import { useMemo } from 'preact/hooks';
import { Legend, type Line, LineChart } from '../figures/lineChart.tsx';
import { methodWords, takesLabels } from './method.ts';
import type { Session } from './session.ts';

/** How the curves of a run are drawn; the dash tells them apart without colour. */
const strokes: readonly Pick<Line, 'colour' | 'dash'>[] = [
  { colour: '--action-0' },
  { colour: '--action-1', dash: [7, 4] },
];

/** `GRPO + classifier, labels: graph` */
export function runName({ settings: { method, labels } }: Session): string {
  return methodWords(method) + (takesLabels(method) ? `, labels: ${labels}` : '');
}

interface Points {
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
}

/** The curves of the runs on one abscissa. */
function linesOf(sessions: readonly Session[], all: readonly Points[]): { x: number[]; lines: Line[] } {
  const x = [...new Set(all.flatMap((points) => points.x))].sort((a, b) => a - b);
  const lines = all.map((points, i) => {
    const at = new Map(points.x.map((value, k) => [value, points.y[k]]));
    return {
      label: runName(sessions[i]),
      ...strokes[i],
      width: 2.2,
      values: x.map((value) => at.get(value) ?? null),
    };
  });
  return { x, lines };
}

const metric =
  (key: string) =>
  ({ metrics }: Session): Points => {
    const measured = metrics.value.filter((line) => line[key] !== undefined);
    return { x: measured.map(({ iteration }) => iteration), y: measured.map((line) => line[key]) };
  };

function viewed(valuesOf: (session: Session) => (number | null)[]): (session: Session) => Points {
  return (session) => ({ x: session.watcher.views.value.map(({ iteration }) => iteration), y: valuesOf(session) });
}

const cosines = viewed(({ watcher }) => watcher.views.value.map((view) => view.cosines.goodBad));

/** Mean probability of the bad actions. */
const badActions = viewed(({ watcher }) => {
  const bad = (watcher.samples.value ?? []).flatMap(({ good }, i) => (good ? [] : [i]));
  return watcher.views.value.map(({ probabilities }) => {
    return bad.length === 0 ? null : bad.reduce((sum, i) => sum + probabilities[i], 0) / bad.length;
  });
});

const charts = [
  ['Success in training games', metric('eval/train'), [0, 1]],
  ['Success in-domain: new layouts', metric('eval/in_domain'), [0, 1]],
  ['Success out-of-domain: new combinations', metric('eval/out_of_domain'), [0, 1]],
  ['Success of the rollouts', metric('charts/success'), [0, 1]],
  ['Good-bad cosine of gradients', cosines, [-1, 1]],
  ['Mean probability of bad actions', badActions, [0, 1]],
] as const;

interface ChartProps {
  readonly sessions: readonly Session[];
  readonly title: string;
  readonly pointsOf: (session: Session) => Points;
  readonly range: readonly [number, number];
}

function Chart({ sessions, title, pointsOf, range }: ChartProps) {
  const all = sessions.map(pointsOf);
  const { iterations } = sessions[0].settings;
  // Most curves have no new point at a change of the page, and are not drawn again.
  const newest = all.map(({ x, y }) => `${x.length} ${x.at(-1)} ${y.at(-1)}`).join();
  const { x, lines } = useMemo(() => linesOf(sessions, all), [sessions, newest]);
  const latest = lines.map(({ label, values }) => {
    const last = values.findLast((value) => value !== null);
    return `${label}: ${last === undefined || last === null ? 'none yet' : last.toFixed(2)}`;
  });
  return (
    <figure>
      <h3>{title}</h3>
      <LineChart
        {...{ x, lines, range }}
        xLabel="iterations"
        height={150}
        hasLegend={false}
        xMost={iterations}
        summary={`${title} over ${iterations} iterations. Latest: ${latest.join('; ')}.`}
      />
    </figure>
  );
}

export function Charts({ sessions }: { readonly sessions: readonly Session[] }) {
  const named = sessions.map((session, i) => ({ label: runName(session), ...strokes[i] }));
  return (
    <section class="curves">
      <h2 class="hidden">Curves</h2>
      {named.length > 1 && <Legend lines={named} />}
      <div class="charts">
        {charts.map(([title, pointsOf, range]) => (
          <Chart key={title} {...{ sessions, title, pointsOf, range }} />
        ))}
      </div>
    </section>
  );
}
