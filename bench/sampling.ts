/**
 * Interleaved samples with a validity test. Between any two samples, the engine's worker runs the peak probe. A sample
 * counts only if its process had the processor all the time, and the probes before and after it agree with each other
 * and are close to the fastest ones of the run.
 */

export interface Sample {
  readonly microseconds: number;
  /** Processor time of the sampled process divided by elapsed time. */
  readonly busy: number;
  /** Microseconds of the peak probe before and after the sample. */
  readonly before: number;
  readonly after: number;
}

export interface Gated {
  /** Medians over the valid samples. */
  readonly microseconds: number;
  /** Time of the peak probe around the sample, divided by that of the sample. */
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

/** Time of an undisturbed peak probe: the tenth percentile, because a single minimum can be a clock error. */
export function quietProbe(probes: readonly number[]): number {
  const sorted = [...probes].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 10)];
}

export function counts({ busy, before, after }: Sample, quiet: number): boolean {
  const slow = Math.max(before, after);
  return busy >= BUSY && slow <= NEIGHBOURS_AGREE * Math.min(before, after) && slow <= NEAR_FASTEST * quiet;
}

/** null if no sample is valid. */
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

/** A task to sample. */
export interface Subject {
  readonly take: () => Promise<Pick<Sample, 'microseconds' | 'busy'>>;
  readonly samples: Sample[];
}

/**
 * Samples all subjects in turn, round after round, until each has `wanted` valid samples, or `rounds` rounds have been
 * run.
 *
 * @param probe measures one peak probe in microseconds
 * @param probes every probe of the run so far; extended by this function
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
