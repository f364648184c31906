/** A benchmark result with chosen numbers. */
import { goalRows } from '../../bench/goals.ts';
import type { Measured } from '../../bench/ratios.ts';
import type { BenchResult, JobRuns, Measurement } from '../../bench/result.ts';

export function measured(task: string, worker: string, microseconds: number | null, more: Partial<Measurement> = {}) {
  // A probe takes 25 microseconds.
  const peakRatio = 25 / (microseconds ?? 25);
  const base = { task, worker, name: worker, microseconds, peakRatio, kept: 3, seen: 4, work: 0, bytes: 0 };
  return { ...base, ...more } satisfies Measurement;
}

/** Runs of a job: the first warms up; `seconds` are those of the others, `success` has one more. */
export function runsOf(job: string, worker: string, seconds: readonly number[], success: readonly number[]): JobRuns {
  const runs = [99, ...seconds].map((each, i) => ({
    seed: i + 1,
    microseconds: 1e6 * each,
    busy: 1,
    peakRatio: 25e-6 / each,
    success: success[i],
    warmUp: i === 0,
  }));
  return { job, worker, name: worker, runs };
}

export function resultOf(
  measurements: readonly Measurement[],
  missing: Readonly<Record<string, string>>,
  more: Partial<Measured> = {},
): BenchResult {
  const result: Measured = {
    command: 'npm run bench',
    machine: { processor: 'Some processor', cores: 2, memoryGiB: 24, system: 'Linux x64' },
    versions: { node: '24.0.0', torch: '2.0.0' },
    missing,
    peakGflops: 50,
    measurements,
    jobs: [],
    scaling: { reason: 'left out by --only' },
    iteration: { reason: 'left out by --only' },
    sizes: { value: { engine: { 'unbraid.wasm': 10_400, 'unbraid.wide.wasm': 41_000 }, edge: 33_000 } },
    startUpMs: { value: { library: 120, command: 151 } },
    ...more,
  };
  return { ...result, rows: goalRows(result) };
}
