/** The canvas: states drawn by hand, a policy that is trained on them, and the coupling between them. */
import { signal, useComputed, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { createPlayer } from '../plane/player.ts';
import { PlayerControls } from '../plane/playerControls.tsx';
import { actionCount, presets } from '../plane/scene.ts';
import type { Frame } from '../plane/worker.ts';
import { Choices } from '../shell/choices.tsx';
import { showPage } from '../shell/shell.tsx';
import { choiceFromAddress, toAddress } from '../shell/urlState.ts';
import { type ArrowKind, arrowKinds } from './arrows.tsx';
import './canvas.css';
import { createEditor, type Editor, sceneFromAddress } from './editor.ts';
import { ExportPanel } from './export/exportPanel.tsx';
import { GramView } from './gramView.tsx';
import { PlaneKeys } from './planeKeys.tsx';
import { PlaneView } from './planeView.tsx';
import { PresetGallery } from './presetGallery.tsx';
import { Settings } from './settings.tsx';
import { SpilloverPlot } from './spilloverPlot.tsx';
import { StateEditor } from './stateEditor.tsx';
import { StatesTable } from './statesTable.tsx';
import { SuccessChart } from './successChart.tsx';
import { useThrottled } from './useThrottled.ts';

const first = sceneFromAddress(presets[0].scene.states);
const arrows = signal<ArrowKind>(choiceFromAddress('arrows', arrowKinds));

const speeds = [10, 60, 300] as const;
const speedNames = { 10: '10 a second', 60: '60 a second', 300: '300 a second' } as const;

/** Undo and redo by keys, except where a text is edited, which has its own. */
function useUndoKeys({ undo, redo }: Editor): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isText = event.target instanceof HTMLInputElement && event.target.type === 'number';
      if (!(event.ctrlKey || event.metaKey) || isText) return;
      const key = event.key.toLowerCase();
      if (key === 'z' && !event.shiftKey) undo();
      else if (key === 'y' || key === 'z') redo();
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [undo, redo]);
}

function Canvas() {
  const player = useMemo(() => createPlayer(first.scene, () => ({ plane: true, coupling: true })), []);
  const editor = useMemo(() => createEditor(player, first.note), [player]);
  const pointed = useSignal<readonly [number, number] | null>(null);
  // After an edit, the latest frame is that of the drawing before until the worker answers.
  const ofScene = (latest: Frame | null): Frame | null =>
    latest?.probabilities.length === player.scene.value.states.length * actionCount ? latest : null;
  const frame = useComputed(() => ofScene(player.frame.value));
  // Only the plane follows every frame.
  const throttled = useThrottled(
    frame,
    player,
    (next, shown) => next?.probabilities.length !== shown?.probabilities.length || next?.updates === 0,
  );
  const calm = useComputed(() => ofScene(throttled.value));
  useUndoKeys(editor);
  return (
    <>
      <div class="prose">
        <h1>Draw states, and train on them</h1>
        <p>
          Each disc is a state. Its letter and colour name the right action, and its size says how often it is met.
          States that are close look similar to the network, so an update in one also changes the other. Choose an
          example or draw your own, then press <b>Play</b>.
        </p>
      </div>
      <PresetGallery editor={editor} />
      <div class="canvas">
        <div class="board">
          <div class="play">
            <PlayerControls player={player} />
            <label class="speed">
              Speed{' '}
              <select
                value={player.speed.value}
                onChange={(event) => {
                  player.speed.value = Number(event.currentTarget.value);
                }}
              >
                {speeds.map((speed) => (
                  <option key={speed} value={speed}>
                    {speedNames[speed]}
                  </option>
                ))}
              </select>
            </label>
          </div>
          <PlaneView editor={editor} frame={frame} arrows={arrows.value} pointed={pointed} />
          <PlaneKeys editor={editor} frame={calm} arrows={arrows.value} />
          <StateEditor editor={editor} />
        </div>
        <div class="side">
          <Settings editor={editor} />
          <div class="controls settings">
            <Choices
              legend="Arrows show"
              name="arrows"
              options={[
                ['spillover', 'Spillover'],
                ['whole', 'Whole change'],
              ]}
              value={arrows.value}
              choose={(next) => {
                arrows.value = next;
                toAddress('arrows', next === arrowKinds[0] ? null : next);
              }}
              hint={
                arrows.value === 'spillover'
                  ? 'What the next step changes in a state because of all other states.'
                  : 'What the next step changes in a state, with its own samples.'
              }
            />
          </div>
          <SuccessChart editor={editor} />
          <GramView editor={editor} frame={calm} pointed={pointed} />
        </div>
      </div>
      <section aria-labelledby="numbers">
        <h2 id="numbers">The next step, predicted and actual</h2>
        <p class="prose">
          Each step is the sum of the gradients of all samples. Their inner products, the Gram matrix, predict what it
          changes in every state; the real step shows whether that holds.{' '}
          {arrows.value === 'spillover'
            ? 'Shown is the part of the change that comes from other states.'
            : 'Shown is the whole change.'}
        </p>
        <div class="evidence">
          <SpilloverPlot frame={calm} arrows={arrows.value} />
          <StatesTable editor={editor} frame={calm} arrows={arrows.value} />
        </div>
      </section>
      <ExportPanel editor={editor} />
    </>
  );
}

showPage('Canvas', <Canvas />);
