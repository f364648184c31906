/** The stages of a study with chosen settings: task by task, the choice before the fresh seeds. */
import type { Job, JobResults } from '../job.ts';
import type { StudyScale } from '../study.ts';
import { armSeconds, developmentJobs, freshJobs, freshSeedsOf, type Task } from './chosen.ts';

/**
 * The training jobs that are known so far, task by task: an interrupted study has whole tasks. A task begins when the
 * jobs of the one before it are finished.
 *
 * @param more jobs of a task besides those of its choice and of its fresh seeds
 */
export function jobsSoFar<T extends Task>(
  tasks: readonly T[],
  scale: StudyScale,
  results: JobResults,
  more: (task: T) => readonly Job[] = () => [],
): readonly Job[] {
  const jobs: Job[] = [];
  for (const task of tasks) {
    const own = [...developmentJobs([task], scale), ...freshJobs([task], scale, results), ...more(task)];
    jobs.push(...own);
    if (!own.every((job) => results.ofJob(job) !== null)) break;
  }
  return jobs;
}

/** Sum over the keys of the longest duration of each. */
function sumOfLongest(all: readonly (readonly [key: string, seconds: number])[]): number {
  const longest = new Map<string, number>();
  for (const [key, seconds] of all) longest.set(key, Math.max(seconds, longest.get(key) ?? 0));
  return [...longest.values()].reduce((total, seconds) => total + seconds, 0);
}

/**
 * Approximate seconds of the training jobs on one core. An upper bound: runs that tasks and arms share are counted
 * once, but chosen settings that another arm has as well are counted twice.
 */
export function trainingSeconds(tasks: readonly Task[], scale: StudyScale): number {
  const development = developmentJobs(tasks, scale).map((job) => [JSON.stringify(job.input), job.seconds] as const);
  const fresh = tasks.flatMap((task) =>
    task.arms.map((arm) => [JSON.stringify([task.config, arm.grid, arm.as]), armSeconds(task, arm)] as const),
  );
  return sumOfLongest(development) + freshSeedsOf(scale).length * sumOfLongest(fresh);
}
