/** What colours, rings and arrows of the plane mean, and how well the predicted arrows agree with the actual ones. */
import type { ReadonlySignal } from '@preact/signals';
import { actionLetters } from '../plane/actions.ts';
import { actionCount } from '../plane/scene.ts';
import type { Frame } from '../plane/worker.ts';
import { type ArrowKind, ArrowLegend, arrowScale, changesOf } from './arrows.tsx';
import type { Editor } from './editor.ts';
import { agreementWords } from './spilloverPlot.tsx';

interface PlaneKeysProps {
  readonly editor: Editor;
  readonly frame: ReadonlySignal<Frame | null>;
  readonly arrows: ArrowKind;
}

export function PlaneKeys({ editor, frame, arrows }: PlaneKeysProps) {
  const { states } = editor.player.scene.value;
  const changes = changesOf(frame.value, arrows);
  const rows = states.map(({ right }, i) => i * actionCount + right);
  return (
    <div class="keys">
      <span class="key">
        {actionLetters.map((letter, a) => (
          <b key={letter} class="letter" style={{ background: `var(--action-${a})` }}>
            {letter}
          </b>
        ))}
        <span>the likelier an action, the stronger its colour; hatched: no state is near</span>
      </span>
      <span class="key">
        <i class="ring-sample" />
        <span>ring: probability of the right action; larger: met more often</span>
      </span>
      {changes && (
        <>
          <ArrowLegend scale={arrowScale(changes, rows)} />
          <span class="key">{agreementWords(changes)}</span>
        </>
      )}
    </div>
  );
}
