/** The value loss in double precision: a state's value is the mean of its rows; samples name their state. */
export interface ValueBatch {
  readonly offsets: readonly number[];
  readonly state: readonly number[];
  readonly target: ArrayLike<number>;
  readonly old: ArrayLike<number>;
  readonly weight: ArrayLike<number>;
  readonly clip: number | null;
}

export function valueLoss({ offsets, state, target, old, weight, clip }: ValueBatch, rows: ArrayLike<number>): number {
  return state.reduce((loss, n, m) => {
    const own = Array.from(rows).slice(offsets[n], offsets[n + 1]);
    const v = own.reduce((sum, x) => sum + x, 0) / own.length;
    const free = (v - target[m]) ** 2;
    if (clip === null) return loss + 0.5 * weight[m] * free;
    const near = old[m] + Math.min(Math.max(v - old[m], -clip), clip);
    return loss + 0.5 * weight[m] * Math.max(free, (near - target[m]) ** 2);
  }, 0);
}
