/** `unbraid study`: resumable experiments with many seeds, whose jobs run on all cores. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { nearestName } from '../../check/nearestName.ts';
import { requireWritableDirectory } from '../../record/files.node.ts';
import type { JsonRecord } from '../../record/json.ts';
import { type Job, jobHash, jobResults } from '../../study/job.ts';
import type { FailedJob, JobRunner } from '../../study/runJobs.ts';
import type { Study, StudyScale } from '../../study/study.ts';
import { integerFrom, usage, usageError } from '../shared/arguments.ts';
import { type CommandShell, type Host, run } from '../shared/commandShell.ts';
import { helpSections } from '../shared/help.ts';
import { duration } from '../shared/print.ts';
import type { CommandKernels } from '../width/commandKernels.ts';
import { wideOption } from '../width/wideOption.ts';
import { type JobStore, openJobStore } from './jobStore.ts';

export interface StudyEngine {
  /** Opens a thread that runs jobs, with the kernels that are chosen. */
  readonly openJobRunner: (kernels: CommandKernels) => JobRunner;
  readonly studies: () => Promise<readonly Study[]>;
  /** The reason why games of another program, named by the parameter, cannot be played here; null if they can. */
  readonly missingGames: (name: string) => string | null;
}

interface StudyOptions {
  readonly quick?: true;
  readonly full?: true;
  readonly seeds?: number;
  readonly firstSeed: number;
  readonly workers?: number;
  readonly out: string;
}

/** The command that repeats the study on any machine. */
function commandOf(study: Study, { size, seeds, firstSeed }: StudyScale): string {
  const given = [seeds === null ? '' : ` --seeds ${seeds}`, firstSeed === 1 ? '' : ` --first-seed ${firstSeed}`];
  return `unbraid study ${study.name} --${size}${given.join('')}`;
}

