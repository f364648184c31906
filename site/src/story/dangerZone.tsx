/** The danger zone: the library's experiment, trained in the page and drawn seed by seed. */
import { batch, computed, signal } from '@preact/signals';
import { Plot, type Series } from '../figures/plot.tsx';
import { durationWords } from '../session/durations.ts';
import { Choices } from '../shell/choices.tsx';
import { choiceFromAddress, numberFromAddress, toAddress } from '../shell/urlState.ts';
import {
  estimatedSeconds,
  iterations,
  keyOf,
  measureEvery,
  type Outcome,
  outcomeOf,
  type SeedRuns,
  trainJobs,
} from './dangerRuns.ts';
import type { DangerJob } from './dangerWorker.ts';

interface Arm {
  readonly name: string;
  readonly colour: string;
  readonly mark: 'disc' | 'square' | 'triangle';
  readonly dash?: string;
  readonly words: string;
}

/** The conditions in the order of the experiment's record. */
const arms: readonly Arm[] = [
  { name: 'GRPO', colour: 'var(--bad)', mark: 'disc', words: 'Trained as usual, on the samples of both states.' },
  {
    ...{ name: 'Other state’s data removed', colour: 'var(--quiet)', mark: 'triangle', dash: '5 4' },
    words: 'The samples of the frequent state are deleted. No way to train: look at the return.',
  },
  {
    ...{ name: 'Decoupled advantages', colour: 'var(--accent)', mark: 'square' },
    words: 'All samples are kept; what they do to each other is taken away to first order.',
  },
];

/** Order on the page: the comparison without the data is last. */
const shownOrder = [0, 2, 1] as const;

/** The starts of the published study. */
const studyStarts = [0.05, 0.2, 0.4, 0.6, 0.8, 0.95] as const;
const seedCounts = ['8', '2', '16', '24'] as const;
const standard = { start: 0.4, rho: 0.8 } as const;

/** To multiples of 0.05, as the sliders have them. */
const stepped = (x: number): number => Math.round(20 * x) / 20;
const start = signal(stepped(numberFromAddress('start', standard.start, 0.05, 0.95)));
const rho = signal(stepped(numberFromAddress('rho', standard.rho, 0, 0.95)));
const seedCount = signal<(typeof seedCounts)[number]>(choiceFromAddress('seeds', seedCounts));

const stored = signal<ReadonlyMap<string, SeedRuns>>(new Map());
const problem = signal<string | null>(null);
/** The work in progress; null: none. */
const work = signal<{ readonly done: number; readonly total: number; readonly abort: AbortController } | null>(null);

const runsAt = (of: number): SeedRuns => {
  return (stored.value.get(keyOf({ rho: rho.value, start: of })) ?? []).slice(0, Number(seedCount.value));
};
const runsHere = computed(() => runsAt(start.value));

/** Jobs of these starts that are not trained yet: all starts of a seed before the next seed. */
function missing(starts: readonly number[]): DangerJob[] {
  const seeds = Array.from({ length: Number(seedCount.value) }, (_, i) => i + 1);
  return seeds.flatMap((seed) => {
    return starts.flatMap((of) => (runsAt(of)[seed - 1] ? [] : [{ rho: rho.value, start: of, seed }]));
  });
}

async function train(jobs: readonly DangerJob[]): Promise<void> {
  const abort = new AbortController();
  batch(() => {
    problem.value = null;
    work.value = { done: 0, total: jobs.length, abort };
  });
  try {
    await trainJobs(jobs, abort.signal, (job, run) => {
      const key = keyOf(job);
      const known = [...(stored.value.get(key) ?? [])];
      known[job.seed - 1] = run;
      batch(() => {
        stored.value = new Map(stored.value).set(key, known);
        if (work.value) work.value = { ...work.value, done: work.value.done + 1 };
      });
    });
  } catch (error) {
    if (!abort.signal.aborted) {
      problem.value = `The training stopped: ${error instanceof Error ? error.message : String(error)}. Runs that ended are kept. Press Train to go on.`;
    }
  }
  work.value = null;
}

function TrainButton({ starts, words }: { readonly starts: readonly number[]; readonly words: string }) {
  const jobs = missing(starts);
  return (
    <span class="row">
      <button
        type="button"
        class={starts.length === 1 ? 'act main' : 'act'}
        disabled={work.value !== null || jobs.length === 0}
        onClick={() => void train(jobs)}
      >
        {words}
      </button>
      <span class="quiet">
        {jobs.length === 0 ? 'trained; choose another start' : `about ${durationWords(estimatedSeconds(jobs.length))}`}
      </span>
    </span>
  );
}

const measurements = Array.from({ length: iterations / measureEvery + 1 }, (_, k) => k * measureEvery);
const pointsOf = (values: readonly number[]) => values.map((p, k) => [measurements[k], p] as const);

function ArmPanel({ index }: { readonly index: number }) {
  const { name, colour, words } = arms[index];
  const outcome = outcomeOf(runsHere.value, index);
  const series: Series[] = runsHere.value.flatMap((run) => {
    return run ? [{ colour, points: pointsOf(run.curves[index]), width: 1.2, opacity: 0.55 }] : [];
  });
  if (outcome) series.push({ colour, points: pointsOf(outcome.mean), width: 3.5 });
  return (
    <figure class="panel">
      <h3>{name}</h3>
      <Plot
        series={series}
        xMost={iterations}
        xTicks={[0, 40, 80, 120]}
        xLabel="iteration"
        summary={`${name}: probability of the wrong action in the rare state over ${iterations} iterations. ${outcome ? endWords(outcome) : 'Not trained yet.'}`}
      />
      <p class="outcome">{outcome ? endWords(outcome) : words}</p>
      {outcome && <p class="quiet">{words}</p>}
    </figure>
  );
}

