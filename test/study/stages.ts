/** All jobs of a study with stages, whose artificial results decide what follows. */
import type { JsonRecord } from '../../src/record/json.ts';
import { type Job, type JobResults, jobHash, jobResults } from '../../src/study/job.ts';
import type { Study, StudyScale } from '../../src/study/study.ts';

export type ResultOf = (job: Job) => JsonRecord;

export const done = (jobs: readonly Job[], resultOf: ResultOf): JobResults =>
  jobResults(new Map(jobs.map((job) => [jobHash(job), resultOf(job)])));

/** Jobs of each stage, all of the stages before it included. */
export function stagesOf(study: Study, scale: StudyScale, resultOf: ResultOf): readonly (readonly Job[])[] {
  const stages = [study.plan(scale)];
  for (;;) {
    const jobs = stages[stages.length - 1];
    const next = study.stages?.next(done(jobs, resultOf), scale) ?? [];
    if (new Set([...jobs, ...next].map(jobHash)).size === new Set(jobs.map(jobHash)).size) return stages;
    stages.push(next);
  }
}

/** Approximate seconds of all jobs, each counted once. */
export function distinctSeconds(jobs: readonly Job[]): number {
  const distinct = new Map(jobs.map((job) => [jobHash(job), job.seconds]));
  return [...distinct.values()].reduce((total, seconds) => total + seconds, 0);
}
