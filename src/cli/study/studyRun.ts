/** Runs the jobs of a study, stage by stage, and writes its report. */
import type { JsonRecord } from '../../record/json.ts';
import { type Job, jobHash, jobResults } from '../../study/job.ts';
import type { FailedJob } from '../../study/runJobs.ts';
import type { Study, StudyScale } from '../../study/study.ts';
import type { CommandShell } from '../shared/commandShell.ts';
import { duration } from '../shared/print.ts';
import type { JobExecutor, Made, Reported, Verified } from './executor.ts';
import type { JobStore } from './jobStore.ts';
import { storedWorkers, writeTiming } from './timing.ts';
import { bothVerified, readVerified, verifiedTexts, writeVerified } from './verificationFile.ts';

/** A study with everything that its run needs. */
export interface StudyRun {
  readonly study: Study;
  readonly scale: StudyScale;
  /** Name of the command, as the start of messages. */
  readonly caller: 'study' | 'sweep';
  /** The command that repeats the study on any machine, for the report. */
  readonly command: string;
  /** The command that resumes the study in the same folders. */
  readonly resume: string;
  /** Folder of the report. */
  readonly directory: string;
  readonly store: JobStore;
  readonly executor: JobExecutor;
}

/** The finished study, as the last line of stdout states it. */
export interface StudyOutcome {
  readonly jobs: number;
  readonly finished: number;
  readonly failed: number;
  readonly key: JsonRecord;
  readonly summary: readonly string[];
  /** Path of the page. */
  readonly page: string;
}