function endWords({ seeds, end, endWrong, meanReturn }: Outcome): string {
  return `Ends at ${end.toFixed(2)}; ${endWrong} of ${seeds} ${seeds === 1 ? 'seed' : 'seeds'} above 0.5. Return ${meanReturn.toFixed(2)}.`;
}

/** A measurement of each start that was trained at this similarity. */
function Zone({ title, of }: { readonly title: string; readonly of: (outcome: Outcome) => number }) {
  const starts = Array.from({ length: 19 }, (_, i) => stepped(0.05 * (i + 1)));
  const series = arms.map(({ colour, mark, dash }, index): Series => {
    const points = starts.flatMap((x) => {
      const outcome = outcomeOf(runsAt(x), index);
      return outcome ? [[x, of(outcome)] as const] : [];
    });
    return { colour, mark, points, width: 2, ...(dash !== undefined && { dash }) };
  });
  const words = series[0].points.map(([x], i) => {
    const values = shownOrder.map((index) => `${arms[index].name} ${series[index].points[i][1].toFixed(2)}`);
    return `From ${x}: ${values.join(', ')}.`;
  });
  return (
    <figure>
      <h3>{title}</h3>
      <Plot
        series={series}
        xMost={1}
        xTicks={[0, 0.25, 0.5, 0.75, 1]}
        xLabel="probability of the wrong action at the start"
        xMark={start.value}
        summary={`${title}. ${words.join(' ') || 'No start is trained yet.'}`}
      />
    </figure>
  );
}

function Progress() {
  if (!work.value) return null;
  const { done, total, abort } = work.value;
  return (
    <p class="row" role="status">
      <progress value={done} max={total} aria-label="Training runs" />
      {done} of {total}
      <button type="button" class="act small" onClick={() => abort.abort()}>
        Stop
      </button>
    </p>
  );
}

function Dial(props: {
  readonly name: string;
  readonly value: number;
  readonly least: number;
  readonly change: (value: number) => void;
}) {
  return (
    <label class="field wide">
      <span>
        {props.name}: <output>{props.value.toFixed(2)}</output>
      </span>
      <input
        type="range"
        min={props.least}
        max={0.95}
        step={0.05}
        value={props.value}
        disabled={work.value !== null}
        onInput={(event) => props.change(stepped(event.currentTarget.valueAsNumber))}
      />
    </label>
  );
}

export function DangerZone() {
  const seeds = seedCount.value;
  return (
    <>
      <div class="controls">
        <Dial
          name="Wrong action at the start"
          value={start.value}
          least={0.05}
          change={(value) => {
            start.value = value;
            toAddress('start', value === standard.start ? null : `${value}`);
          }}
        />
        <Dial
          name="Similarity (cosine)"
          value={rho.value}
          least={0}
          change={(value) => {
            rho.value = value;
            toAddress('rho', value === standard.rho ? null : `${value}`);
          }}
        />
        <Choices
          legend="Seeds"
          name="seeds"
          options={['2', '8', '16', '24'].map((count) => [count, count] as const)}
          value={seeds}
          choose={(next) => {
            seedCount.value = seedCounts.find((count) => count === next) ?? seedCounts[0];
            toAddress('seeds', next === seedCounts[0] ? null : next);
          }}
        />
      </div>
      <div class="controls">
        <TrainButton starts={[start.value]} words={`Train ${seeds} seeds, three ways each`} />
        <TrainButton starts={studyStarts} words="Train from six starts" />
      </div>
      <Progress />
      {problem.value !== null && (
        <div class="problem" role="alert">
          <p>{problem.value}</p>
        </div>
      )}
      <h3>Probability of the wrong action in the rare state, from {start.value.toFixed(2)}</h3>
      <div class="grid three">
        {shownOrder.map((index) => (
          <ArmPanel key={index} index={index} />
        ))}
      </div>
      <p class="quiet">Thin lines are seeds, thick lines their mean. A seed ends near 0 or near 1.</p>
      <h3 class="apart">The zone at similarity {rho.value.toFixed(2)}</h3>
      <div class="grid three">
        <Zone title="Wrong action at the end" of={({ end }) => end} />
        <Zone title="Return after training" of={({ meanReturn }) => meanReturn} />
        <div>
          <p class="legend">
            {shownOrder.map((index) => (
              <span key={index}>
                <Mark index={index} /> {arms[index].name}
              </span>
            ))}
          </p>
          <p class="quiet apart">
            The dotted line is the first dial. Move it over trained starts to read their curves again. The return is the
            mean of 480 new episodes after training, which is also the success rate.
          </p>
        </div>
      </div>
      <div class="prose apart">
        <p>
          With the other state’s data removed the wrong action does not rise, but the policy does not learn the task:
          its return shows it. That condition shows where the rise comes from; it is no way to train. Decoupled
          advantages keep the data. This is a result for two states. On larger tasks, states with the same right action
          learn from each other through the same coupling.
        </p>
        <p>
          The command <code>unbraid danger</code> computes the same numbers for the same similarity, start and seeds.{' '}
          <a href="./docs/results/danger-zone">The study</a> has 24 seeds, nine ways to train and intervals.
        </p>
      </div>
    </>
  );
}

const marks = { disc: '●', square: '■', triangle: '▲' } as const;

function Mark({ index }: { readonly index: number }) {
  return (
    <b style={{ color: arms[index].colour }} aria-hidden="true">
      {marks[arms[index].mark]}
    </b>
  );
}
