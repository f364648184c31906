/** `unbraid eval`: the success of a run's newest checkpoint on one split. */
import type { Command } from 'commander';
import { type Split, splits } from '../../env/environment.ts';
import type { Crew } from '../../parallel/crew.ts';
import { requireRun } from '../../record/run.node.ts';
import type { Progress } from '../../train/run.ts';
import { choiceOption, integerFrom, usage, workersOption } from '../shared/arguments.ts';
import { allowExecOption } from '../shared/bridges.ts';
import { type CommandShell, type Host, run } from '../shared/commandShell.ts';
import { teach } from '../shared/help.ts';
import { count, two } from '../shared/print.ts';

interface EvalRecord {
  readonly command: 'eval';
  readonly split: Split;
  readonly episodes: number;
  /** Share of episodes that succeeded. */
  readonly success: number;
  /** 95% interval of `success`. */
  readonly interval: readonly [number, number];
}

export interface EvalEngine {
  readonly evaluateRun: (
    directory: string,
    options: {
      split: Split;
      episodes: number;
      crew: Crew;
      /** Whether the program that the run names as its environment may be started. */
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

async function evalAction(
  shell: CommandShell,
  load: () => Promise<EvalEngine>,
  directory: string,
  { split, episodes, allowExec, workers }: EvalOptions,
): Promise<void> {
  usage(() => requireRun(directory));
  const { evaluateRun } = await load();
  const record = await shell.withCrew(workers, (crew) =>
    shell.progress(directory, (onProgress) =>
      evaluateRun(directory, {
        split,
        episodes,
        crew,
        ...(allowExec && { allowExec }),
        onProgress,
        signal: shell.signal,
      }),
    ),
  );
  const [low, high] = record.interval;
  const success = `${two(record.success)} (95% interval ${two(low)} to ${two(high)})`;
  shell.finish(record, `success    ${success}, ${count(record.episodes)} ${record.split} episodes`);
}

export function addEvalCommand(program: Command, host: Host, load: () => Promise<EvalEngine>): void {
  const command = program
    .command('eval')
    .summary("measure a run's success")
    .description("Play episodes with a run's newest checkpoint and give the share that succeeded.")
    .argument('<run>', "a run's folder")
    .addOption(choiceOption('--split <name>', 'games to play', splits).default('out-of-domain'))
    .option('--episodes <n>', 'episodes to play', integerFrom(1), 400)
    .addOption(allowExecOption())
    .addOption(workersOption())
    .addHelpText(
      'after',
      teach({
        examples: ['unbraid eval runs/first', 'unbraid eval runs/first --split in-domain --episodes 1000'],
        next: 'unbraid coupling runs/first measures coupling at this success.',
      }),
    );
  run(host, command, (shell, directory: string, options: EvalOptions) => evalAction(shell, load, directory, options));
}
