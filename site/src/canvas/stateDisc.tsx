/** A state on the plane: a button that is dragged, or moved and changed by keys. */
import { actionLetters } from '../plane/actions.ts';
import { actionCount } from '../plane/scene.ts';
import type { Editor } from './editor.ts';

/** Diameter in pixels of the disc of a state: smaller on a small plane, and where there are many states. */
export function discSize(frequency: number, states: number, planeWidth: number): number {
  const full = 24 + 16 * Math.sqrt(Math.min(1, frequency));
  const share = Math.min(1, planeWidth / 620) * (states > 8 ? 0.82 : 1);
  return Math.max(22, full * share);
}

const directions: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

const frequencySteps: Readonly<Record<string, number>> = { '+': 0.1, '=': 0.1, '-': -0.1 };

const hundredths = (x: number): number => Math.round(100 * x) / 100;

/** Changes state `i` as a key asks; false if the key means nothing here. */
function changeByKey(editor: Editor, i: number, { key, shiftKey }: KeyboardEvent): boolean {
  const s = editor.player.scene.value.states[i];
  const direction = directions[key];
  const by = shiftKey ? 0.1 : 0.02;
  if (direction) editor.move(i, s.x + by * direction[0], s.y + by * direction[1]);
  else if (key >= '1' && key <= `${actionCount}`) editor.set(i, { right: Number(key) - 1 });
  else if (key in frequencySteps) {
    editor.set(i, { frequency: hundredths(Math.max(0.02, Math.min(1, s.frequency + frequencySteps[key]))) });
  } else if (key === 'h' && (!s.trained || editor.canSpare(i))) editor.set(i, { trained: !s.trained });
  else if (key === 'Delete' || key === 'Backspace') editor.remove(i);
  else return false;
  return true;
}

interface StateDiscProps {
  readonly editor: Editor;
  readonly i: number;
  readonly size: number;
  /** Probability of the right action; null before the first picture. */
  readonly p: number | null;
  /** The point of the plane under the pointer. */
  readonly placeOf: (event: PointerEvent) => readonly [number, number];
}

export function StateDisc({ editor, i, size, p, placeOf }: StateDiscProps) {
  const { x, y, right, frequency, trained } = editor.player.scene.value.states[i];
  const colour = `var(--action-${right})`;
  return (
    <button
      type="button"
      class="state"
      data-held={!trained || undefined}
      data-number={i + 1}
      aria-pressed={editor.selected.value === i}
      aria-label={`State ${i + 1}${trained ? '' : ', held out'}: right action ${actionLetters[right]}, probability ${p?.toFixed(2) ?? 'unknown'}, frequency ${frequency}, at ${x}, ${y}`}
      style={{
        left: `${50 + 50 * x}%`,
        top: `${50 - 50 * y}%`,
        width: `${size}px`,
        height: `${size}px`,
        fontSize: `${Math.max(12, 0.42 * size)}px`,
        background: `conic-gradient(var(--ink) ${100 * (p ?? 0)}%, var(--paper) 0)`,
      }}
      onFocus={() => {
        editor.selected.value = i;
      }}
      onKeyDown={(event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || !changeByKey(editor, i, event)) return;
        event.preventDefault();
      }}
      onBlur={editor.endGesture}
      onPointerDown={(event) => {
        editor.selected.value = i;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId) && event.buttons !== 0) {
          editor.move(i, ...placeOf(event));
        }
      }}
      onPointerUp={editor.endGesture}
    >
      <span style={trained ? { background: colour } : { color: colour, borderColor: colour }}>
        {actionLetters[right]}
      </span>
    </button>
  );
}
