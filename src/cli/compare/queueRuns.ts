/** Trains the runs of a comparison on the workers of a queue. */
import { existsSync, renameSync } from 'node:fs';
import { recordedConfig } from '../../config/config.ts';
import { onPath } from '../../record/files.node.ts';
import { type Job, jobHash, jobOf } from '../../study/job.ts';
import type { FailedJob } from '../../study/runJobs.ts';
import { type RunFiles, runKind } from '../../study/trained/runFolderJob.ts';
import type { TrainInput } from '../../study/trained/trainJob.ts';
import { type CommandShell, Detached } from '../shared/commandShell.ts';
import type { JobExecutor, Made, MadeResult, Reported } from '../study/executor.ts';
import { storedWorkers, writeTiming } from '../study/timing.ts';
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

/** Gives the folder of a run another name, which no command uses. */
function setAside(directory: string): void {
  let aside = `${directory}.wrong`;
  for (let i = 2; existsSync(aside); i++) aside = `${directory}.wrong-${i}`;
  onPath('rename', directory, () => renameSync(directory, aside));
}

/** Trains runs once. Returns those that failed. @param keep stores a run */
function trainOnce(
  runs: readonly PlannedRun[],
  executor: JobExecutor,
  { progress, signal }: Pick<CommandShell, 'progress' | 'signal'>,
  keep: (run: PlannedRun, found: MadeResult) => void,
): Promise<readonly FailedJob<PlannedRun>[]> {
  const byHash = jobsOf(runs);
  const runsOf = (job: Job): readonly PlannedRun[] => (byHash.get(jobHash(job)) as RunsOfJob).runs;
  let ended = 0;
  let reported: Reported | null = null;
  return progress('compare', async (onProgress) => {
    const show = (): void => {
      const detail = reported === null ? {} : { detail: reported.detail };
      onProgress({ phase: 'runs', done: ended, total: runs.length, envSteps: 0, success: null, ...detail });
    };
    show();
    const jobs = [...byHash.values()].map(({ job }) => job);
    const failed = await executor.run(jobs, {
      keep(job, found) {
        for (const run of runsOf(job)) keep(run, found);
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
    });
    return failed.flatMap(({ job, message }) => runsOf(job).map((run) => ({ job: run, message })));
  });
}

/**
 * Trains the runs and stores each in its folder. Runs of a worker that returned a wrong one are set aside and trained
 * again, also those of earlier commands.
 *
 * @param left the runs that are not finished
 * @param all runs of the comparison
 * @param directory of the comparison, for timing.json: which worker trained each run
 * @param onEnd called after each run that is stored
 * @throws Error after all other runs have ended, if the job of a run failed; `Detached` on an abort
 */
export async function trainOnQueue(
  left: readonly PlannedRun[],
  all: readonly PlannedRun[],
  executor: JobExecutor,
  directory: string,
  shell: Pick<CommandShell, 'progress' | 'note' | 'signal'>,
  onEnd: (run: PlannedRun) => void,
): Promise<void> {
  const makers = storedWorkers(directory);
  const made = new Map<string, Made>();
  const keep = (run: PlannedRun, found: MadeResult): void => {
    storeRun(run.directory, found.result as RunFiles);
    made.set(run.name, found.made);
    onEnd(run);
  };
  const isWrong = ({ name, directory: folder }: PlannedRun): boolean => {
    const worker = made.get(name)?.worker ?? makers.get(name);
    const disputes = executor.verified()?.disputes ?? [];
    return worker !== undefined && disputes.some(({ wrong }) => wrong.includes(worker)) && existsSync(folder);
  };
  let runs = left;
  try {
    while (runs.length > 0) {
      const failed = await trainOnce(runs, executor, shell, keep);
      const wrong = all.filter(isWrong);
      for (const run of wrong) {
        setAside(run.directory);
        made.delete(run.name);
      }
      if (wrong.length > 0) {
        const names = wrong.map(({ name }) => name).join(', ');
        shell.note(
          `runs of workers that returned a wrong one are trained again, and kept aside as NAME.wrong: ${names}`,
        );
      } else if (failed.length > 0) {
        const [{ job, message }] = failed;
        throw new Error(
          `compare: ${failed.length} of ${runs.length} runs failed; the first: ${job.name}: ${message}; run the same command again to retry them`,
        );
      }
      runs = [...wrong, ...failed.map(({ job }) => job)];
    }
  } catch (error) {
    if (!shell.signal.aborted) throw error;
    const detached = executor.interrupted(left.length - made.size);
    throw new Detached(`${detached}; ${made.size} of ${left.length} runs are stored`, { cause: error });
  } finally {
    writeTiming(directory, made);
  }
}
