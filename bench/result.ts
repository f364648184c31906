/** What a run of the benchmarks leaves: the JSON from which tables and figures are made. */

/** One task on one worker. */
export interface Measurement {
  readonly task: string;
  readonly worker: string;
  /** Of the worker, as a reader knows it, with the way where there are several. */
  readonly name: string;
  /** Median of the samples that count; null with the reason if there is none. */
  readonly microseconds: number | null;
  readonly reason?: string;
  /** Time of the peak probe about a sample divided by the sample's. */
  readonly peakRatio: number;
  readonly kept: number;
  readonly seen: number;
  /** Single-precision operations of one call, or steps of a rollout; 0 where they are not counted. */
  readonly work: number;
  readonly bytes: number;
}

/** A goal and what was measured. */
export interface Row {
  readonly name: string;
  readonly value: number | null;
  readonly goal: number;
  readonly sense: 'at least' | 'at most';
  readonly unit: string;
  readonly holds: boolean;
  /** Why there is no value. */
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

/** A value, or why there is none. */
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
  /** Peers that did not start, and why. */
  readonly missing: Readonly<Record<string, string>>;
  /** Of the peak probe when nothing disturbed it. */
  readonly peakGflops: number;
  readonly measurements: readonly Measurement[];
  readonly iteration: Outcome<IterationCost>;
  readonly sizes: Outcome<{ readonly engine: number; readonly edge: number }>;
  readonly startUpMs: Outcome<number>;
  readonly rows: readonly Row[];
}
