/** Properties of the selected state. Everything the mouse can do on the plane can be done here and by keys. */
import type { Signal } from '@preact/signals';
import { actionLetters } from '../plane/actions.ts';
import { mostStates, type PlaneState, type Scene } from '../plane/scene.ts';
import { Choices } from '../shell/choices.tsx';
import { isFree } from './planeView.tsx';

interface StateEditorProps {
  readonly scene: Scene;
  readonly selected: Signal<number | null>;
  readonly use: (change: Partial<Scene>) => void;
  readonly add: (x: number, y: number) => void;
}

const letters = actionLetters.map((letter, a) => [`${a}`, letter] as const);

/** The free place nearest to the centre on a coarse grid, for adding a state without a mouse. */
function freePlace(states: readonly PlaneState[]): readonly [number, number] | null {
  const places = Array.from({ length: 81 }, (_, i) => [((i % 9) - 4) / 5, (Math.floor(i / 9) - 4) / 5] as const);
  const near = places.toSorted(([ax, ay], [bx, by]) => ax * ax + ay * ay - bx * bx - by * by);
  return near.find(([x, y]) => isFree(states, x, y, null)) ?? null;
}

export function StateEditor({ scene, selected, use, add }: StateEditorProps) {
  const { states } = scene;
  const i = selected.value;
  const s = i === null ? undefined : states[i];
  const set = (change: Partial<PlaneState>): void => {
    use({ states: states.map((other, j) => (j === i ? { ...other, ...change } : other)) });
  };
  const isLastTrained = s?.trained === true && states.filter(({ trained }) => trained).length === 1;
  return (
    <div class="controls">
      <button
        type="button"
        class="act"
        disabled={states.length >= mostStates}
        onClick={() => {
          const place = freePlace(states);
          if (place) add(...place);
        }}
      >
        Add a state
      </button>
      {s && i !== null ? (
        <>
          <Choices
            legend={`Right action of state ${i + 1}`}
            name="right"
            options={letters}
            value={`${s.right}`}
            choose={(a) => set({ right: Number(a) })}
          />
          <label class="field">
            <span>
              Frequency: <output>{s.frequency}</output>
            </span>
            <input
              type="range"
              min={0.02}
              max={1}
              step={0.02}
              value={s.frequency}
              onInput={(event) => set({ frequency: event.currentTarget.valueAsNumber })}
            />
          </label>
          <label>
            <input
              type="checkbox"
              checked={s.trained}
              disabled={isLastTrained}
              onChange={(event) => set({ trained: event.currentTarget.checked })}
            />{' '}
            trained on
          </label>
          <button
            type="button"
            class="act"
            disabled={states.length === 1 || isLastTrained}
            onClick={() => {
              selected.value = null;
              use({ states: states.filter((_, j) => j !== i) });
            }}
          >
            Remove
          </button>
        </>
      ) : (
        <span class="quiet">
          Select a state to change it. Keys: arrows move, 1 to 4 choose the action, Delete removes.
        </span>
      )}
    </div>
  );
}
