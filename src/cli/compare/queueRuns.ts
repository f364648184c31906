/** Trains the runs of a comparison on the workers of a queue. */
import { recordedConfig } from '../../config/config.ts';
import { type Job, jobHash, jobOf } from '../../study/job.ts';
import { type RunFiles, runKind } from '../../study/trained/runFolderJob.ts';
import type { TrainInput } from '../../study/trained/trainJob.ts';
import { type CommandShell, Detached } from '../shared/commandShell.ts';
import type { JobExecutor, Made, Reported } from '../study/executor.ts';
import { writeTiming } from '../study/timing.ts';
import { storeRun } from './storeRun.ts';
import type { PlannedRun } from './trainRuns.ts';

/** A job, and the runs that have its config: two variants can differ only in a key that has its default. */
interface RunsOfJob {
  readonly job: Job;
  readonly runs: PlannedRun[];
}

function jobsOf(runs: readonly PlannedRun[]): ReadonlyMap<string, RunsOfJob> {
  const byHash = new Map<string, RunsOfJob>();
  for (const run of runs) {
    // The duration serves estimates of studies.
    const job = jobOf(runKind, recordedConfig(run.config) as TrainInput, 0);
    const hash = jobHash(job);
    const known = byHash.get(hash);
    if (known === undefined) byHash.set(hash, { job, runs: [run] });
    else known.runs.push(run);
  }
  return byHash;
}

/** Removes the jobs of the runs that wait in the queue. Returns their number. */
export function cancelRuns(runs: readonly PlannedRun[], executor: JobExecutor): Promise<number> {
  return executor.cancel([...jobsOf(runs).values()].map(({ job }) => job));
}

/**
 * Trains the runs and stores each in its folder.
 *
 * @param directory of the comparison, for timing.json: which worker trained each run
 * @param onEnd called after each run that is stored
 * @throws Error after all other runs have ended, if the job of a run failed; `Detached` on an abort
 */
export async function trainOnQueue(
  runs: readonly PlannedRun[],
  executor: JobExecutor,
  directory: string,
  { progress, signal }: Pick<CommandShell, 'progress' | 'signal'>,
  onEnd: (run: PlannedRun) => void,
): Promise<void> {
  if (runs.length === 0) return;
  const byHash = jobsOf(runs);
  const runsOf = (job: Job): readonly PlannedRun[] => (byHash.get(jobHash(job)) as RunsOfJob).runs;
  const made = new Map<string, Made>();
  let ended = 0;
  let reported: Reported | null = null;
  const train = (): ReturnType<JobExecutor['run']> =>
    progress('compare', (onProgress) => {
      const show = (): void => {
        const detail = reported === null ? {} : { detail: reported.detail };
        onProgress({ phase: 'runs', done: ended, total: runs.length, envSteps: 0, success: null, ...detail });
      };
      show();
      return executor.run(
        [...byHash.values()].map(({ job }) => job),
        {
          keep(job, found) {
            for (const run of runsOf(job)) {
              storeRun(run.directory, found.result as RunFiles);
              made.set(run.name, found.made);
              onEnd(run);
            }
          },
          onEnd(job) {
            ended += runsOf(job).length;
            show();
          },
          onReport(latest) {
            reported = latest;
            show();
          },
          signal,
        },
      );
    });
  try {
    const failed = await train();
    if (failed.length === 0) return;
    const [first] = failed;
    const count = failed.reduce((sum, { job }) => sum + runsOf(job).length, 0);
    throw new Error(
      `compare: ${count} of ${runs.length} runs failed; the first: ${runsOf(first.job)[0].name}: ${first.message}; run the same command again to retry them`,
    );
  } catch (error) {
    if (!signal.aborted) throw error;
    const left = executor.interrupted(runs.length - made.size);
    throw new Detached(`${left}; ${made.size} of ${runs.length} runs are stored`, { cause: error });
  } finally {
    writeTiming(directory, made);
  }
}
