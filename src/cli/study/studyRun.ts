/** Runs the jobs of a study, stage by stage, and writes its report. */
import type { JsonRecord } from '../../record/json.ts';
import { type Job, jobHash, jobResults } from '../../study/job.ts';
import type { FailedJob } from '../../study/runJobs.ts';
import type { Study, StudyScale } from '../../study/study.ts';
import type { CommandShell } from '../shared/commandShell.ts';
import { duration } from '../shared/print.ts';
import type { JobExecutor, Made, Reported } from './executor.ts';
import type { JobStore } from './jobStore.ts';

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
        store.keep(job, found.result);
        results.set(jobHash(job), found.result);
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

/** Writes the report of the finished jobs. */
async function writeReport(
  { study, scale, caller, command, directory }: StudyRun,
  jobs: readonly Job[],
  { results, made }: Found,
  failed: readonly FailedJob[],
  interrupted: boolean,
): Promise<StudyOutcome> {
  const { writeStudy } = await import('./studyFiles.ts');
  const { writeTiming } = await import('./timing.ts');
  const { unbraidVersion, numericsVersion } = await import('../../version.ts');
  const found = jobResults(results);
  const { key, ...report } = study.report(found, scale, command);
  const { name, question } = study;
  const messages = [...new Set(failed.map(({ message }) => message))];
  const versions = { unbraid: unbraidVersion, numerics: String(numericsVersion) };
  const counts = { planned: jobs.length, finished: results.size, interrupted, failed: messages };
  const kind = caller === 'sweep' && { kind: caller };
  const record = { ...kind, name, question, ...report, command, jobs: counts, versions };
  const page = writeStudy(directory, record, key, jobs, found);
  writeTiming(directory, made);
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
  const found: Found = { results: new Map(), made: new Map() };
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
