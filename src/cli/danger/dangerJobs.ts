/** The danger-zone experiment as concurrent jobs: one for each start probability and seed. */

import type { DangerRecord } from '../../record/dangerRecord.ts';
import { type DangerResult, dangerJobOf, followedOf } from '../../study/danger/dangerJob.ts';
import { type DangerOptions, dangerExperiment } from '../../study/danger/experiment.ts';
import { experimentRecord } from '../../study/danger/measurements.ts';
import { type JobRunner, runJobs } from '../../study/runJobs.ts';

/**
 * As `runDanger`, with bitwise identical results.
 *
 * @param options.workers number of jobs at the same time
 */
export async function runDangerJobs(
  options: DangerOptions & { readonly workers: number },
  openRunner: () => JobRunner,
): Promise<DangerRecord> {
  const { workers, onProgress, signal } = options;
  const experiment = dangerExperiment(options);
  const { seeds, starts, arms } = experiment;
  const jobs = seeds.flatMap((seed) => starts.map((start) => dangerJobOf(experiment, seed, start)));
  const results = new Map<(typeof jobs)[number], DangerResult>();
  const failed = await runJobs(jobs, {
    workers,
    openRunner,
    keep(job, result) {
      results.set(job, result as DangerResult);
      onProgress?.(results.size * arms.length, jobs.length * arms.length);
    },
    ...(signal && { signal }),
  });
  if (failed.length > 0) throw new Error(`danger: ${failed[0].message}`);
  return experimentRecord(
    experiment,
    jobs.map((job) => followedOf(results.get(job) as DangerResult)),
  );
}
