/** The record that `unbraid profile` measures. docs/profile.md defines each number. */

/** Phases of an iteration, in the order in which they run. */
export const profilePhases = [
  'rollout',
  'evaluate',
  'coupling',
  'labels',
  'minibatches',
  'gradients',
  'sum',
  'step',
  'other',
] as const;

export type ProfilePhase = (typeof profilePhases)[number];

/** Work and speed of a kernel, per iteration. */
export interface RateRow {
  readonly kernel: string;
  readonly calls: number;
  readonly ms: number;
  /** Share of the iteration's time. */
  readonly share: number;
  readonly operations: number;
  readonly bytes: number;
  /** 10^9 operations and 10^9 bytes per second. */
  readonly gflops: number;
  readonly gbytes: number;
  readonly ofPeakFlops: number;
  readonly ofPeakBytes: number;
}

/** A kernel in one phase. */
export interface PlaceRow extends RateRow {
  readonly phase: ProfilePhase;
  /** Share of the iteration's time that would be saved at the nearer of the two peaks. */
  readonly lost: number;
}

export interface PhaseRow {
  readonly phase: ProfilePhase;
  /** Per iteration. */
  readonly ms: number;
  readonly share: number;
  readonly kernelsMs: number;
  readonly environmentMs: number;
  readonly outsideMs: number;
}

/** The result of `unbraid profile`. Times exclude the cost of the measurement itself. */
export interface ProfileRecord {
  readonly command: 'profile';
  readonly config: Readonly<Record<string, unknown>>;
  /** Name and version of the runtime. */
  readonly engine: string;
  /** Build of the kernels and the reason; ms that both builds took in a timing, if there was one. */
  readonly build: 'narrow' | 'wide';
  readonly buildReason: string;
  readonly narrowMs?: number;
  readonly wideMs?: number;
  readonly warmUp: number;
  /** Number of iterations measured, and their work. */
  readonly iterations: number;
  readonly updates: number;
  readonly envSteps: number;
  readonly iterationMs: number;
  /** Shares of the iteration's time. */
  readonly shares: { readonly kernels: number; readonly environment: number; readonly outside: number };
  /** Medians of the peak measurements between the iterations. */
  readonly peak: { readonly gflops: number; readonly gbytes: number; readonly samples: number };
  /** Cost of recording one call: the part within the recorded time, and the total. It is subtracted everywhere. */
  readonly timer: {
    readonly kernelInsideNs: number;
    readonly kernelNs: number;
    readonly environmentInsideNs: number;
    readonly environmentNs: number;
  };
  readonly phases: readonly PhaseRow[];
  /** By time, longest first. */
  readonly kernels: readonly RateRow[];
  /** By potential time saving, largest first. */
  readonly places: readonly PlaceRow[];
  /**
   * ms per iteration in which other programs had the processor, subtracted from all times; null if the operating system
   * does not report it (the times then include it).
   */
  readonly waitedMs: number | null;
  /** Growth of heap and buffers over all measured iterations, after garbage collection. */
  readonly heapGrowthBytes: number;
  /** Of the parameters after the whole run: equal to that of the same config without a profile. */
  readonly parametersSha256: string;
}
