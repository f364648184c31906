/** Ratios of measurements, from which rows, tables and figures are made. */
import { PEAK_OPERATIONS } from '../src/cli/profile/probe.ts';
import type { BenchResult, JobRun, Measurement } from './result.ts';
import { median } from './sampling.ts';

/** A result before its rows are made. */
export type Measured = Omit<BenchResult, 'rows'>;

/** @throws Error with the reason if the task has no time on the worker */
export function need(
  measurements: readonly Measurement[],
  task: string,
  worker = 'unbraid',
): Measurement & { microseconds: number } {
  const found = measurements.find((m) => m.task === task && m.worker === worker);
  if (!found) throw new Error(`${task} was not measured on ${worker}`);
  const { microseconds, reason } = found;
  if (microseconds === null) throw new Error(`${task} on ${worker}: ${reason}`);
  return { ...found, microseconds };
}

/** A sample's rate as a share of the peak probe's rate. */
export function peakShare({ peakRatio, work }: Measurement): number {
  return (peakRatio * work) / PEAK_OPERATIONS;
}

/**
 * Time of `other` divided by the time of `own`, each relative to the peak probe next to its samples, because the clock
 * of the processor drifts.
 */
export function timesAsLong(other: Pick<Measurement, 'peakRatio'>, own: Pick<Measurement, 'peakRatio'>): number {
  return own.peakRatio / other.peakRatio;
}

/** Exponent of the growth of y with x: least-squares fit of log y over log x. */
export function exponent(points: readonly (readonly [number, number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)]);
  const mean = (axis: number): number => logs.reduce((sum, log) => sum + log[axis], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  const covariance = logs.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  return covariance / logs.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
}

/** All runs of a job on a worker. @throws Error with the reason if there are none */
export function jobRuns({ jobs, missing }: Measured, job: string, worker: string): readonly JobRun[] {
  const found = jobs.find((entry) => entry.job === job && entry.worker === worker);
  if (found?.reason !== undefined) throw new Error(`${job} on ${worker}: ${found.reason}`);
  if (!found || found.runs.length === 0) throw new Error(missing[worker] ?? `${job} was not measured on ${worker}`);
  return found.runs;
}

/** Median over the seeds of the time of `other` divided by that of `own`, without the runs that warmed up. */
export function jobRatio(other: readonly JobRun[], own: readonly JobRun[]): number {
  const timed = own.filter(({ warmUp }) => !warmUp);
  return median(
    timed.map((run) => {
      const same = other.find(({ seed }) => seed === run.seed);
      if (!same) throw new Error(`a run of seed ${run.seed} is missing`);
      return timesAsLong(same, run);
    }),
  );
}

/** Median seconds of a job, without the runs that warmed up. */
export function jobSeconds(runs: readonly JobRun[]): number {
  return median(runs.filter(({ warmUp }) => !warmUp).map(({ microseconds }) => microseconds / 1e6));
}

/** Mean of the final successes, and the variance of this mean. */
export function successMean(runs: readonly JobRun[]): { mean: number; variance: number } {
  const n = runs.length;
  const mean = runs.reduce((sum, { success }) => sum + success, 0) / n;
  return { mean, variance: runs.reduce((sum, { success }) => sum + (success - mean) ** 2, 0) / (n - 1) / n };
}

/** Whether the final successes of two jobs differ by more than two standard errors of their difference. */
export function learnsOtherwise(other: readonly JobRun[], own: readonly JobRun[]): boolean {
  const [a, b] = [successMean(other), successMean(own)];
  return Math.abs(a.mean - b.mean) > 2 * Math.sqrt(a.variance + b.variance);
}
