/** Result of a benchmark run: the JSON from which tables and figures are made. */

/** One task on one worker. */
export interface Measurement {
  readonly task: string;
  readonly worker: string;
  /** Display name of the worker, with the way to compute if there are several. */
  readonly name: string;
  /** Median of the valid samples; null, with the reason, if there is none. */
  readonly microseconds: number | null;
  readonly reason?: string;
  /** Time of the peak probe around a sample, divided by the sample's time. */
  readonly peakRatio: number;
  readonly kept: number;
  readonly seen: number;
  /** Single-precision operations of one call, or steps of a rollout; 0 if they are not counted. */
  readonly work: number;
  readonly bytes: number;
}

/** One run of a job. */
export interface JobRun {
  readonly seed: number;
  readonly microseconds: number;
  /** Processor time divided by elapsed time. */
  readonly busy: number;
  /** Time of the peak probe around the run, divided by the run's time. */
  readonly peakRatio: number;
  /** Mean success of the episodes of the last iterations. */
  readonly success: number;
  /** Whether the run warmed its process up, so that its time does not count. */
  readonly warmUp: boolean;
}

/** The runs of one job on one worker. */
export interface JobRuns {
  readonly job: string;
  readonly worker: string;
  readonly name: string;
  readonly runs: readonly JobRun[];
  /** Why runs are missing. */
  readonly reason?: string;
}

/** A measured number and its goal. A row without a goal only states its number. */
export interface Row {
  readonly name: string;
  readonly value: number | null;
  readonly goal: number | null;
  readonly sense: 'at least' | 'at most';
  readonly unit: string;
  readonly holds: boolean;
  /** The value comes from a model, not from a measurement. */
  readonly predicted?: true;
  /** Reason for a missing value. */
  readonly reason?: string;
}

/** Speed-up of one number of threads; a row of bench/threads.ts. */
export interface ScalingRow {
  readonly threads: number;
  /** Groups of an iteration: 10 by default. */
  readonly groups: number;
  /** Whether `speedup` was measured; otherwise it is `predicted`. */
  readonly measured: boolean;
  readonly speedup: number;
  /** Speed-up by the model of the critical path. */
  readonly predicted: number;
  /** Work of as many independent runs at once, in units of one; null if it was not measured. */
  readonly independent: number | null;
  /** `speedup` divided by `independent`. */
  readonly share: number | null;
}

/** Shares of the processor time of a run on household; see bench/iteration.ts and bench/replayed.ts. */
export interface IterationCost {
  readonly build: 'narrow' | 'wide';
  readonly kernels: number;
  readonly environment: number;
  readonly outside: number;
  readonly iterationMs: number;
  readonly top: Readonly<Record<string, number>>;
  readonly heapGrowthBytes: number;
  readonly updates: number;
}

/** A value, or the reason why it is missing. */
export type Outcome<T> = { readonly value: T } | { readonly reason: string };

/** Bytes after gzip -9. */
export interface Sizes {
  /** By build of the engine. */
  readonly engine: Readonly<Record<string, number>>;
  readonly edge: number;
}

/** Milliseconds from the import to the first update, without waiting for a processor that other programs use. */
export interface StartUp {
  readonly library: number;
  /** With the parts of the command that choose the build. */
  readonly command: number;
}

export interface BenchResult {
  readonly command: string;
  readonly machine: {
    readonly processor: string;
    readonly cores: number;
    readonly memoryGiB: number;
    readonly system: string;
  };
  readonly versions: Readonly<Record<string, string>>;
  /** Peers that did not start, with the reason. */
  readonly missing: Readonly<Record<string, string>>;
  /** Rate of the peak probe without disturbance. */
  readonly peakGflops: number;
  readonly measurements: readonly Measurement[];
  readonly jobs: readonly JobRuns[];
  readonly scaling: Outcome<readonly ScalingRow[]>;
  readonly iteration: Outcome<IterationCost>;
  readonly sizes: Outcome<Sizes>;
  readonly startUpMs: Outcome<StartUp>;
  readonly rows: readonly Row[];
}
