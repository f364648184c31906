/** `unbraid eval`: measures success and return of the latest checkpoint of a run on one split. */
import type { Command } from 'commander';
import { type Split, splits } from '../../env/environment.ts';
import type { Crew } from '../../parallel/crew.ts';
import { requireRun } from '../../record/runFolder.node.ts';
import type { RunResult } from '../../record/schemas.ts';
import type { Progress } from '../../train/run.ts';
import { choiceOption, integerFrom, usage, workersOption } from '../shared/arguments.ts';
import { allowExecOption } from '../shared/bridges.ts';
import { type CommandShell, type Host, run } from '../shared/commandShell.ts';
import { helpSections } from '../shared/help.ts';
import { count, two } from '../shared/print.ts';
import { wideOption } from '../width/wideOption.ts';

interface EvalRecord {
  readonly command: 'eval';
  readonly split: Split;
  readonly episodes: number;
  /** Success rate; null where success means nothing. */
  readonly success: number | null;
  /** 95% interval of `success`; null without one. */
  readonly interval: readonly [number, number] | null;
  /** Mean return with its interval; null for the splits that were not played. */
  readonly return: NonNullable<RunResult['return']>;
}

/** Number of episodes from which the evaluation takes so long that the build of the kernels is chosen before it. */
const LONG = 4000;

export interface EvalEngine {
  readonly evaluateRun: (
    directory: string,
    options: {
      split: Split;
      episodes: number;
      crew: Crew;
      /** Allows to start the program that the run names as its environment. */
      allowExec?: true;
      onProgress: (progress: Progress) => void;
      signal: AbortSignal;
    },
  ) => Promise<EvalRecord>;
}

interface EvalOptions {
  readonly split: Split;
  readonly episodes: number;
  readonly allowExec?: true;
  readonly workers?: number;
}

/** A line for the success where it means something, and one for the return where it is not the success. */
function evalSummary({ success, interval, return: returns, episodes, split }: EvalRecord): string {
  const line = (name: string, mean: number, range: readonly [number, number] | null): string => {
    const around = range === null ? '' : ` (95% interval ${two(range[0])} to ${two(range[1])})`;
    return `${name.padEnd(10)} ${two(mean)}${around}, ${count(episodes)} ${split} episodes`;
  };
  const lines = success === null ? [] : [line('success', success, interval)];
  for (const played of Object.values(returns)) {
    if (played !== null && played.mean !== success) lines.push(line('return', played.mean, played.interval));
  }
  return lines.join('\n');
}

async function evalAction(
  shell: CommandShell,
  load: () => Promise<EvalEngine>,
  directory: string,
  { split, episodes, allowExec, workers }: EvalOptions,
): Promise<void> {
  usage(() => requireRun(directory));
  const { evaluateRun } = await load();
  const record = await shell.withCrew(workers, async (crew) => {
    if (episodes >= LONG) await shell.kernels.settled(crew.memory === 'shared' ? 'threads' : 'single');
    return shell.progress(directory, (onProgress) =>
      evaluateRun(directory, {
        split,
        episodes,
        crew,
        ...(allowExec && { allowExec }),
        onProgress,
        signal: shell.signal,
      }),
    );
  });
  shell.finish(record, evalSummary(record));
}

export function addEvalCommand(program: Command, host: Host, load: () => Promise<EvalEngine>): void {
  const command = program
    .command('eval')
    .summary('measure success and return of a run')
    .description(
      'Play episodes with the latest checkpoint of a run and print the success rate (share of successful episodes) with its 95% interval, and the mean return where it is not the success.',
    )
    .argument('<run>', 'folder of a run')
    .addOption(choiceOption('--split <name>', 'games that are played', splits).default('out-of-domain'))
    .option('--episodes <n>', 'number of episodes', integerFrom(1), 400)
    .addOption(allowExecOption())
    .addOption(workersOption())
    .addOption(wideOption())
    .addHelpText(
      'after',
      helpSections({
        examples: ['unbraid eval runs/first', 'unbraid eval runs/first --split in-domain --episodes 1000'],
        next: 'unbraid coupling runs/first measures the gradient coupling of the same checkpoint.',
      }),
    );
  run(host, command, (shell, directory: string, options: EvalOptions) => evalAction(shell, load, directory, options));
}
