/** A benchmark result with chosen numbers. */
import { goalRows } from '../../bench/goals.ts';
import type { BenchResult, Measurement } from '../../bench/result.ts';

export function measured(task: string, worker: string, microseconds: number | null, more: Partial<Measurement> = {}) {
  // A probe takes 25 microseconds.
  const peakRatio = 25 / (microseconds ?? 25);
  const base = { task, worker, name: worker, microseconds, peakRatio, kept: 3, seen: 4, work: 0, bytes: 0 };
  return { ...base, ...more } satisfies Measurement;
}

export function resultOf(measurements: readonly Measurement[], missing: Readonly<Record<string, string>>): BenchResult {
  const result = {
    command: 'npm run bench',
    machine: { processor: 'Some processor', cores: 2, memoryGiB: 24, system: 'Linux x64' },
    versions: { node: '24.0.0', torch: '2.0.0' },
    missing,
    peakGflops: 50,
    measurements,
    iteration: { reason: 'left out by --only' },
    sizes: { value: { engine: 10_400, edge: 33_000 } },
    startUpMs: { value: 120 },
  };
  return { ...result, rows: goalRows(result) };
}
