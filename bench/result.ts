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

/** A goal and the measured number. */
export interface Row {
  readonly name: string;
  readonly value: number | null;
  readonly goal: number;
  readonly sense: 'at least' | 'at most';
  readonly unit: string;
  readonly holds: boolean;
  /** Reason for a missing value. */
  readonly reason?: string;
}

/** Shares of a run on household; see bench/iteration.ts. */
export interface IterationCost {
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
  readonly iteration: Outcome<IterationCost>;
  readonly sizes: Outcome<{ readonly engine: number; readonly edge: number }>;
  readonly startUpMs: Outcome<number>;
  readonly rows: readonly Row[];
}
