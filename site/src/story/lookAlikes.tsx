/** The first section: two states that look alike, and what an update in one does to the other. */
import { signal, useSignalEffect } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { Bars } from '../figures/bars.tsx';
import { type Line, LineChart } from '../figures/lineChart.tsx';
import { createPlayer, lastUpdate } from '../plane/player.ts';
import { PlayerControls } from '../plane/playerControls.tsx';
import { lookAlikes, type Scene, type Sharing, sharings } from '../plane/scene.ts';
import { Choices } from '../shell/choices.tsx';
import { choiceFromAddress, numberFromAddress, toAddress } from '../shell/urlState.ts';

const actionNames = ['use the key on the door', 'search the room', 'knock', 'walk away'] as const;
const wrong = 0;

/** Length scale of the Fourier features: a distance d means a similarity of exp(-d^2 / (2 * 0.4^2)). */
const distanceOf = (similarity: number): number => Math.round(1000 * 0.4 * Math.sqrt(-2 * Math.log(similarity))) / 1000;

const similarity = signal(numberFromAddress('similarity', 0.7, 0.05, 0.95));
const sharing = signal<Sharing>(choiceFromAddress('sharing', sharings));

function sceneNow(): Scene {
  return {
    states: lookAlikes(distanceOf(similarity.value)),
    ...{ network: 'fourier', seed: 1, eta: 2, sharing: sharing.value },
  };
}

const sharingWords = [
  ['coupled', 'Coupled'],
  ['decoupled', 'Decoupled'],
  ['own', 'Own networks'],
] as const;

const explanations: Readonly<Record<Sharing, string>> = {
  coupled: 'One network for both states, trained as usual.',
  decoupled: 'One network for both. Advantages are changed so that, to first order, no state moves another one.',
  own: 'A network for each state. Nothing is shared, and nothing can be transferred.',
};

const colours: Readonly<Record<Sharing, string>> = { coupled: '--bad', decoupled: '--accent', own: '--good' };

/** Curves of the arms that were played at this similarity, so that they can be compared. */
const arms = signal<Readonly<Partial<Record<Sharing, readonly number[]>>>>({});

const updatesAxis = Array.from({ length: lastUpdate + 1 }, (_, i) => i + 1);

export function LookAlikes() {
  const player = useMemo(() => createPlayer(sceneNow(), () => ({ plane: false, coupling: true })), []);
  useSignalEffect(() => {
    const played = player.history.value.map((probabilities) => probabilities[4 + wrong]);
    const arm = player.scene.value.sharing;
    if (played.length > 0) arms.value = { ...arms.peek(), [arm]: played };
  });
  const frame = player.frame.value;
  const change = frame?.actual?.[4 + wrong] ?? null;
  const own = frame?.actual?.[0] ?? null;
  const now = frame?.probabilities[4 + wrong];
  const lines: Line[] = sharings.map((arm) => {
    const values = arms.value[arm] ?? [];
    return {
      label: sharingWords.find(([name]) => name === arm)?.[1] ?? arm,
      colour: colours[arm],
      width: arm === sharing.value ? 3 : 1.5,
      ...(arm === 'own' && { dash: [6, 4] }),
      values: updatesAxis.map((_, i) => values[i] ?? null),
    };
  });
  return (
    <section aria-labelledby="look-alikes">
      <div class="prose">
        <h2 id="look-alikes">Two states that look alike</h2>
        <p>
          An agent often stands before a locked door with a key, and now and then before the same door with a knife.
          With the key, the right action is to use it. With the knife, the agent must search. The policy is one small
          network that reads both states. Press <b>Step</b> and watch the wrong action in the rare state.
        </p>
      </div>
      <div class="controls">
        <label class="field wide">
          <span>
            Similarity of the two states: <output>{similarity.value.toFixed(2)}</output>
          </span>
          <input
            type="range"
            min={0.05}
            max={0.95}
            step={0.05}
            value={similarity.value}
            onInput={(event) => {
              similarity.value = event.currentTarget.valueAsNumber;
              toAddress('similarity', `${similarity.value}`);
              arms.value = {};
              player.restart(sceneNow());
            }}
          />
        </label>
        <Choices
          legend="What the states share"
          name="sharing"
          options={sharingWords}
          value={sharing.value}
          choose={(next) => {
            sharing.value = next;
            toAddress('sharing', next === 'coupled' ? null : next);
            player.restart(sceneNow());
          }}
        />
      </div>
      <p class="quiet" role="status">
        {explanations[sharing.value]}
      </p>
      <PlayerControls player={player} />
      <div class="grid">
        <div class="panel">
          <h3>Often: “The door is locked. You hold a key.”</h3>
          <Bars values={frame?.probabilities.subarray(0, 4) ?? []} names={actionNames} right={0} watched={null} />
        </div>
        <div class="panel">
          <h3>Rarely: “The door is locked. You hold a knife.”</h3>
          <Bars values={frame?.probabilities.subarray(4, 8) ?? []} names={actionNames} right={1} watched={wrong} />
        </div>
        <figure>
          <h3>Probability of the wrong action in the rare state</h3>
          <LineChart
            x={updatesAxis}
            xLabel="updates + 1 (logarithmic)"
            lines={lines}
            height={230}
            range={[0, 1]}
            xMost={lastUpdate + 1}
            logarithmic
            summary={`Probability of the wrong action in the rare state over ${player.history.value.length - 1} updates; now ${now?.toFixed(2) ?? 'unknown'}.`}
          />
          <figcaption aria-live="polite">
            {change !== null &&
              own !== null &&
              `The next update changes the log-probability of using the key by ${own.toFixed(2)} with the key, where that is right, and by ${change.toFixed(2)} with the knife, where it is wrong.`}
          </figcaption>
        </figure>
      </div>
    </section>
  );
}
