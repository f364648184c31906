/** The first section: two states that look alike, and what an update in one does to the other. */
import { computed, signal, useSignalEffect } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { Bars } from '../figures/bars.tsx';
import { type Line, LineChart } from '../figures/lineChart.tsx';
import { createPlayer, lastUpdate } from '../plane/player.ts';
import { PlayerControls } from '../plane/playerControls.tsx';
import { Choices } from '../shell/choices.tsx';
import { choiceFromAddress, numberFromAddress, toAddress } from '../shell/urlState.ts';
import { type Condition, conditionOf, conditions, distanceOf, pairScene, readingsOf } from './pair.ts';
import { PairPicture } from './pairPicture.tsx';

const actionNames = ['open the door', 'search the room', 'knock', 'walk away'] as const;
const wrong = 0;

const standard = { similarity: 0.7, seed: '1' } as const;
const seeds = ['1', '2', '3', '6', '10'] as const;

const similarity = signal(numberFromAddress('similarity', standard.similarity, 0.05, 0.95));
const condition = signal<Condition>(choiceFromAddress('sharing', conditions));
const seed = signal<(typeof seeds)[number]>(choiceFromAddress('seed', seeds));
const scene = computed(() => pairScene(similarity.value, condition.value, Number(seed.value)));

const look: Readonly<Record<Condition, { words: string; colour: string; dash?: number[]; meaning: string }>> = {
  coupled: {
    ...{ words: 'Coupled', colour: '--bad' },
    meaning: 'One network for both states, trained as usual.',
  },
  decoupled: {
    ...{ words: 'Decoupled', colour: '--accent' },
    meaning:
      'One network and all samples. The advantages are changed so that, to first order, no state moves the other one.',
  },
  own: {
    ...{ words: 'Own networks', colour: '--good', dash: [6, 4] },
    meaning: 'A network for each state: the states share nothing. This is a comparison and no method.',
  },
  removed: {
    ...{ words: 'Other state’s data removed', colour: '--quiet', dash: [2, 3] },
    meaning:
      'The samples of the frequent state are deleted. The wrong action does not rise, and the frequent state is never learnt. This shows where the rise comes from; it is no way to train.',
  },
};

/** Similarities that show one course each; for the seeds on offer. */
const courses = [
  [0.2, 'Little alike'],
  [0.7, 'Alike'],
  [0.9, 'Very alike'],
] as const;

/** Probabilities of the conditions that were played with these two states, so that they can be compared. */
const played = signal<Readonly<Partial<Record<Condition, readonly Float32Array[]>>>>({});

const updatesAxis = Array.from({ length: lastUpdate + 1 }, (_, i) => i + 1);

