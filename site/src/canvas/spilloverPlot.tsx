/** Predicted against actual change of every (state, action) by the next step. */
import type { ReadonlySignal } from '@preact/signals';
import { actionColours, actionLetters } from '../plane/actions.ts';
import { actionCount } from '../plane/scene.ts';
import type { Frame } from '../plane/worker.ts';
import { type ArrowKind, type Changes, changesOf } from './arrows.tsx';
import { correlation } from './readings.ts';
import { cssColour, useDrawing } from './useDrawing.ts';

/** Space for the numbers at the axes. */
const margin = 34;

interface SpilloverPlotProps {
  readonly frame: ReadonlySignal<Frame | null>;
  readonly arrows: ArrowKind;
}

/** How well the prediction holds, in a sentence. */
export function agreementWords(changes: Changes): string {
  const found = correlation(changes.predicted, changes.actual);
  if (found === null) return 'The next step changes nothing here: no state affects another one.';
  const size = (of: Float64Array): number => of.reduce((sum, x) => sum + Math.abs(x), 0);
  let error = 0;
  for (let i = 0; i < changes.actual.length; i++) error += Math.abs(changes.predicted[i] - changes.actual[i]);
  const share = (100 * error) / size(changes.actual);
  return `Correlation of prediction and step over all states and actions: ${found.toFixed(3)}. The prediction is off by ${share < 10 ? share.toFixed(1) : share.toFixed(0)}% of the mean change.`;
}

export function SpilloverPlot({ frame, arrows }: SpilloverPlotProps) {
  const changes = changesOf(frame.value, arrows);
  const canvas = useDrawing((context, width, height) => {
    if (!changes) return;
    const colours = actionColours();
    const { predicted, actual } = changes;
    let most = 1e-9;
    for (let i = 0; i < actual.length; i++) most = Math.max(most, Math.abs(predicted[i]), Math.abs(actual[i]));
    const size = Math.min(width, height) - margin;
    const x = (of: number): number => margin + (0.5 + (0.46 * of) / most) * size;
    const y = (of: number): number => (0.5 - (0.46 * of) / most) * size;
    context.strokeStyle = cssColour('--rule');
    context.strokeRect(margin + 0.5, 0.5, size - 1, size - 1);
    context.beginPath();
    context.moveTo(x(0), 0);
    context.lineTo(x(0), size);
    context.moveTo(margin, y(0));
    context.lineTo(margin + size, y(0));
    context.stroke();
    context.strokeStyle = cssColour('--quiet');
    context.setLineDash([4, 4]);
    context.beginPath();
    context.moveTo(x(-most), y(-most));
    context.lineTo(x(most), y(most));
    context.stroke();
    context.setLineDash([]);
    context.font = '12px system-ui, sans-serif';
    context.fillStyle = cssColour('--quiet');
    context.textAlign = 'center';
    context.fillText(`predicted (largest ${most.toPrecision(2)})`, margin + size / 2, size + 16);
    context.save();
    context.translate(14, size / 2);
    context.rotate(-Math.PI / 2);
    context.fillText('actual', 0, 0);
    context.restore();
    context.font = 'bold 12px system-ui, sans-serif';
    context.textBaseline = 'middle';
    for (let i = 0; i < actual.length; i++) {
      const a = i % actionCount;
      context.fillStyle = colours[a];
      context.fillText(actionLetters[a], x(predicted[i]), y(actual[i]));
    }
  });
  const words = changes ? agreementWords(changes) : 'The changes follow with the first picture.';
  return (
    <figure class="panel">
      <h2>Predicted against actual</h2>
      <canvas ref={canvas} class="scatter" role="img" aria-label={`Predicted and actual changes of log π. ${words}`} />
      <figcaption>
        {words} Each letter is an action in a state{arrows === 'spillover' && ', without what the state changes itself'}
        .
      </figcaption>
    </figure>
  );
}
