/** The plane: probabilities as colours, states as buttons that can be moved, and what the next step changes as arrows. */
import type { Signal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { PlanePicture } from '../figures/planePicture.tsx';
import { actionLetters } from '../plane/actions.ts';
import { actionCount, leastDistance, type PlaneState, type Scene } from '../plane/scene.ts';
import type { Frame } from '../plane/worker.ts';

interface PlaneViewProps {
  readonly scene: Scene;
  readonly frame: Frame | null;
  readonly selected: Signal<number | null>;
  readonly change: (states: readonly PlaneState[]) => void;
  /** Adds a state at a point. */
  readonly add: (x: number, y: number) => void;
}

/** Pixels of an arrow for a change of log pi, on a square-root scale so that small changes can be seen. */
const arrowLength = (change: number): number => Math.sign(change) * Math.min(46, 46 * Math.sqrt(Math.abs(change)));

interface ArrowProps {
  readonly change: number;
  readonly kind: 'predicted' | 'actual';
  /** Radius of the state's disc, from whose edge the arrow starts. */
  readonly radius: number;
}

function Arrow({ change, kind, radius }: ArrowProps) {
  const length = arrowLength(change);
  const x = kind === 'predicted' ? -5 : 5;
  const start = -Math.sign(length) * (radius + 2);
  const end = start - length;
  const head = Math.min(7, Math.abs(length)) * Math.sign(length);
  const colour = change >= 0 ? 'var(--good)' : 'var(--bad)';
  if (Math.abs(length) < 1.5) return null;
  return (
    <path
      d={`M${x} ${start}V${end}M${x - 4} ${end + head}L${x} ${end}L${x + 4} ${end + head}`}
      style={{ stroke: colour, strokeWidth: kind === 'actual' ? 3 : 2, fill: 'none' }}
      stroke-dasharray={kind === 'predicted' ? '3 3' : undefined}
    />
  );
}

const limited = (x: number): number => Math.round(1000 * Math.max(-0.98, Math.min(0.98, x))) / 1000;

/** Whether a state can be at a place: states too close to tell apart are refused. */
export function isFree(states: readonly PlaneState[], x: number, y: number, except: number | null): boolean {
  return states.every((s, i) => i === except || (s.x - x) ** 2 + (s.y - y) ** 2 >= leastDistance ** 2);
}

const keySteps: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-0.02, 0],
  ArrowRight: [0.02, 0],
  ArrowUp: [0, 0.02],
  ArrowDown: [0, -0.02],
};

export function PlaneView({ scene, frame, selected, change, add }: PlaneViewProps) {
  const box = useRef<HTMLDivElement>(null);
  const { states } = scene;

  const place = (event: PointerEvent): [number, number] => {
    const { left, top, width, height } = (box.current as HTMLDivElement).getBoundingClientRect();
    return [limited((2 * (event.clientX - left)) / width - 1), limited(1 - (2 * (event.clientY - top)) / height)];
  };
  const move = (i: number, x: number, y: number): void => {
    if (isFree(states, x, y, i)) change(states.map((s, j) => (j === i ? { ...s, x, y } : s)));
  };
  const onKey = (event: KeyboardEvent, i: number): void => {
    const by = keySteps[event.key];
    const { x, y } = states[i];
    if (by) move(i, limited(x + by[0]), limited(y + by[1]));
    else if (event.key >= '1' && event.key <= `${actionCount}`) {
      change(states.map((s, j) => (j === i ? { ...s, right: Number(event.key) - 1 } : s)));
    } else if (event.key === 'Delete' && states.length > 1) {
      selected.value = null;
      change(states.filter((_, j) => j !== i));
    } else return;
    event.preventDefault();
  };

  return (
    <div
      class="plane"
      ref={box}
      onPointerDown={(event) => {
        if (event.target instanceof HTMLCanvasElement) add(...place(event));
      }}
    >
      <PlanePicture plane={frame?.plane ?? null} />
      {states.map((s, i) => {
        const at = i * actionCount + s.right;
        const p = frame?.probabilities[at];
        const size = 22 + 16 * Math.sqrt(Math.min(1, s.frequency));
        return (
          <button
            // biome-ignore lint/suspicious/noArrayIndexKey: a state is its place in the list.
            key={i}
            type="button"
            class="state"
            data-held={!s.trained || undefined}
            aria-pressed={selected.value === i}
            aria-label={`State ${i + 1}${s.trained ? '' : ', held out'}: right action ${actionLetters[s.right]}, probability ${p?.toFixed(2) ?? 'unknown'}, frequency ${s.frequency}, at ${s.x}, ${s.y}`}
            style={{
              left: `${50 + 50 * s.x}%`,
              top: `${50 - 50 * s.y}%`,
              width: `${size}px`,
              height: `${size}px`,
              background: `var(--action-${s.right})`,
            }}
            onFocus={() => {
              selected.value = i;
            }}
            onKeyDown={(event) => onKey(event, i)}
            onPointerDown={(event) => {
              selected.value = i;
              event.currentTarget.setPointerCapture(event.pointerId);
            }}
            onPointerMove={(event) => {
              if (event.currentTarget.hasPointerCapture(event.pointerId)) move(i, ...place(event));
            }}
          >
            {actionLetters[s.right]}
            {frame?.predicted && frame.actual && (
              <svg aria-hidden="true" viewBox="-24 -48 48 96">
                <Arrow change={frame.predicted[at]} kind="predicted" radius={size / 2} />
                <Arrow change={frame.actual[at]} kind="actual" radius={size / 2} />
              </svg>
            )}
          </button>
        );
      })}
    </div>
  );
}
