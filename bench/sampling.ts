/**
 * Gated, interleaved samples. Between any two samples the engine's worker runs the peak probe; a sample counts only if its process had the
 * processor all the time, and the probes before and after it agree and are near the fastest ones of the run.
 */

export interface Sample {
  readonly microseconds: number;
  /** Processor time of the sampled process over the time that passed. */
  readonly busy: number;
  /** Of the probe: before and after. */
  readonly before: number;
  readonly after: number;
}

export interface Gated {
  /** Medians over the samples that count. */
  readonly microseconds: number;
  /** Time of the probe about the sample divided by that of the sample. */
  readonly peakRatio: number;
  readonly kept: number;
  readonly seen: number;
}

const NEIGHBOURS_AGREE = 1.08;
const NEAR_FASTEST = 1.12;
const BUSY = 0.97;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The probe's time when nothing disturbs it: the tenth percentile, since a single best sample may be a slip of the clock. */
export function quietProbe(probes: readonly number[]): number {
  const sorted = [...probes].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 10)];
}

export function counts({ busy, before, after }: Sample, quiet: number): boolean {
  const slow = Math.max(before, after);
  return busy >= BUSY && slow <= NEIGHBOURS_AGREE * Math.min(before, after) && slow <= NEAR_FASTEST * quiet;
}

/** null if no sample counts. */
export function gate(samples: readonly Sample[], quiet: number): Gated | null {
  const kept = samples.filter((sample) => counts(sample, quiet));
  if (kept.length === 0) return null;
  return {
    microseconds: median(kept.map((sample) => sample.microseconds)),
    peakRatio: median(kept.map(({ microseconds, before, after }) => (before + after) / 2 / microseconds)),
    kept: kept.length,
    seen: samples.length,
  };
}

/** One thing to sample. */
export interface Subject {
  readonly take: () => Promise<Pick<Sample, 'microseconds' | 'busy'>>;
  readonly samples: Sample[];
}

/**
 * Samples all subjects in turn, round after round, until each has `wanted` samples that count, or `rounds` rounds are over.
 *
 * @param probe microseconds of one peak probe
 * @param probes every probe of the run so far; grows
 */
export async function interleave(
  subjects: readonly Subject[],
  probe: () => Promise<number>,
  probes: number[],
  wanted: number,
  rounds: number,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const quiet = quietProbe(probes);
    const open = subjects.filter(({ samples }) => samples.filter((sample) => counts(sample, quiet)).length < wanted);
    if (open.length === 0) return;
    let before = await probe();
    probes.push(before);
    for (const { take, samples } of open) {
      const { microseconds, busy } = await take();
      const after = await probe();
      probes.push(after);
      samples.push({ microseconds, busy, before, after });
      before = after;
    }
  }
}
