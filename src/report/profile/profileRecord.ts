/** What `unbraid profile` measures; docs/profile.md has every number's meaning. */

/** Where an iteration's time goes, in the order in which it goes there. */
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

/** What a kernel did per iteration, and how fast. */
export interface RateRow {
  readonly kernel: string;
  readonly calls: number;
  readonly ms: number;
  /** Of the iteration's time. */
  readonly share: number;
  readonly operations: number;
  readonly bytes: number;
  /** 10^9 operations and 10^9 bytes a second. */
  readonly gflops: number;
  readonly gbytes: number;
  readonly ofPeakFlops: number;
  readonly ofPeakBytes: number;
}

/** A kernel in one phase. */
export interface PlaceRow extends RateRow {
  readonly phase: ProfilePhase;
  /** Share of the iteration's time that the nearer of the two peaks would save. */
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

/** What `unbraid profile` gives. Times are without the recorder's own cost. */
export interface ProfileRecord {
  readonly command: 'profile';
  readonly config: Readonly<Record<string, unknown>>;
  /** Name and version of the runtime. */
  readonly engine: string;
  readonly warmUp: number;
  /** Iterations measured, and what they did. */
  readonly iterations: number;
  readonly updates: number;
  readonly envSteps: number;
  readonly iterationMs: number;
  /** Shares of the time. */
  readonly shares: { readonly kernels: number; readonly environment: number; readonly outside: number };
  /** Medians of the probes between the iterations. */
  readonly peak: { readonly gflops: number; readonly gbytes: number; readonly samples: number };
  /** What recording one call costs: within the time recorded, and in all. Taken out everywhere. */
  readonly timer: {
    readonly kernelInsideNs: number;
    readonly kernelNs: number;
    readonly environmentInsideNs: number;
    readonly environmentNs: number;
  };
  readonly phases: readonly PhaseRow[];
  /** By time, longest first. */
  readonly kernels: readonly RateRow[];
  /** By time lost, most first. */
  readonly places: readonly PlaceRow[];
  /** ms per iteration for which other programs had the processor, left out of all times; null where the host does not tell: they are in. */
  readonly waitedMs: number | null;
  /** Of heap and buffers over all iterations measured, after garbage collection. */
  readonly heapGrowthBytes: number;
  /** After the whole run: that of the same config without a profile. */
  readonly parametersSha256: string;
}
