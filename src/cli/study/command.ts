/** `unbraid study`: resumable experiments with many seeds, whose jobs run on all cores. */
import type { Command } from 'commander';
import { nearestName } from '../../check/nearestName.ts';
import type { Study, StudyScale } from '../../study/study.ts';
import { integerFrom, usageError } from '../shared/arguments.ts';
import { type CommandShell, type Host, run } from '../shared/commandShell.ts';
import { helpSections } from '../shared/help.ts';
import { addJobOptions, type JobEngine, type JobOptions, runJobCommand } from './jobCommand.ts';

export interface StudyEngine extends JobEngine {
  readonly studies: () => Promise<readonly Study[]>;
  /** The reason why games of another program, named by the parameter, cannot be played here; null if they can. */
  readonly missingGames: (name: string) => string | null;
}

interface StudyOptions extends JobOptions {
  readonly quick?: true;
  readonly full?: true;
  readonly seeds?: number;
  readonly firstSeed: number;
}

/** The command that repeats the study on any machine. */
function commandOf(study: Study, { size, seeds, firstSeed }: StudyScale): string {
  const given = [seeds === null ? '' : ` --seeds ${seeds}`, firstSeed === 1 ? '' : ` --first-seed ${firstSeed}`];
  return `unbraid study ${study.name} --${size}${given.join('')}`;
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
  host: Host,
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
  const command = commandOf(study, scale);
  const request = { study, scale, caller: 'study', command, defaultOut, programs: 'shipped' } as const;
  await runJobCommand(shell, host, engine, options, request, ({ jobs, finished, failed, key, page }) => ({
    ...{ command: 'study', study: study.name, size: scale.size, jobs, finished, failed },
    ...key,
    report: page,
  }));
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
    .option('--first-seed <n>', 'first seed; the others follow it', integerFrom(0), 1);
  addJobOptions(command, defaultOut).addHelpText(
    'after',
    helpSections({
      examples: [
        'unbraid study',
        'unbraid study danger-zone --quick',
        'unbraid study generalisation --full --workers 2',
        'unbraid study similarity --full --queue redis://127.0.0.1:6379',
      ],
      next: 'Open report.html in the folder of the study. The same folder contains the tables as CSV and the figures as SVG.',
    }),
  );
  run(host, command, (shell, name: string | undefined, options: StudyOptions) =>
    studyAction(shell, host, load, name, options),
  );
}
