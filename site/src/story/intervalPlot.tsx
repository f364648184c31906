/** One estimate as a dot with its interval, on an axis that all rows share. Its numbers stand beside it in words. */
import { type Estimate, verdictOf } from './resultTable.ts';

/** The axis of all rows. */
export interface Axis {
  readonly least: number;
  readonly most: number;
  readonly ticks: readonly number[];
}

/** A place on the axis, in CSS. */
export const placeOn = ({ least, most }: Axis, value: number): string => `${(100 * (value - least)) / (most - least)}%`;

/** Rows of fewer seeds have a hollow dot: their bootstrap intervals are too narrow. */
export const manySeeds = 10;

export function IntervalPlot({ estimate, axis }: { readonly estimate: Estimate; readonly axis: Axis }) {
  const { value, low, high, n } = estimate;
  const width = (100 * (high - low)) / (axis.most - axis.least);
  return (
    <span class="interval" data-verdict={verdictOf(estimate)} aria-hidden="true">
      {axis.ticks.map((tick) => (
        <i key={tick} class={tick === 0 ? 'zero' : undefined} style={{ left: placeOn(axis, tick) }} />
      ))}
      <span class="range" style={{ left: placeOn(axis, low), width: `${width}%` }} />
      <span class="dot" data-few={n < manySeeds || undefined} style={{ left: placeOn(axis, value) }} />
    </span>
  );
}
