/** The parts that all commands with jobs share: options, folders, and where the jobs run. */
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { shellWord } from '../../check/shellWord.ts';
import { requireWritableDirectory } from '../../record/files.node.ts';
import type { JobRunner } from '../../study/runJobs.ts';
import type { Study, StudyScale } from '../../study/study.ts';
import { hasPassword, type QueueRequest, queueOption } from '../queue/address.ts';
import { openRequestedQueue } from '../queue/requestedQueue.ts';
import { integerFrom, numberFrom, usage, usageError } from '../shared/arguments.ts';
import type { Programs } from '../shared/bridges.ts';
import type { CommandShell, Host } from '../shared/commandShell.ts';
import type { CommandKernels } from '../width/commandKernels.ts';
import { wideOption } from '../width/wideOption.ts';
import { type JobExecutor, localExecutor } from './executor.ts';
import { openJobStore } from './jobStore.ts';
import { knownJobs, runStudy, type StudyOutcome } from './studyRun.ts';

export interface JobEngine {
  /**
   * Opens a thread that runs jobs, with the kernels that are chosen.
   *
   * @param programs that its environments may start; by default `shipped`
   */
  readonly openJobRunner: (kernels: CommandKernels, programs?: Programs) => JobRunner;
}

export interface JobOptions {
  readonly workers?: number;
  readonly queue?: QueueRequest;
  readonly cancel?: true;
  readonly verifyFraction?: number;
  readonly out: string;
}

/** `--verify-fraction`, of commands with `--queue`. */
export function verifyOption(): Option {
  return new Option(
    '--verify-fraction <f>',
    'with --queue: share of the results that another worker computes again, from 0 to 1 (default: 0)',
  ).argParser(numberFrom(0, 1));
}

/** Adds the options of job running to a command. @param out default folder of jobs and reports */
export function addJobOptions(command: Command, out: string): Command {
  return command
    .option(
      '--workers <n>',
      'number of jobs at the same time; the results do not depend on it (default: one per core)',
      integerFrom(1),
    )
    .addOption(queueOption('run the jobs on the workers of this queue instead of this machine'))
    .addOption(verifyOption())
    .option('--cancel', 'with --queue: remove the jobs of this command that wait there, and end')
    .addOption(wideOption())
    .option(
      '--out <dir>',
      `folder of the finished jobs, which all reports share, and of a folder for each report`,
      out,
    );
}

/**
 * Where the jobs run, by the options of the command.
 *
 * @param programs that environments may start on this machine
 */
async function openExecutor(
  shell: CommandShell,
  { cores, env }: Pick<Host, 'cores' | 'env'>,
  { workers, queue, verifyFraction }: JobOptions,
  { openJobRunner }: JobEngine,
  caller: string,
  programs: Programs,
): Promise<JobExecutor> {
  const openRunner = (): JobRunner => openJobRunner(shell.kernels, programs);
  if (queue === undefined) {
    if (verifyFraction === undefined) return localExecutor(workers ?? cores, openRunner);
    throw usageError(`${caller}: --verify-fraction must be given with --queue, got it alone; add --queue, or drop it`);
  }
  if (workers !== undefined) {
    throw usageError(`${caller}: only one of --workers and --queue must be given, got both; drop --workers`);
  }
  const how = { verifyFraction: verifyFraction ?? 0, openRunner, note: shell.note };
  return openRequestedQueue(caller, env, queue, how);
}

/** `--queue` as the command that resumes has it: without a password. */
function queueArgument(queue: QueueRequest): string {
  if (queue === undefined) return '';
  return queue === true || hasPassword(queue) ? ' --queue' : ` --queue ${queue}`;
}

/** A study with the options of the command line. */
export interface JobRequest {
  readonly study: Study;
  readonly scale: StudyScale;
  /** Name of the command, as the start of messages. */
  readonly caller: 'study' | 'sweep';
  /** The command that repeats the study on any machine, for the report. */
  readonly command: string;
  /** The default of `--out`. */
  readonly defaultOut: string;
  readonly programs: Programs;
}

/**
 * Runs a study in its folders: finished jobs in `OUT/jobs`, the report in a folder of its name.
 *
 * @param record the last line of stdout with --json
 * @throws a usage error if a folder is not writable; as `runStudy`
 */
export async function runJobCommand(
  shell: CommandShell,
  host: Pick<Host, 'cores' | 'env'>,
  engine: JobEngine,
  options: JobOptions,
  { study, scale, caller, command, defaultOut, programs }: JobRequest,
  record: (outcome: StudyOutcome) => object,
): Promise<void> {
  const directory = join(options.out, study.name);
  usage(() => requireWritableDirectory(directory));
  const store = usage(() => openJobStore(join(options.out, 'jobs')));
  const out = options.out === defaultOut ? '' : ` --out ${shellWord(options.out)}`;
  const resume = `${command}${queueArgument(options.queue)}${out}`;
  if (options.cancel && options.queue === undefined) {
    throw usageError(`${caller}: --cancel must be given with --queue, got it alone; add --queue, or drop it`);
  }
  const executor = await openExecutor(shell, host, options, engine, caller, programs);
  try {
    if (options.cancel) {
      const removed = await executor.cancel(knownJobs(study, scale, store));
      shell.finish({ command: caller, removed }, `${removed} waiting jobs removed from the queue`);
      return;
    }
    await runStudy(shell, { study, scale, caller, command, resume, directory, store, executor }, (outcome) => {
      shell.finish(record(outcome), [...outcome.summary, `report     ${outcome.page}`].join('\n'));
    });
  } finally {
    await executor.close();
  }
}
