/** Which seeds of a comparison are begun within its time. The clock decides how many, never a result. */

export interface Pace {
  /**
   * Whether a run of `seed` may begin: the first seed always, others while their runs are expected to end in time.
   * Once no, always no.
   */
  begin(seed: number, run: string): boolean;
  end(run: string): void;
}

/** Time of one run in ms; `endMs` is null while it goes on. */
interface Timed {
  readonly seed: number;
  readonly beginMs: number;
  endMs: number | null;
}

/**
 * A seed is expected to take what the longest one so far did: the sum of its runs' times over the lanes, and what
 * lanes of unequal length cost at most (Graham, "Bounds on multiprocessing timing anomalies", 1969). A run that goes
 * on counts as long as the longest that has ended.
 *
 * @param budgetMs null begins all
 * @param lanes runs at the same time
 * @param now a clock in ms
 */
export function openPace(budgetMs: number | null, lanes: number, now: () => number): Pace {
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
    return Math.max(0, ...bySeed.values()) / lanes + (1 - 1 / lanes) * longest;
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