function Readings() {
  const rows = conditions.flatMap((name) => {
    const history = played.value[name];
    return history === undefined || history.length < 2 ? [] : [{ name, ...readingsOf(history) }];
  });
  if (rows.length === 0) return null;
  return (
    <table>
      <caption>Wrong action in the rare state, and success weighted by how often each state is met</caption>
      <thead>
        <tr>
          <th scope="col">Trained</th>
          <th scope="col">updates</th>
          <th scope="col">highest</th>
          <th scope="col">now</th>
          <th scope="col">success</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, updates, highest, now, success }) => (
          <tr key={name}>
            <th scope="row">{look[name].words}</th>
            <td>{updates}</td>
            <td>{highest.toFixed(2)}</td>
            <td>{now.toFixed(2)}</td>
            <td>{success.toFixed(2)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function LookAlikes() {
  const player = useMemo(() => createPlayer(scene.peek(), () => ({ plane: false, coupling: true })), []);
  useSignalEffect(() => {
    const history = player.history.value;
    const of = conditionOf(player.scene.peek());
    if (history.length > 0) played.value = { ...played.peek(), [of]: history };
  });
  const frame = player.frame.value;
  const actual = frame?.actual ?? null;
  const next = frame && actual ? frame.probabilities.map((p, i) => p * Math.exp(actual[i])) : null;
  const isRemoved = condition.value === 'removed';
  /** Shows two other states: curves of the ones before do not belong to them. */
  const useStates = (key: string, value: string | null): void => {
    toAddress(key, value);
    played.value = {};
    player.restart(scene.value);
  };
  const setSimilarity = (value: number): void => {
    similarity.value = value;
    useStates('similarity', value === standard.similarity ? null : `${value}`);
  };
  const lines: Line[] = conditions.map((name) => {
    const { words, colour, dash } = look[name];
    const history = played.value[name] ?? [];
    return {
      ...{ label: words, colour, width: name === condition.value ? 3 : 1.5 },
      ...(dash && { dash }),
      values: updatesAxis.map((_, i) => history[i]?.[4 + wrong] ?? null),
    };
  });
  return (
    <section aria-labelledby="look-alikes">
      <div class="prose">
        <h2 id="look-alikes">Two states that look alike</h2>
        <p>
          An agent often stands before a locked door with a key. Now and then it stands there with a knife. With the key
          it should open the door; with the knife it should search the room. Press <b>Step</b> and watch the wrong
          action in the rare state: the update that is good on the left lifts it on the right.
        </p>
      </div>
      <div class="play">
        <div>
          <PlayerControls player={player} />
          <div class="pair">
            <div class="panel">
              <h3>
                <span class="quiet">9 times of 10:</span> “A locked door. You hold a key.”
              </h3>
              <Bars
                values={frame?.probabilities.subarray(0, 4) ?? []}
                names={actionNames}
                right={0}
                watched={null}
                next={next?.subarray(0, 4) ?? null}
              />
              {isRemoved && <p class="quiet">Not trained on: its samples are removed.</p>}
            </div>
            <div class="panel">
              <h3>
                <span class="quiet">1 time of 10:</span> “A locked door. You hold a knife.”
              </h3>
              <Bars
                values={frame?.probabilities.subarray(4, 8) ?? []}
                names={actionNames}
                right={1}
                watched={wrong}
                next={next?.subarray(4, 8) ?? null}
              />
            </div>
          </div>
          <p class="quiet">
            <span class="next-sample" /> where the next update takes each probability
            {actual !== null &&
              `: the log-probability of opening the door by ${signed(actual[wrong])} with the key and by ${signed(actual[4 + wrong])} with the knife`}
            .
          </p>
        </div>
        <figure>
          <h3>Probability of the wrong action in the rare state</h3>
          <LineChart
            x={updatesAxis}
            xLabel="before update … (logarithmic)"
            lines={lines}
            height={230}
            range={[0, 1]}
            xMost={lastUpdate + 1}
            logarithmic
            summary="Probability of opening the door in the rare state over the updates. The table below has the numbers of each condition."
          />
          <Readings />
        </figure>
      </div>
      <div class="controls">
        <div class="field wide">
          <label>
            Similarity of the two states: <output>{similarity.value.toFixed(2)}</output>
            <input
              type="range"
              min={0.05}
              max={0.95}
              step={0.05}
              value={similarity.value}
              onInput={(event) => setSimilarity(event.currentTarget.valueAsNumber)}
            />
          </label>
          <div class="row">
            <PairPicture distance={distanceOf(similarity.value)} />
            {courses.map(([value, words]) => (
              <button
                key={value}
                type="button"
                class="act small"
                aria-pressed={value === similarity.value}
                onClick={() => setSimilarity(value)}
              >
                {words}
              </button>
            ))}
          </div>
        </div>
        <Choices
          legend="Training"
          name="sharing"
          options={conditions.map((name) => [name, look[name].words] as const)}
          value={condition.value}
          choose={(name) => {
            condition.value = name;
            toAddress('sharing', name === conditions[0] ? null : name);
            player.restart(scene.value);
          }}
        />
        <label class="field">
          <span>Seed</span>
          <select
            value={seed.value}
            onChange={(event) => {
              seed.value = seeds.find((each) => each === event.currentTarget.value) ?? standard.seed;
              useStates('seed', seed.value === standard.seed ? null : seed.value);
            }}
          >
            {seeds.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      </div>
      <p class="quiet prose" role="status">
        {look[condition.value].meaning}
      </p>
      <div class="prose">
        <p>
          The network cannot tell the two states apart well, so a step for one is mostly a step for the other. Once the
          frequent state is learnt, its updates become small, and the rare state wins its own action back. If the states
          are very alike, that takes longer than this page shows. With decoupled advantages the wrong action never
          rises, on the same network and the same samples. The first updates are played slowly; all of them can be
          stepped.
        </p>
      </div>
    </section>
  );
}

/** A change with its sign. */
function signed(x: number): string {
  return `${x < 0 ? '−' : '+'}${Math.abs(x).toFixed(2)}`;
}
