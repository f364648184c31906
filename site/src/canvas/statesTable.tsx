/** The plane in numbers: what a reader who does not see the picture needs. */
import type { ReadonlySignal } from '@preact/signals';
import { actionLetters } from '../plane/actions.ts';
import { actionCount } from '../plane/scene.ts';
import type { Frame } from '../plane/worker.ts';
import { ScrollRegion } from '../shell/scrollRegion.tsx';
import { type ArrowKind, changesOf } from './arrows.tsx';
import type { Editor } from './editor.ts';
import { signed } from './signed.ts';

interface StatesTableProps {
  readonly editor: Editor;
  readonly frame: ReadonlySignal<Frame | null>;
  readonly arrows: ArrowKind;
}

export function StatesTable({ editor, frame, arrows }: StatesTableProps) {
  const { states } = editor.player.scene.value;
  const p = frame.value?.probabilities;
  const changes = changesOf(frame.value, arrows);
  return (
    <ScrollRegion label="States and probabilities">
      <table class="states">
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Right</th>
            <th scope="col">Frequency</th>
            {actionLetters.map((letter) => (
              <th key={letter} scope="col">
                p({letter})
              </th>
            ))}
            <th scope="col">Predicted</th>
            <th scope="col">Actual</th>
          </tr>
        </thead>
        <tbody>
          {states.map((s, i) => (
            <tr key={i} aria-selected={editor.selected.value === i}>
              <th scope="row">
                {i + 1} at {s.x}, {s.y}
                {!s.trained && ' (held out)'}
              </th>
              <td>{actionLetters[s.right]}</td>
              <td>{s.frequency}</td>
              {actionLetters.map((letter, a) => {
                const value = p?.[i * actionCount + a];
                const share = `${Math.round(70 * (value ?? 0))}%`;
                return (
                  <td
                    key={letter}
                    style={{ background: `color-mix(in srgb, var(--action-${a}) ${share}, var(--paper))` }}
                  >
                    <span class="cell">{value?.toFixed(3) ?? ''}</span>
                  </td>
                );
              })}
              <td>{changes ? signed(changes.predicted[i * actionCount + s.right], 4) : ''}</td>
              <td>{changes ? signed(changes.actual[i * actionCount + s.right], 4) : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}
