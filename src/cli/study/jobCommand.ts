/** The parts that all commands with jobs share: options, folders, and where the jobs run. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { shellWord } from '../../check/shellWord.ts';
import { requireWritableDirectory } from '../../record/files.node.ts';
import type { JobRunner } from '../../study/runJobs.ts';
import type { Study, StudyScale } from '../../study/study.ts';
import { integerFrom, usage } from '../shared/arguments.ts';
import type { Programs } from '../shared/bridges.ts';
import type { CommandShell } from '../shared/commandShell.ts';
import type { CommandKernels } from '../width/commandKernels.ts';
import { wideOption } from '../width/wideOption.ts';
import { type JobExecutor, localExecutor } from './executor.ts';
import { openJobStore } from './jobStore.ts';
import { runStudy, type StudyOutcome } from './studyRun.ts';

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
  readonly out: string;
}

/** Adds the options of job running to a command. @param out default folder of jobs and reports */
export function addJobOptions(command: Command, out: string): Command {
  return command
    .option(
      '--workers <n>',
      'number of jobs at the same time; the results do not depend on it (default: one per core)',
      integerFrom(1),
    )
    .addOption(wideOption())
    .option(
      '--out <dir>',
      `folder of the finished jobs, which all reports share, and of a folder for each report`,
      out,
    );
}

/** Where the jobs run, by the options of the command. @param programs that environments may start */
function openExecutor(
  shell: CommandShell,
  cores: number,
  { workers }: JobOptions,
  { openJobRunner }: JobEngine,
  programs: Programs,
): JobExecutor {
  return localExecutor(workers ?? cores, () => openJobRunner(shell.kernels, programs));
}

/** A study as a command line asks for it. */
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
  cores: number,
  engine: JobEngine,
  options: JobOptions,
  { study, scale, caller, command, defaultOut, programs }: JobRequest,
  record: (outcome: StudyOutcome) => object,
): Promise<void> {
  const directory = join(options.out, study.name);
  usage(() => requireWritableDirectory(directory));
  const store = usage(() => openJobStore(join(options.out, 'jobs')));
  const resume = `${command}${options.out === defaultOut ? '' : ` --out ${shellWord(options.out)}`}`;
  const executor = openExecutor(shell, cores, options, engine, programs);
  try {
    await runStudy(shell, { study, scale, caller, command, resume, directory, store, executor }, (outcome) => {
      shell.finish(record(outcome), [...outcome.summary, `report     ${outcome.page}`].join('\n'));
    });
  } finally {
    await executor.close();
  }
}
