/** The first section: two states that look alike, and what an update in one does to the other. */
import { signal, useSignalEffect } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { Bars } from '../figures/bars.tsx';
import { type Line, LineChart } from '../figures/lineChart.tsx';
import { createPlayer, lastUpdate } from '../plane/player.ts';
import { PlayerControls } from '../plane/playerControls.tsx';
import { type Condition, conditionOf, conditions, readingsOf } from './pair.ts';
import { condition, look, PairControls, scene } from './pairControls.tsx';

const actionNames = ['open the door', 'search the room', 'knock', 'walk away'] as const;
const wrong = 0;

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
  /** Curves of the states before do not belong to the present ones. */
  const useStates = (): void => {
    played.value = {};
    player.restart(scene.value);
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
        <div class="bars-part">
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
            <span class="next-sample" /> Where the next update takes each probability.
            {actual !== null &&
              ` It changes the log-probability of opening the door by ${signed(actual[wrong])} with the key and by ${signed(actual[4 + wrong])} with the knife.`}
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
        <div class="choice-part">
          <PairControls useStates={useStates} useCondition={() => player.restart(scene.value)} />
        </div>
      </div>
      <div class="prose">
        <p>
          The network can hardly tell the two states apart, so a step for one is mostly a step for the other. Once the
          frequent state is learnt, its updates become small, and the rare state learns its own action. If the states
          are very alike, the wrong action stays for all {lastUpdate} updates. With decoupled advantages it never rises,
          on the same network and the same samples. Drag the similarity, and play each condition to compare.
        </p>
      </div>
    </section>
  );
}

/** A change with its sign. */
function signed(x: number): string {
  return `${x < 0 ? '−' : '+'}${Math.abs(x).toFixed(2)}`;
}
