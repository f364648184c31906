/** Decides which seeds of a comparison begin within its time limit. The limit does not change the result of a run. */

export interface TimeBudget {
  /**
   * Returns whether a run of `seed` may begin. Runs of the first seed may, those of others if they are expected to
   * end within the limit. After the first false, every result is false.
   */
  begin(seed: number, run: string): boolean;
  end(run: string): void;
}

/** Start and end of one run in ms; `endMs` is null while it runs. */
interface Timed {
  readonly seed: number;
  readonly beginMs: number;
  endMs: number | null;
}

/**
 * A seed is expected to take as long as the longest one so far: the sum of the times of its runs divided by
 * `concurrent`, plus the largest delay through runs of unequal length (Graham, "Bounds on multiprocessing timing
 * anomalies", 1969). A run that has not ended counts at least as long as the longest one that has.
 *
 * @param budgetMs time limit in ms; null: no limit
 * @param concurrent number of runs at the same time
 * @param now a clock in ms
 */
export function openTimeBudget(budgetMs: number | null, concurrent: number, now: () => number): TimeBudget {
  const startMs = now();
  const runs = new Map<string, Timed>();
  let over = false;
  const expectedMs = (): number => {
    const timed = [...runs.values()];
    const lasted = ({ beginMs, endMs }: Timed): number => (endMs ?? now()) - beginMs;
    const longest = Math.max(0, ...timed.filter(({ endMs }) => endMs !== null).map(lasted));
    const bySeed = new Map<number, number>();
    for (const run of timed) {
      const ms = run.endMs === null ? Math.max(longest, lasted(run)) : lasted(run);
      bySeed.set(run.seed, (bySeed.get(run.seed) ?? 0) + ms);
    }
    return Math.max(0, ...bySeed.values()) / concurrent + (1 - 1 / concurrent) * longest;
  };
  return {
    begin(seed, run) {
      const begun = [...runs.values()].some((other) => other.seed === seed);
      over ||= budgetMs !== null && runs.size > 0 && !begun && now() - startMs + expectedMs() > budgetMs;
      if (!over) runs.set(run, { seed, beginMs: now(), endMs: null });
      return !over;
    },
    end(run) {
      const timed = runs.get(run);
      if (timed) timed.endMs = now();
    },
  };
}
