/** Cosines between the gradients of the states' right actions, as a matrix whose pairs are read in words. */
import type { ReadonlySignal, Signal } from '@preact/signals';
import { actionColours, actionLetters, channels } from '../plane/actions.ts';
import type { PlaneState } from '../plane/scene.ts';
import type { Frame } from '../plane/worker.ts';
import type { Editor } from './editor.ts';
import { signed } from './signed.ts';
import { cssColour, useDrawing } from './useDrawing.ts';

type Pair = readonly [number, number];

/** Pixels of the row of letters above and beside the matrix. */
const margin = 20;

const name = (states: readonly PlaneState[], i: number): string => `state ${i + 1} (${actionLetters[states[i].right]})`;

/** The pair whose right actions hinder each other most; the first two states where none do. */
function strongest(cosines: Float32Array, n: number): Pair {
  let found: Pair = [0, Math.min(1, n - 1)];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) if (cosines[i * n + j] < cosines[found[0] * n + found[1]]) found = [j, i];
  }
  return found;
}

/** What the pair means for training, in words. */
function pairWords(states: readonly PlaneState[], { cosines, norms, learningRate }: Frame, [i, j]: Pair): string {
  if (!cosines || !norms) return '';
  const n = states.length;
  if (i === j) return `The gradient of ${name(states, i)} has the norm ${norms[i].toFixed(2)}.`;
  const cosine = cosines[i * n + j];
  const product = cosine * norms[i] * norms[j];
  const numbers = `State ${i + 1} (${actionLetters[states[i].right]}) and ${name(states, j)}: cosine ${signed(cosine, 2)}, inner product ${signed(product, 2)}.`;
  if (product === 0) return `${numbers} A step in one leaves the other as it is.`;
  const own = learningRate * norms[i] * norms[i];
  return `${numbers} A step along the gradient of state ${i + 1} changes log π of the right action by ${signed(own, 4)} in state ${i + 1} and by ${signed(learningRate * product, 4)} in state ${j + 1}.`;
}

const pairSteps: Readonly<Record<string, Pair>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

interface GramViewProps {
  readonly editor: Editor;
  readonly frame: ReadonlySignal<Frame | null>;
  readonly pointed: Signal<Pair | null>;
}

export function GramView({ editor, frame, pointed }: GramViewProps) {
  const { states } = editor.player.scene.value;
  const n = states.length;
  const current = frame.value;
  const cosines = current?.cosines?.length === n * n ? current.cosines : null;
  const isOfPair = pointed.value !== null && Math.max(...pointed.value) < n;
  const pair: Pair = isOfPair ? (pointed.value as Pair) : cosines ? strongest(cosines, n) : [0, 0];

  const canvas = useDrawing((context, width) => {
    if (!cosines) return;
    const paper = channels(cssColour('--panel'));
    const ends = [channels(cssColour('--hinders')), channels(cssColour('--helps'))];
    const colours = actionColours();
    const cell = (width - margin) / n;
    for (let k = 0; k < n * n; k++) {
      // Weak cosines must still be seen.
      const share = Math.sqrt(Math.min(1, Math.abs(cosines[k])));
      const end = ends[cosines[k] >= 0 ? 1 : 0];
      const mixed = end.map((c, at) => Math.round(share * c + (1 - share) * paper[at]));
      context.fillStyle = `rgb(${mixed.join()})`;
      const [x, y] = [margin + (k % n) * cell, margin + Math.floor(k / n) * cell];
      context.fillRect(x, y, cell - (n > 12 ? 0.5 : 1), cell - (n > 12 ? 0.5 : 1));
    }
    context.font = `bold ${Math.min(13, 0.9 * cell)}px system-ui, sans-serif`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    for (const [i, { right }] of states.entries()) {
      context.fillStyle = colours[right];
      context.fillText(actionLetters[right], margin + (i + 0.5) * cell, margin / 2);
      context.fillText(actionLetters[right], margin / 2, margin + (i + 0.5) * cell);
    }
    context.strokeStyle = cssColour('--ink');
    context.lineWidth = 2;
    context.strokeRect(margin + pair[1] * cell, margin + pair[0] * cell, cell - 1, cell - 1);
  });

  return (
    <figure class="panel">
      <h2>How the states couple</h2>
      <canvas
        ref={canvas}
        class="gram"
        role="img"
        tabIndex={0}
        aria-label={`Cosines between the gradients of the right actions of ${n} states. Arrow keys choose a pair.`}
        onPointerMove={(event) => {
          const { left, top, width } = event.currentTarget.getBoundingClientRect();
          const index = (at: number): number => Math.floor(((at - margin) * n) / (width - margin));
          const [i, j] = [index(event.clientY - top), index(event.clientX - left)];
          if (Math.min(i, j) >= 0 && Math.max(i, j) < n) pointed.value = [i, j];
        }}
        onPointerLeave={() => {
          pointed.value = null;
        }}
        onKeyDown={(event) => {
          const by = pairSteps[event.key];
          if (!by) return;
          event.preventDefault();
          const within = (x: number): number => Math.max(0, Math.min(n - 1, x));
          pointed.value = [within(pair[0] + by[0]), within(pair[1] + by[1])];
        }}
        onBlur={() => {
          pointed.value = null;
        }}
      />
      <figcaption aria-live={pointed.value ? 'polite' : 'off'}>
        {current && cosines ? pairWords(states, current, pair) : 'The matrix follows with the first picture.'}
      </figcaption>
      <p class="legend">
        <span>
          <i class="swatch helps" /> help each other
        </span>
        <span>
          <i class="swatch hinders" /> work against each other
        </span>
      </p>
    </figure>
  );
}
