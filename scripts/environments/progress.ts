/** Time that the jobs still need, from the durations of those that have ended. */
import type { EnvironmentJob } from './jobs.ts';

/** Minutes of a job: the mean of the ended jobs of its row, or its planned duration before any. */
export function expectedMinutes(job: EnvironmentJob, ended: ReadonlyMap<EnvironmentJob, number>): number {
  const same = [...ended].filter(
    ([{ part, group, row }]) => part === job.part && group === job.group && row === job.row,
  );
  if (same.length === 0) return job.minutes;
  return same.reduce((sum, [, minutes]) => sum + minutes, 0) / same.length;
}

/** Minutes until all of `left` have ended with `lanes` at a time. */
export function minutesLeft(
  left: readonly EnvironmentJob[],
  ended: ReadonlyMap<EnvironmentJob, number>,
  lanes: number,
): number {
  return left.reduce((sum, job) => sum + expectedMinutes(job, ended), 0) / lanes;
}

/** `3 min` or `2 h 05 min`. */
export function durationText(minutes: number): string {
  const whole = Math.ceil(minutes);
  if (whole < 60) return `${whole} min`;
  return `${Math.floor(whole / 60)} h ${String(whole % 60).padStart(2, '0')} min`;
}
