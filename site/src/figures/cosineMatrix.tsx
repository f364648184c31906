/** Cosines between the gradients of the states' right actions: blue helps, red hinders. */
import { useSignal } from '@preact/signals';
import { actionLetters } from '../plane/actions.ts';
import type { PlaneState } from '../plane/scene.ts';

interface CosineMatrixProps {
  readonly states: readonly PlaneState[];
  readonly cosines: Float32Array | null;
}

/** Share of the strong colour in a cell, as CSS: weak cosines must still be seen. */
function cellColour(cosine: number): string {
  const share = Math.round(100 * Math.min(1, Math.abs(cosine)) ** 0.7);
  return `color-mix(in oklab, ${cosine >= 0 ? 'var(--helps)' : 'var(--hinders)'} ${share}%, var(--paper))`;
}

export function CosineMatrix({ states, cosines }: CosineMatrixProps) {
  const pointed = useSignal<readonly [number, number] | null>(null);
  const n = states.length;
  if (!cosines || cosines.length !== n * n) return <p class="quiet">The matrix follows with the first picture.</p>;
  const cell = 100 / n;
  const pair = pointed.value !== null && Math.max(...pointed.value) < n ? pointed.value : null;
  const words = (i: number): string => `state ${i + 1} (${actionLetters[states[i].right]})`;
  let strongest: readonly [number, number] = [0, Math.min(1, n - 1)];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) if (cosines[i * n + j] < cosines[strongest[0] * n + strongest[1]]) strongest = [i, j];
  }
  const [i, j] = pair ?? strongest;
  const value = cosines[i * n + j];
  const effect =
    i === j
      ? 'A gradient has cosine 1 with itself.'
      : `A step that makes the right action likelier in ${words(i)} ${value >= 0 ? 'also helps' : 'works against'} the right action in ${words(j)}.`;
  return (
    <>
      <svg class="matrix" viewBox="0 0 100 100" role="img" aria-label={`Cosines of ${n} states. ${effect}`}>
        {Array.from({ length: n * n }, (_, k) => (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place.
            key={k}
            x={(k % n) * cell}
            y={Math.floor(k / n) * cell}
            width={cell - 0.4}
            height={cell - 0.4}
            style={{ fill: cellColour(cosines[k]) }}
            onPointerEnter={() => {
              pointed.value = [Math.floor(k / n), k % n];
            }}
          />
        ))}
      </svg>
      <figcaption>
        Cosine {value.toFixed(2)}. {effect}
      </figcaption>
    </>
  );
}
