/** Success over updates: of the present training, and of the others that were played on the same drawing. */
import { signal, useSignalEffect } from '@preact/signals';
import { type Line, LineChart } from '../figures/lineChart.tsx';
import { lastUpdate } from '../plane/player.ts';
import { actionCount, type Scene, type Sharing, sharings } from '../plane/scene.ts';
import { statesToText } from '../plane/sceneText.ts';
import type { Editor } from './editor.ts';
import { successOf } from './readings.ts';
import { sharingWords } from './settings.tsx';
import { useThrottled } from './useThrottled.ts';

const updatesAxis = Array.from({ length: lastUpdate + 1 }, (_, i) => i + 1);

interface Curves {
  readonly trained: readonly number[];
  /** Empty without held-out states. */
  readonly heldOut: readonly number[];
}

const colours: Readonly<Record<Sharing, string>> = { coupled: '--bad', decoupled: '--accent', own: '--good' };

/** Everything of a scene but what the states share: curves of equal drawings can be compared. */
const drawingOf = ({ states, network, seed, eta, sampled }: Scene): string =>
  [statesToText(states), network, seed, eta, sampled === true].join();

const played = signal<{ readonly drawing: string; readonly curves: Partial<Record<Sharing, Curves>> }>({
  drawing: '',
  curves: {},
});

const padded = (values: readonly number[]): (number | null)[] => updatesAxis.map((_, i) => values[i] ?? null);

export function SuccessChart({ editor }: { readonly editor: Editor }) {
  const { player } = editor;
  const shownHistory = useThrottled(player.history, player, (next, shown) => next.length <= shown.length);
  useSignalEffect(() => {
    const scene = player.scene.value;
    const history = shownHistory.value;
    if (history.length === 0 || history[0].length !== scene.states.length * actionCount) return;
    const isHeldOut = scene.states.some(({ trained }) => !trained);
    const drawing = drawingOf(scene);
    const before = played.peek();
    const curves: Curves = {
      trained: history.map((p) => successOf(scene.states, p, true)),
      heldOut: isHeldOut ? history.map((p) => successOf(scene.states, p, false)) : [],
    };
    const others = before.drawing === drawing ? before.curves : {};
    // A restart alone must not wipe the curve that was played.
    if (history.length === 1 && others[scene.sharing]) return;
    played.value = { drawing, curves: { ...others, [scene.sharing]: curves } };
  });
  const { curves } = played.value;
  const { sharing } = player.scene.value;
  const lines: Line[] = sharings.flatMap((arm): Line[] => {
    const of = curves[arm];
    if (!of) return [];
    const words = sharingWords.find(([name]) => name === arm)?.[1] ?? arm;
    const width = arm === sharing ? 3 : 1.5;
    const common = { colour: colours[arm], width };
    return [
      { ...common, label: words, values: padded(of.trained) },
      ...(of.heldOut.length > 0
        ? [{ ...common, label: `${words}, held out`, dash: [6, 4], values: padded(of.heldOut) }]
        : []),
    ];
  });
  const now = curves[sharing];
  const at = (values: readonly number[], update: number): string => values[update]?.toFixed(2) ?? 'not reached';
  const twenty = sharings.flatMap((arm) => {
    const of = curves[arm];
    return of && of.trained.length > 20
      ? [`${at(of.trained, 20)} ${sharingWords.find(([name]) => name === arm)?.[1].toLowerCase()}`]
      : [];
  });
  return (
    <figure class="panel">
      <h2>Success</h2>
      <LineChart
        x={updatesAxis}
        xLabel="updates + 1 (logarithmic)"
        lines={lines}
        height={200}
        range={[0, 1]}
        xMost={lastUpdate + 1}
        logarithmic
        summary={`Success over ${Math.max(0, shownHistory.value.length - 1)} updates; now ${now?.trained.at(-1)?.toFixed(2) ?? 'unknown'} in trained states.`}
      />
      <figcaption>
        {twenty.length > 0
          ? `Success after 20 updates: ${twenty.join(', ')}.`
          : 'Mean probability of the right action, weighted by frequency. Curves of the three ways to share stay for comparison.'}
      </figcaption>
    </figure>
  );
}