function secondsOf(jobs: readonly Job[]): number {
  return jobs.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** Each job once, even if several rows use its result. */
function distinct(jobs: readonly Job[]): readonly Job[] {
  return [...new Map(jobs.map((job) => [jobHash(job), job])).values()];
}

/**
 * Runs the jobs that have no result yet and shows their progress.
 *
 * @param now a clock in ms, for the estimate of the time left
 */
async function doJobs(
  shell: CommandShell,
  engine: StudyEngine,
  name: string,
  jobs: readonly Job[],
  workers: number,
  store: JobStore,
  results: Map<string, JsonRecord>,
  now: () => number,
): Promise<readonly FailedJob[]> {
  if (jobs.length === 0) return [];
  const { runJobs } = await import('../../study/runJobs.ts');
  const total = secondsOf(jobs);
  const startMs = now();
  let done = 0;
  let ended = 0;
  return shell.progress(name, (onProgress) => {
    const show = (): void => {
      const secondsLeft = done > 0 ? (((now() - startMs) / 1000) * (total - done)) / done : total / workers;
      onProgress({ phase: 'jobs', done: ended, total: jobs.length, envSteps: 0, success: null, secondsLeft });
    };
    show();
    return runJobs(jobs, {
      workers,
      openRunner: () => engine.openJobRunner(shell.kernels),
      keep(job, result) {
        store.keep(job, result);
        results.set(jobHash(job), result);
      },
      onEnd({ seconds }) {
        done += seconds;
        ended++;
        show();
      },
      signal: shell.signal,
    });
  });
}

function listText(studies: readonly Study[]): string {
  const width = Math.max(...studies.map(({ name }) => name.length));
  return studies.map(({ name, question }) => `${name.padEnd(width)}  ${question}`).join('\n');
}

/** A function that calls `ask` once for each name and then returns the stored result. */
function once<T>(ask: (name: string) => T): (name: string) => T {
  const answers = new Map<string, T>();
  return (name) => {
    if (!answers.has(name)) answers.set(name, ask(name));
    return answers.get(name) as T;
  };
}

function scaleOf({ quick, full, seeds, firstSeed }: StudyOptions, engine: StudyEngine): StudyScale {
  if (quick && full) throw usageError('study: only one of --quick and --full must be given, got both; keep one');
  return { size: full ? 'full' : 'quick', seeds: seeds ?? null, firstSeed, noGames: once(engine.missingGames) };
}

async function studyAction(
  shell: CommandShell,
  cores: number,
  load: () => Promise<StudyEngine>,
  name: string | undefined,
  options: StudyOptions,
): Promise<void> {
  const engine = await load();
  const studies = await engine.studies();
  if (name === undefined) {
    shell.finish(
      { command: 'study', studies: studies.map(({ name, question }) => ({ name, question })) },
      listText(studies),
    );
    return;
  }
  const study = studies.find((each) => each.name === name);
  if (study === undefined) {
    const names = studies.map((each) => each.name);
    const nearest = nearestName(name, names);
    const advice = nearest === null ? 'unbraid study lists the studies' : `did you mean "${nearest}"?`;
    throw usageError(`study: the name must be one of ${names.join(', ')}, got "${name}"; ${advice}`);
  }
  const scale = scaleOf(options, engine);
  usage(() => requireWritableDirectory(join(options.out, study.name)));
  const store = usage(() => openJobStore(join(options.out, 'jobs')));
  const results = new Map<string, JsonRecord>();
  const workers = options.workers ?? cores;
  const command = commandOf(study, scale);
  const directory = join(options.out, study.name);
  let jobs = distinct(study.plan(scale));
  let failed: readonly FailedJob[] = [];
  for (let stage = 1; ; stage++) {
    for (const job of jobs) {
      const result = results.has(jobHash(job)) ? null : store.read(job);
      if (result !== null) results.set(jobHash(job), result);
    }
    const toDo = jobs.filter((job) => !results.has(jobHash(job)));
    const about = (seconds: number): string => duration((1000 * seconds) / workers);
    const estimate = toDo.length === 0 ? '' : `; about ${about(secondsOf(toDo))} on ${workers} threads`;
    const finished = jobs.filter((job) => results.has(jobHash(job)));
    const left = (study.stages?.seconds(scale) ?? 0) - secondsOf(finished);
    const stages = left > 0 ? `; all stages: at most about ${about(left)}` : '';
    const part = study.stages === undefined ? '' : `stage ${stage}: `;
    shell.note(`${part}${jobs.length} jobs, ${finished.length} of them already finished${estimate}${stages}`);
    try {
      failed = await doJobs(shell, engine, study.name, toDo, workers, store, results, () => performance.now());
    } catch (error) {
      if (!shell.signal.aborted) throw error;
      const interrupted = true;
      if (results.size > 0)
        await finish(shell, study, scale, { command, directory, jobs, results, failed: [], interrupted });
      const out = options.out === defaultOut ? '' : ` --out ${options.out}`;
      throw new Error(
        `interrupted; ${results.size} of ${jobs.length} jobs are finished; resume with: ${command}${out}`,
        { cause: error },
      );
    }
    if (failed.length > 0 || study.stages === undefined) break;
    const all = distinct([...jobs, ...study.stages.next(jobResults(results), scale)]);
    if (all.length === jobs.length) break;
    jobs = all;
  }
  if (results.size === 0) throw new Error(`study: all ${jobs.length} jobs failed: ${failed[0].message}`);
  await finish(shell, study, scale, { command, directory, jobs, results, failed, interrupted: false });
  if (failed.length === 0) return;
  throw new Error(
    `study: ${failed.length} of ${jobs.length} jobs failed; the first: ${failed[0].message}; run the same command again to retry them`,
  );
}

interface Outcome {
  readonly command: string;
  readonly directory: string;
  readonly jobs: readonly Job[];
  readonly results: ReadonlyMap<string, JsonRecord>;
  readonly failed: readonly FailedJob[];
  /** Whether the study was interrupted before all jobs were done. */
  readonly interrupted: boolean;
}

/** Writes the report of the finished jobs and prints its summary. */
async function finish(
  shell: CommandShell,
  study: Study,
  scale: StudyScale,
  { command, directory, jobs, results, failed, interrupted }: Outcome,
): Promise<void> {
  const { writeStudy } = await import('./studyFiles.ts');
  const { unbraidVersion, numericsVersion } = await import('../../version.ts');
  const found = jobResults(results);
  const { key, ...report } = study.report(found, scale, command);
  const { name, question } = study;
  const messages = [...new Set(failed.map(({ message }) => message))];
  const versions = { unbraid: unbraidVersion, numerics: String(numericsVersion), node: process.version };
  const counts = { planned: jobs.length, finished: results.size, interrupted, failed: messages };
  const record = { name, question, ...report, command, jobs: counts, versions };
  const page = writeStudy(directory, record, key, jobs, found);
  shell.finish(
    {
      ...{ command: 'study', study: name, size: scale.size, jobs: jobs.length, finished: results.size },
      ...{ failed: failed.length, ...key, report: page },
    },
    [...report.summary, `report     ${page}`].join('\n'),
  );
}

const defaultOut = 'runs/study';

export function addStudyCommand(program: Command, host: Host, load: () => Promise<StudyEngine>): void {
  const command = program
    .command('study')
    .summary('run a study with many seeds and write its report')
    .description(
      'Run one of the experiments of docs/results, with many seeds, and write a report with intervals. Without a name, list the studies. Finished jobs are saved; run the same command again to resume.',
    )
    .argument('[name]', 'name of the study; without it, the studies are listed')
    .option('--quick', 'few seeds: up to ten minutes on two cores (default)')
    .option('--full', 'all seeds of the study: five minutes to several hours on two cores, stated at the start')
    .option('--seeds <n>', 'number of seeds of each row (default: set by the study)', integerFrom(1))
    .option('--first-seed <n>', 'first seed; the others follow it', integerFrom(0), 1)
    .option(
      '--workers <n>',
      'number of jobs at the same time; the results do not depend on it (default: one per core)',
      integerFrom(1),
    )
    .addOption(wideOption())
    .option(
      '--out <dir>',
      'folder of the finished jobs, which studies share, and of a folder for each study',
      defaultOut,
    )
    .addHelpText(
      'after',
      helpSections({
        examples: [
          'unbraid study',
          'unbraid study danger-zone --quick',
          'unbraid study generalisation --full --workers 2',
        ],
        next: 'Open report.html in the folder of the study. The same folder contains the tables as CSV and the figures as SVG.',
      }),
    );
  run(host, command, (shell, name: string | undefined, options: StudyOptions) =>
    studyAction(shell, host.cores, load, name, options),
  );
}
