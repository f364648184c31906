/** Two drawings side by side, trained by one button. */
import { useSignal } from '@preact/signals';
import { type Line, LineChart } from '../figures/lineChart.tsx';
import { PlanePicture } from '../figures/planePicture.tsx';
import { actionLetters } from '../plane/actions.ts';
import { type Scene, sharings } from '../plane/scene.ts';
import { statesToText } from '../plane/sceneText.ts';
import { type Arm, trainArms } from '../plane/trainArms.ts';
import { durationWords } from '../session/durations.ts';
import { type Comparison, type Drawing, updates } from './transferScenes.ts';

const axis = Array.from({ length: updates + 1 }, (_, i) => i + 1);

const look = {
  coupled: { label: 'coupled', colour: '--accent' },
  decoupled: { label: 'decoupled', colour: '--bad', dash: [2, 3] },
  own: { label: 'own networks', colour: '--good', dash: [6, 4] },
} as const;

/** Radius of the rarest and of the most frequent state, in rem. */
const sizes = { least: 1, most: 1.55 } as const;

function Points({ states }: Pick<Scene, 'states'>) {
  const most = Math.max(...states.map(({ frequency }) => frequency));
  return (
    <>
      {states.map((s, i) => {
        const size = s.trained ? sizes.least + (sizes.most - sizes.least) * (s.frequency / most) : sizes.least;
        return (
          <b
            key={i}
            class="letter"
            data-held={!s.trained || undefined}
            style={{
              ...{ left: `${50 + 50 * s.x}%`, top: `${50 - 50 * s.y}%` },
              ...{ width: `${size}rem`, height: `${size}rem`, background: `var(--action-${s.right})` },
            }}
          >
            {actionLetters[s.right]}
          </b>
        );
      })}
    </>
  );
}

function Panel({ drawing, arms }: { readonly drawing: Drawing; readonly arms: readonly (Arm | undefined)[] }) {
  const { title, scene, measure, measureWords, result, resultWords } = drawing;
  const curves = arms.map((arm) => arm?.history.map(measure) ?? []);
  const lines: Line[] = sharings.map((sharing, i) => ({
    ...look[sharing],
    values: axis.map((_, u) => curves[i][u] ?? null),
  }));
  const isTrained = curves.every((curve) => curve.length > updates);
  const results = isTrained
    ? sharings.map((sharing, i) => `${look[sharing].label} ${result(curves[i])}`).join(', ')
    : null;
  const held = scene.states.some(({ trained }) => !trained);
  return (
    <figure class="panel drawing">
      <h3>{title}</h3>
      <div
        class="ring"
        role="img"
        aria-label={`${scene.states.length} states on a plane; the letter of a state is its right action.`}
      >
        <PlanePicture plane={arms[0]?.plane ?? null} />
        <Points states={scene.states} />
      </div>
      <div>
        <LineChart
          x={axis}
          xLabel="before update … (logarithmic)"
          lines={lines}
          height={190}
          range={[0, 1]}
          xMost={updates + 1}
          logarithmic
          summary={`${title}: ${measureWords} over ${updates} updates. ${results === null ? 'Not trained yet.' : `${resultWords}: ${results}.`}`}
        />
      </div>
      <figcaption>
        {results === null ? (
          <>
            The curve shows {measureWords}.{held && ' Dotted states are never trained on.'}
          </>
        ) : (
          <>
            <b>{results}</b>: {resultWords}.
          </>
        )}{' '}
        <a href={`./canvas/?states=${encodeURIComponent(statesToText(scene.states))}`}>
          Open “{title.toLowerCase()}” in the canvas
        </a>
      </figcaption>
    </figure>
  );
}

export function TransferPair({ comparison: { drawings, words, seconds } }: { readonly comparison: Comparison }) {
  const arms = useSignal<readonly Arm[]>([]);
  const running = useSignal(false);
  const problem = useSignal<string | null>(null);
  const scenes = drawings.flatMap(({ scene }) => sharings.map((sharing): Scene => ({ ...scene, sharing })));
  const run = async (): Promise<void> => {
    arms.value = [];
    running.value = true;
    problem.value = null;
    try {
      await trainArms(scenes, updates, new AbortController().signal, (done) => {
        arms.value = done;
      });
    } catch (error) {
      problem.value = `The training stopped: ${error instanceof Error ? error.message : String(error)}. Press Train to begin again.`;
    }
    running.value = false;
  };
  return (
    <>
      <div class="controls">
        <button type="button" class="act main" disabled={running.value} onClick={() => void run()}>
          {running.value ? 'Training' : `Train ${words}, three ways each`}
        </button>
        <span class="quiet">about {durationWords(seconds)}</span>
      </div>
      {problem.value !== null && (
        <div class="problem" role="alert">
          <p>{problem.value}</p>
        </div>
      )}
      <div class="grid two">
        {drawings.map((drawing, d) => (
          <Panel
            key={drawing.title}
            drawing={drawing}
            arms={sharings.map((_, i) => arms.value[d * sharings.length + i])}
          />
        ))}
      </div>
    </>
  );
}
