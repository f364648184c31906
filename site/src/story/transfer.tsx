/** The last section: the same coupling carries learning from state to state. */
import { signal } from '@preact/signals';
import { successOf } from '../canvas/readings.ts';
import { type Line, LineChart } from '../figures/lineChart.tsx';
import { PlanePicture } from '../figures/planePicture.tsx';
import { actionLetters } from '../plane/actions.ts';
import { presets, type Scene } from '../plane/scene.ts';
import { type Arm, trainArms } from '../plane/trainArms.ts';

const updates = 200;
const axis = Array.from({ length: updates + 1 }, (_, i) => i + 1);

const preset = (name: string): Scene => {
  const found = presets.find((p) => p.name === name);
  if (!found) throw new Error(`transfer: no preset is named ${name}`);
  return found.scene;
};

const drawings = [
  ['Neighbours disagree', preset('Ring, alternating')],
  ['Neighbours agree', preset('Ring, in halves')],
] as const;
const compared = ['coupled', 'own'] as const;
const scenes = drawings.flatMap(([, scene]) => compared.map((sharing): Scene => ({ ...scene, sharing })));

const look = {
  coupled: { label: 'coupled', colour: '--accent' },
  own: { label: 'own networks', colour: '--good', dash: [6, 4] },
} as const;

const arms = signal<readonly Arm[]>([]);
const running = signal(false);
const problem = signal<string | null>(null);

async function run(): Promise<void> {
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
}

function Drawing({ name, scene, own }: { name: string; scene: Scene; own: readonly (Arm | undefined)[] }) {
  const lines: Line[] = compared.map((sharing, i) => {
    const values = own[i]?.history.map((p) => successOf(scene.states, p, true)) ?? [];
    return { ...look[sharing], values: axis.map((_, u) => values[u] ?? null) };
  });
  const at20 = own.map((arm) => (arm?.history[20] ? successOf(scene.states, arm.history[20], true).toFixed(2) : null));
  return (
    <figure class="panel">
      <h3>{name}</h3>
      <div class="ring">
        <PlanePicture plane={own[0]?.plane ?? null} />
        {scene.states.map((s, i) => (
          <b
            // biome-ignore lint/suspicious/noArrayIndexKey: a state is its place in the list.
            key={i}
            class="letter"
            style={{ left: `${50 + 50 * s.x}%`, top: `${50 - 50 * s.y}%`, background: `var(--action-${s.right})` }}
          >
            {actionLetters[s.right]}
          </b>
        ))}
      </div>
      <LineChart
        x={axis}
        xLabel="updates + 1 (logarithmic)"
        lines={lines}
        height={190}
        range={[0, 1]}
        xMost={updates + 1}
        logarithmic
        summary={`Success of ${name.toLowerCase()} after 20 updates: coupled ${at20[0] ?? 'not trained yet'}, own networks ${at20[1] ?? 'not trained yet'}.`}
      />
      {at20[0] && at20[1] && (
        <figcaption>
          Success after 20 updates: {at20[0]} coupled, {at20[1]} with own networks.
        </figcaption>
      )}
    </figure>
  );
}

export function Transfer() {
  return (
    <section aria-labelledby="transfer">
      <div class="prose">
        <h2 id="transfer">The other half: the same coupling is transfer</h2>
        <p>
          Coupling is also the reason that a network learns from few examples. Here are twelve states on a ring, at the
          same places in both drawings. Only their right actions differ. Where neighbours disagree, coupling slows
          learning down. Where they agree, each update teaches the neighbours too.
        </p>
      </div>
      <div class="controls">
        <button type="button" class="act main" disabled={running.value} onClick={() => void run()}>
          {running.value ? 'Training' : 'Train all four (a few seconds)'}
        </button>
      </div>
      {problem.value !== null && (
        <div class="problem" role="alert">
          <p>{problem.value}</p>
        </div>
      )}
      <div class="grid">
        {drawings.map(([name, scene], d) => (
          <Drawing
            key={name}
            name={name}
            scene={scene}
            own={compared.map((_, i) => arms.value[d * compared.length + i])}
          />
        ))}
      </div>
    </section>
  );
}
