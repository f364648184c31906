/** Properties of the selected state. Everything the mouse can do on the plane can be done here and by keys. */
import { actionLetters } from '../plane/actions.ts';
import { mostStates } from '../plane/scene.ts';
import { Choices } from '../shell/choices.tsx';
import type { Editor } from './editor.ts';
import { freePlace } from './places.ts';
import { ShareLink } from './shareLink.tsx';

const letters = actionLetters.map((letter, a) => {
  const disc = (
    <b class="letter" style={{ background: `var(--action-${a})` }}>
      {letter}
    </b>
  );
  return [`${a}`, disc] as const;
});

export function StateEditor({ editor }: { readonly editor: Editor }) {
  const { states } = editor.player.scene.value;
  const { nextRight, note } = editor;
  const i = editor.selected.value;
  const s = i === null ? undefined : states[i];
  return (
    <div class="editor">
      <div class="controls">
        <button type="button" class="act" disabled={!editor.canUndo.value} onClick={editor.undo}>
          Undo
        </button>
        <button type="button" class="act" disabled={!editor.canRedo.value} onClick={editor.redo}>
          Redo
        </button>
        <button
          type="button"
          class="act"
          disabled={states.length >= mostStates}
          onClick={() => {
            const place = freePlace(states);
            if (place) editor.add(...place);
          }}
        >
          Add a state
        </button>
        <ShareLink />
        {(!s || i === null) && (
          <Choices
            legend="Right action of the next state"
            name="next"
            options={letters}
            value={`${nextRight.value}`}
            choose={(a) => {
              nextRight.value = Number(a);
            }}
          />
        )}
      </div>
      {s && i !== null && (
        <div class="controls">
          <Choices
            legend={`Right action of state ${i + 1}`}
            name="right"
            options={letters}
            value={`${s.right}`}
            choose={(a) => {
              nextRight.value = Number(a);
              editor.set(i, { right: Number(a) });
            }}
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
              onInput={(event) => editor.set(i, { frequency: event.currentTarget.valueAsNumber })}
              onChange={editor.endGesture}
            />
          </label>
          <label class="tick">
            <input
              type="checkbox"
              checked={!s.trained}
              disabled={s.trained && !editor.canSpare(i)}
              onChange={(event) => editor.set(i, { trained: !event.currentTarget.checked })}
            />{' '}
            held out
          </label>
          <button type="button" class="act" disabled={!editor.canSpare(i)} onClick={() => editor.remove(i)}>
            Remove
          </button>
        </div>
      )}
      <p class="quiet" role="status">
        {note.value ??
          'Click the plane to add a state, drag to move one. Keys on a state: arrows move it (with Shift further), 1 to 4 choose the right action, + and − the frequency, H holds it out, Delete removes it.'}
      </p>
    </div>
  );
}
