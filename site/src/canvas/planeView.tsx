/** The plane: probabilities as colours, states as buttons, and what the next step changes as arrows. */
import { type ReadonlySignal, type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { PlanePicture } from '../figures/planePicture.tsx';
import { actionCount, type PlaneState } from '../plane/scene.ts';
import type { Frame } from '../plane/worker.ts';
import { Arrow, type ArrowKind, arrowScale, changesOf } from './arrows.tsx';
import type { Editor } from './editor.ts';
import { discSize, StateDisc } from './stateDisc.tsx';

/** Radius around a state, as a share of the plane's width, beyond which the picture is hatched. */
const nearRadius = 0.24;

const left = (x: number): string => `${50 + 50 * x}%`;
const top = (y: number): string => `${50 - 50 * y}%`;

/** Lines over the places where no state is near: what the network answers there was not trained. */
function Hatching({ states }: { readonly states: readonly PlaneState[] }) {
  return (
    <svg class="over still" aria-hidden="true">
      <defs>
        <pattern id="hatch" width="9" height="9" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path d="M0 0V9" class="hatch" />
        </pattern>
        <radialGradient id="near">
          <stop offset="0.62" stop-color="#000" />
          <stop offset="1" stop-color="#000" stop-opacity="0" />
        </radialGradient>
        <mask id="far" maskUnits="userSpaceOnUse" x="0" y="0" width="100%" height="100%">
          <rect width="100%" height="100%" fill="#fff" />
          {states.map(({ x, y }, i) => (
            <circle key={i} cx={left(x)} cy={top(y)} r={`${100 * nearRadius}%`} fill="url(#near)" />
          ))}
        </mask>
      </defs>
      <rect width="100%" height="100%" fill="url(#hatch)" mask="url(#far)" />
    </svg>
  );
}

interface PlaneViewProps {
  readonly editor: Editor;
  /** The latest frame of the present drawing. */
  readonly frame: ReadonlySignal<Frame | null>;
  readonly arrows: ArrowKind;
  /** The pair of states that the Gram matrix shows. */
  readonly pointed: Signal<readonly [number, number] | null>;
}

export function PlaneView({ editor, frame, arrows, pointed }: PlaneViewProps) {
  const box = useRef<HTMLDivElement>(null);
  const width = useSignal(620);
  useEffect(() => {
    if (!box.current) return;
    const watch = new ResizeObserver(([entry]) => {
      width.value = entry.contentRect.width;
    });
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  const { states } = editor.player.scene.value;
  const current = frame.value;
  const changes = changesOf(current, arrows);
  const rows = states.map(({ right }, i) => i * actionCount + right);
  const sizes = states.map(({ frequency }) => discSize(frequency, states.length, width.value));
  const scale = changes && arrowScale(changes, rows);
  const pair = pointed.value !== null && Math.max(...pointed.value) < states.length ? pointed.value : null;

  const placeOf = (event: MouseEvent): readonly [number, number] => {
    const { left, top, width, height } = (box.current as HTMLDivElement).getBoundingClientRect();
    return [(2 * (event.clientX - left)) / width - 1, 1 - (2 * (event.clientY - top)) / height];
  };

  return (
    <>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: by keys, "Add a state" does it. */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the states on it are buttons. */}
      <div
        class="plane"
        ref={box}
        onClick={(event) => {
          if (!(event.target as Element).closest('button')) editor.add(...placeOf(event));
        }}
      >
        <PlanePicture plane={current?.plane ?? null} />
        <Hatching states={states} />
        {pair && pair[0] !== pair[1] && (
          <svg class="over" aria-hidden="true">
            <line
              class="pair"
              x1={left(states[pair[0]].x)}
              y1={top(states[pair[0]].y)}
              x2={left(states[pair[1]].x)}
              y2={top(states[pair[1]].y)}
            />
          </svg>
        )}
        {states.map((_, i) => (
          <StateDisc key={i} {...{ editor, i, size: sizes[i], placeOf }} p={current?.probabilities[rows[i]] ?? null} />
        ))}
        {changes && scale && (
          <svg class="over front" aria-hidden="true">
            {states.map(({ x, y }, i) => (
              // biome-ignore lint/a11y/noSvgWithoutTitle: the one around it is hidden; this one only has percentages.
              <svg key={i} x={left(x)} y={top(y)} class="at">
                <g transform={`translate(${sizes[i] / 2 + 5} 0)`}>
                  <Arrow x={1} length={(changes.predicted[rows[i]] / scale.change) * scale.pixels} kind="predicted" />
                  <Arrow x={11} length={(changes.actual[rows[i]] / scale.change) * scale.pixels} kind="actual" />
                </g>
              </svg>
            ))}
          </svg>
        )}
      </div>
    </>
  );
}