function secondsOf(jobs: readonly Job[]): number {
  return jobs.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** Each job once, even if several rows use its result. */
function distinct(jobs: readonly Job[]): readonly Job[] {
  return [...new Map(jobs.map((job) => [jobHash(job), job])).values()];
}

/** The results so far, and the runs of this command that made them, by the hash of the job. */
interface Found {
  readonly results: Map<string, JsonRecord>;
  readonly made: Map<string, Made>;
  /** What earlier commands verified. */
  readonly earlier: Verified | null;
}

/**
 * Removes the results of workers that returned a wrong one, so that their jobs run again.
 *
 * @returns their number
 */
function dropWrong({ store, directory, executor }: StudyRun, jobs: readonly Job[], { results, made }: Found): number {
  const wrong = new Set(executor.verified()?.disputes.flatMap((dispute) => dispute.wrong));
  if (wrong.size === 0) return 0;
  const makers = storedWorkers(directory);
  const dropped = jobs.filter((job) => {
    const hash = jobHash(job);
    return results.has(hash) && wrong.has(made.get(hash)?.worker ?? makers.get(hash) ?? '');
  });
  for (const job of dropped) {
    store.remove(job);
    results.delete(jobHash(job));
    made.delete(jobHash(job));
  }
  return dropped.length;
}

/**
 * Runs the jobs that have no result yet and shows their progress.
 *
 * @param now a clock in ms, for the estimate of the time left
 */
async function doJobs(
  shell: CommandShell,
  { study, store, executor }: StudyRun,
  jobs: readonly Job[],
  { results, made }: Found,
  now: () => number,
): Promise<readonly FailedJob[]> {
  if (jobs.length === 0) return [];
  const total = secondsOf(jobs);
  const startMs = now();
  let done = 0;
  let ended = 0;
  let reported: Reported | null = null;
  return shell.progress(study.name, (onProgress) => {
    const show = (): void => {
      const lanes = reported?.lanes ?? executor.lanes;
      const secondsLeft = done > 0 ? (((now() - startMs) / 1000) * (total - done)) / done : total / Math.max(1, lanes);
      const detail = reported === null ? {} : { detail: reported.detail };
      onProgress({
        phase: 'jobs',
        done: ended,
        total: jobs.length,
        envSteps: 0,
        success: null,
        secondsLeft,
        ...detail,
      });
    };
    show();
    return executor.run(jobs, {
      keep(job, found) {
        results.set(jobHash(job), store.keep(job, found.result));
        made.set(jobHash(job), found.made);
      },
      onEnd({ seconds }) {
        done += seconds;
        ended++;
        show();
      },
      onReport(latest) {
        reported = latest;
        show();
      },
      signal: shell.signal,
    });
  });
}

/** The jobs of the study that follow from the stored results. */
export function knownJobs(study: Study, scale: StudyScale, store: JobStore): readonly Job[] {
  const results = new Map<string, JsonRecord>();
  let jobs = distinct(study.plan(scale));
  for (;;) {
    for (const job of jobs) {
      const result = store.read(job);
      if (result !== null) results.set(jobHash(job), result);
    }
    const all = distinct([...jobs, ...(study.stages?.next(jobResults(results), scale) ?? [])]);
    if (all.length === jobs.length) return jobs;
    jobs = all;
  }
}

/** Writes the report of the finished jobs. */
async function writeReport(
  run: StudyRun,
  jobs: readonly Job[],
  { results, made, earlier }: Found,
  failed: readonly FailedJob[],
  interrupted: boolean,
): Promise<StudyOutcome> {
  const { study, scale, caller, command, directory } = run;
  const { writeStudy } = await import('./studyFiles.ts');
  const { unbraidVersion, numericsVersion } = await import('../../version.ts');
  const verified = bothVerified(earlier, run.executor.verified());
  const found = jobResults(results);
  const { key, ...report } = study.report(found, scale, command);
  const { name, question } = study;
  const messages = [...new Set(failed.map(({ message }) => message))];
  const versions = { unbraid: unbraidVersion, numerics: String(numericsVersion) };
  const counts = { planned: jobs.length, finished: results.size, interrupted, failed: messages };
  const kind = caller === 'sweep' && { kind: caller };
  const record = { ...kind, name, question, ...report, command, jobs: counts, versions };
  const page = writeStudy(directory, record, key, jobs, found, verified === null ? [] : verifiedTexts(verified));
  writeTiming(directory, made);
  if (verified !== null) writeVerified(directory, verified);
  return { ...counts, jobs: jobs.length, failed: failed.length, key, summary: report.summary, page };
}

/**
 * Runs all stages of a study and writes its report.
 *
 * @param finish prints the result; called once, also for an interrupted study with finished jobs and for one with
 *   failed jobs
 * @throws Error if jobs failed, or after an interruption with the command that resumes the study
 */
export async function runStudy(
  shell: CommandShell,
  run: StudyRun,
  finish: (outcome: StudyOutcome) => void,
): Promise<void> {
  const { study, scale, caller, store, executor } = run;
  const found: Found = { results: new Map(), made: new Map(), earlier: readVerified(run.directory) };
  const { results } = found;
  let jobs = distinct(study.plan(scale));
  let failed: readonly FailedJob[] = [];
  for (let stage = 1; ; stage++) {
    for (const job of jobs) {
      const result = results.has(jobHash(job)) ? null : store.read(job);
      if (result !== null) results.set(jobHash(job), result);
    }
    const toDo = jobs.filter((job) => !results.has(jobHash(job)));
    const about = (seconds: number): string => duration((1000 * seconds) / Math.max(1, executor.lanes));
    const estimate = toDo.length === 0 ? '' : `; about ${about(secondsOf(toDo))} on ${executor.place}`;
    const finished = jobs.filter((job) => results.has(jobHash(job)));
    const left = (study.stages?.seconds(scale) ?? 0) - secondsOf(finished);
    const stages = left > 0 ? `; all stages: at most about ${about(left)}` : '';
    const part = study.stages === undefined ? '' : `stage ${stage}: `;
    shell.note(`${part}${jobs.length} jobs, ${finished.length} of them already finished${estimate}${stages}`);
    try {
      failed = await doJobs(shell, run, toDo, found, () => performance.now());
    } catch (error) {
      if (!shell.signal.aborted) throw error;
      if (results.size > 0) finish(await writeReport(run, jobs, found, [], true));
      const left = executor.interrupted(jobs.length - results.size);
      throw new Error(`${left}; ${results.size} of ${jobs.length} jobs are finished; resume with: ${run.resume}`, {
        cause: error,
      });
    }
    const dropped = dropWrong(run, jobs, found);
    if (dropped > 0) {
      shell.note(`${dropped} results of workers that returned a wrong one are computed again`);
      continue;
    }
    if (failed.length > 0 || study.stages === undefined) break;
    const all = distinct([...jobs, ...study.stages.next(jobResults(results), scale)]);
    if (all.length === jobs.length) break;
    jobs = all;
  }
  if (results.size === 0) throw new Error(`${caller}: all ${jobs.length} jobs failed: ${failed[0].message}`);
  finish(await writeReport(run, jobs, found, failed, false));
  if (failed.length === 0) return;
  throw new Error(
    `${caller}: ${failed.length} of ${jobs.length} jobs failed; the first: ${failed[0].message}; run the same command again to retry them`,
  );
}
