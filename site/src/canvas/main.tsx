/** The canvas: states drawn by hand, a policy that is trained on them, and the coupling between them. */
import { signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { CosineMatrix } from '../figures/cosineMatrix.tsx';
import { LineChart } from '../figures/lineChart.tsx';
import { createPlayer, lastUpdate } from '../plane/player.ts';
import { PlayerControls } from '../plane/playerControls.tsx';
import { actionCount, mostStates, networks, type PlaneState, presets, type Scene, sharings } from '../plane/scene.ts';
import { statesFromText, statesToText } from '../plane/sceneText.ts';
import { Choices } from '../shell/choices.tsx';
import { showPage } from '../shell/shell.tsx';
import { choiceFromAddress, fromAddress, numberFromAddress, toAddress } from '../shell/urlState.ts';
import { isFree, PlaneView } from './planeView.tsx';
import { correlation, successOf } from './readings.ts';
import { StateEditor } from './stateEditor.tsx';

const first: Scene = {
  states: statesFromText(fromAddress('states')) ?? presets[0].scene.states,
  network: choiceFromAddress('network', networks),
  sharing: choiceFromAddress('sharing', sharings),
  seed: Math.floor(numberFromAddress('seed', 1, 0, 9999)),
  eta: numberFromAddress('eta', 2, 0.01, 20),
};
const selected = signal<number | null>(null);
const updatesAxis = Array.from({ length: lastUpdate + 1 }, (_, i) => i + 1);

function keepAddress(scene: Scene): void {
  toAddress('states', statesToText(scene.states));
  toAddress('network', scene.network === networks[0] ? null : scene.network);
  toAddress('sharing', scene.sharing === sharings[0] ? null : scene.sharing);
  toAddress('seed', scene.seed === 1 ? null : `${scene.seed}`);
  toAddress('eta', scene.eta === 2 ? null : `${scene.eta}`);
}

function Canvas() {
  const player = useMemo(() => createPlayer(first, () => ({ plane: true, coupling: true })), []);
  const scene = player.scene.value;
  const frame = player.frame.value;
  const current = frame && frame.probabilities.length === scene.states.length * actionCount ? frame : null;
  const use = (change: Partial<Scene>): void => {
    const wasPlaying = player.playing.value;
    const next = { ...scene, ...change };
    keepAddress(next);
    player.restart(next);
    if (wasPlaying) player.play();
  };
  const add = (x: number, y: number): void => {
    if (scene.states.length >= mostStates || !isFree(scene.states, x, y, null)) return;
    const right = selected.value === null ? 0 : scene.states[selected.value].right;
    selected.value = scene.states.length;
    use({ states: [...scene.states, { x, y, right, frequency: 0.5, trained: true }] });
  };
  const history = player.history.value.filter((p) => p.length === scene.states.length * actionCount);
  const curve = (trained: boolean): (number | null)[] => {
    const values = history.map((p) => successOf(scene.states, p, trained));
    return updatesAxis.map((_, i) => values[i] ?? null);
  };
  const isHeldOut = scene.states.some(({ trained }) => !trained);
  const agreement = current?.predicted && current.actual ? correlation(current.predicted, current.actual) : null;
  const preset = presets.find((p) => statesToText(p.scene.states) === statesToText(scene.states));
  return (
    <>
      <div class="prose">
        <h1>Draw states, and train on them</h1>
        <p>
          Each disc is a state. Its letter and colour are its right action, its size is how often it is met, and the
          distance between two states says how similar they look to the network. The background shows which action the
          policy would take in a state at each place. Click the plane to add a state, drag to move it.
        </p>
      </div>
      <div class="controls">
        <label class="field">
          <span>Example</span>
          <select
            value={preset?.name ?? ''}
            onChange={(event) => {
              const chosen = presets.find(({ name }) => name === event.currentTarget.value);
              selected.value = null;
              if (chosen) use({ states: chosen.scene.states });
            }}
          >
            {!preset && <option value="">your own</option>}
            {presets.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <Choices
          legend="What the states share"
          name="sharing"
          options={[
            ['coupled', 'Coupled'],
            ['decoupled', 'Decoupled'],
            ['own', 'Own networks'],
          ]}
          value={scene.sharing}
          choose={(sharing) => use({ sharing })}
        />
        <Choices
          legend="Network"
          name="network"
          options={[
            ['fourier', 'Fourier features'],
            ['mlp', 'MLP'],
          ]}
          value={scene.network}
          choose={(network) => use({ network })}
        />
        <label class="field">
          <span>Seed</span>
          <input
            type="number"
            min={0}
            max={9999}
            value={scene.seed}
            onChange={(event) => {
              const seed = event.currentTarget.valueAsNumber;
              if (Number.isInteger(seed) && seed >= 0 && seed <= 9999) use({ seed });
            }}
          />
        </label>
      </div>
      {preset && <p class="quiet">{preset.meaning}</p>}
      <PlayerControls player={player} />
      <div class="canvas">
        <div>
          <PlaneView
            scene={scene}
            frame={current}
            selected={selected}
            change={(states: readonly PlaneState[]) => use({ states })}
            add={add}
          />
          <p class="quiet">
            Arrows: change of the log-probability of the right action by the next update, dashed as the Gram matrix
            predicts it, solid as the real step makes it.
            {agreement !== null && ` Correlation over all states and actions: ${agreement.toFixed(3)}.`}
          </p>
          <StateEditor scene={scene} selected={selected} use={use} add={add} />
        </div>
        <div class="side">
          <figure class="panel">
            <h2>Coupling of the right actions</h2>
            <CosineMatrix states={scene.states} cosines={current?.cosines ?? null} />
          </figure>
          <figure class="panel">
            <h2>Success</h2>
            <LineChart
              x={updatesAxis}
              xLabel="updates + 1 (logarithmic)"
              lines={[
                { label: 'trained states', colour: '--accent', values: curve(true) },
                ...(isHeldOut
                  ? [{ label: 'held-out states', colour: '--bad', dash: [6, 4], values: curve(false) }]
                  : []),
              ]}
              height={210}
              range={[0, 1]}
              xMost={lastUpdate + 1}
              logarithmic
              summary={`Success over ${history.length - 1} updates; now ${current ? successOf(scene.states, current.probabilities, true).toFixed(2) : 'unknown'} in trained states.`}
            />
          </figure>
        </div>
      </div>
    </>
  );
}

showPage('Canvas', <Canvas />);
