/** `unbraid random`: the baseline of uniformly random actions in an environment. */
import type { Command } from 'commander';
import type { Config } from '../../config/config.ts';
import type { RunResult } from '../../record/schemas.ts';
import type { Progress } from '../../train/run.ts';
import { configValue, gatherConfig, integerFrom, parseSetting, type Settings, usage } from '../shared/arguments.ts';
import { type Programs, typed } from '../shared/bridges.ts';
import { commandConfig } from '../shared/commandConfig.ts';
import { type CommandShell, type Host, run } from '../shared/commandShell.ts';
import { helpSections } from '../shared/help.ts';
import { count } from '../shared/print.ts';
import { randomTable } from '../shared/resultTables.ts';

/** Without `--episodes`: most episodes of each split, and the time in seconds in which they are to end. */
export const randomEpisodes = 400;
export const randomSeconds = 60;

type BaselineResults = NonNullable<RunResult['random']>;

/** The baseline of an environment. */
export interface RandomRecord extends BaselineResults {
  readonly command: 'random';
  readonly env: string;
  /** Version of the environment. */
  readonly version: string;
  readonly seed: number;
  /** Episodes of each split. */
  readonly episodes: number;
  /** Present if the time limit ended the episodes: the limit for each split. */
  readonly secondsPerSplit?: number;
  /** Mean number of steps of an episode; null for a split that was not played. */
  readonly steps: Readonly<Record<'train' | 'inDomain' | 'outOfDomain', number | null>>;
}

export interface RandomEngine {
  readonly playRandom: (
    config: Config,
    options: {
      /** null: up to `randomEpisodes`, as many as fit in `randomSeconds` */
      episodes: number | null;
      programs: Programs;
      onProgress: (progress: Progress) => void;
      signal: AbortSignal;
    },
  ) => Promise<RandomRecord>;
}

interface RandomOptions {
  readonly env?: string;
  readonly seed?: string;
  readonly episodes?: number;
  readonly set?: Settings;
}

async function randomAction(
  shell: CommandShell,
  load: () => Promise<RandomEngine>,
  { env, seed, episodes, set }: RandomOptions,
): Promise<void> {
  const config = usage(() => commandConfig(gatherConfig({ env, seed: configValue(seed) }, set, undefined)));
  const programs = usage(() => typed(config.env));
  const { playRandom } = await load();
  const { signal } = shell;
  const record = await shell.progress(`random ${config.env}`, (onProgress) =>
    playRandom(config, { episodes: episodes ?? null, programs, onProgress, signal }),
  );
  const limit =
    record.secondsPerSplit === undefined
      ? ''
      : `, as many as fit in ${record.secondsPerSplit} s; set their number with --episodes`;
  const played = `${count(record.episodes)} episode${record.episodes === 1 ? '' : 's'} per split${limit}`;
  const about = `${record.env} ${record.version}, seed ${record.seed}, ${played}`;
  shell.finish(record, [randomTable(record, record.steps), about].join('\n'));
}

export function addRandomCommand(program: Command, host: Host, load: () => Promise<RandomEngine>): void {
  const command = program
    .command('random')
    .summary('measure uniformly random actions')
    .description(
      'Play episodes of an environment with uniformly random actions and print success and return by split with 95% intervals: the baseline of a policy that has learned nothing. The games are those on which a run with the same seed is evaluated.',
    )
    .option('--env <name>', 'environment; unbraid list envs (default: household)')
    .option(
      '--episodes <n>',
      `number of episodes per split (default: ${randomEpisodes}, or as many as fit in ${randomSeconds} s)`,
      integerFrom(1),
    )
    .option('--seed <n>', 'seed of games and actions (default: 1)')
    .option('--set <key=value>', 'set a config key, such as maxSteps or evalSplits; may be repeated', parseSetting)
    .addHelpText(
      'after',
      helpSections({
        examples: [
          'unbraid random --env crafting',
          'unbraid random --env textworld-express/coin --episodes 100 --set evalSplits=out-of-domain',
        ],
        next: 'unbraid train --set randomEpisodes=400 records this baseline in the result of a run.',
      }),
    );
  run(host, command, (shell, options: RandomOptions) => randomAction(shell, load, options));
}
