/** What the next step changes at each state, as arrows beside its disc, with their scale. */
import type { Frame } from '../plane/worker.ts';
import { roundBelow } from './readings.ts';

/** What arrows show: the part that comes from other states, or the whole change. */
export const arrowKinds = ['spillover', 'whole'] as const;
export type ArrowKind = (typeof arrowKinds)[number];

export interface Changes {
  /** f64[states * actions]: change of log pi. */
  readonly predicted: Float64Array;
  readonly actual: Float64Array;
}

export function changesOf(frame: Frame | null, kind: ArrowKind): Changes | null {
  if (!frame) return null;
  const predicted = kind === 'spillover' ? frame.predictedSpillover : frame.predicted;
  const actual = kind === 'spillover' ? frame.actualSpillover : frame.actual;
  return predicted && actual ? { predicted, actual } : null;
}

/** Pixels of the longest arrow. */
const longest = 54;

/** Where all changes are smaller, arrows shrink: a policy that hardly changes must not look like one that does. */
const least = 0.02;

/** The change that `pixels` pixels mean, such that the longest arrow fits. */
export interface ArrowScale {
  readonly change: number;
  readonly pixels: number;
}

export function arrowScale({ predicted, actual }: Changes, shown: readonly number[]): ArrowScale {
  const most = Math.max(least, ...shown.map((i) => Math.max(Math.abs(predicted[i]), Math.abs(actual[i]))));
  const change = roundBelow(most);
  return { change, pixels: (longest * change) / most };
}

/** An arrow from y = 0 up by `length` pixels, or down if it is negative. A predicted one is dashed. */
export function Arrow({ x, length, kind }: { x: number; length: number; kind: 'predicted' | 'actual' }) {
  if (Math.abs(length) < 1.5) return <circle cx={x} cy={0} r={1.6} class="arrow none" />;
  const tall = Math.min(7, Math.abs(length) * 0.6) * Math.sign(length);
  const half = Math.min(4.6, Math.abs(length) * 0.5);
  const shaft = `M${x} 0V${-length}`;
  const head = `M${x - half} ${-length + tall}L${x} ${-length}L${x + half} ${-length + tall}`;
  const direction = length > 0 ? 'up' : 'down';
  return (
    <>
      <path d={shaft + head} class="arrow halo" />
      <path d={shaft} class={`arrow ${kind} ${direction}`} />
      <path d={head} class={`arrow ${direction}`} />
    </>
  );
}

/** Samples of the arrows, with the change that their length means. */
export function ArrowLegend({ scale }: { readonly scale: ArrowScale }) {
  const length = Math.max(8, scale.pixels);
  return (
    <span class="key">
      <svg aria-hidden="true" width="34" height={length + 6} viewBox={`-17 ${-length - 3} 34 ${length + 6}`}>
        <Arrow x={-8} length={length} kind="predicted" />
        <Arrow x={8} length={length} kind="actual" />
      </svg>
      <span>
        dashed: predicted by the Gram matrix, solid: the real step. This length is a change of log π(right) by{' '}
        {scale.change}.
      </span>
    </span>
  );
}
