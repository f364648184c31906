/** `unbraid sweep`: chooses config keys by a search over settings, and measures the choice at fresh seeds. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { hasRepeatedKey, parseJson } from '../../check/parseJson.ts';
import { shellWord } from '../../check/shellWord.ts';
import type { Config } from '../../config/config.ts';
import { readText } from '../../record/files.node.ts';
import type { Sweep } from '../../study/sweep/sweep.ts';
import { integerFrom, usage } from '../shared/arguments.ts';
import { allowExecOption, type Programs, permitted } from '../shared/bridges.ts';
import { commandConfig } from '../shared/commandConfig.ts';
import { type CommandShell, type Host, run } from '../shared/commandShell.ts';
import { helpSections } from '../shared/help.ts';
import { addJobOptions, type JobEngine, type JobOptions, runJobCommand } from '../study/jobCommand.ts';

export interface SweepEngine extends JobEngine {
  /** As `checkRun` of `compare`. */
  readonly checkRun: (config: Config, programs: Programs, signal: AbortSignal) => Promise<void>;
}

interface SweepOptions extends JobOptions {
  readonly firstSeed?: number;
  readonly allowExec?: true;
}

const defaultOut = 'runs/sweep';

/** The JSON value of a sweep file. @throws Error that names the file, if it cannot be read or is ambiguous */
function readSweepFile(path: string): unknown {
  const text = readText(path, { pipes: true });
  let content: unknown;
  try {
    content = parseJson(text);
  } catch (error) {
    throw new Error(`sweep: ${path} must be JSON, got ${(error as Error).message}; correct the file`);
  }
  if (!hasRepeatedKey(text, content)) return content;
  throw new Error(`sweep: ${path} must have every key once, got one twice; remove one of the two`);
}

/** Opens the parts of each kind of run, so that a setting that cannot run ends the command before the first job. */
async function checkParts(
  shell: CommandShell,
  { checkRun }: SweepEngine,
  { base, settings }: Sweep,
  programs: Programs,
): Promise<void> {
  const kinds = new Map<string, Config>();
  for (const setting of [{}, ...settings]) {
    const config = commandConfig({ ...base, ...setting });
    const { env, observation, policy, method, labels } = config;
    const kind = JSON.stringify([env, observation, policy, method, labels]);
    if (!kinds.has(kind)) kinds.set(kind, config);
  }
  for (const config of kinds.values()) await checkRun(config, programs, shell.signal);
}

async function sweepAction(
  shell: CommandShell,
  host: Host,
  load: () => Promise<SweepEngine>,
  path: string,
  options: SweepOptions,
): Promise<void> {
  const { environmentsOf, sweepOf } = await import('../../study/sweep/sweep.ts');
  const { sweepStudy } = await import('../../study/sweep/sweepStudy.ts');
  const sweep = usage(() => sweepOf(readSweepFile(path), basename(path, '.json'), `sweep: ${path}`, commandConfig));
  const allowed = environmentsOf(sweep).map((env) => permitted(env, path, options.allowExec));
  const programs: Programs = allowed.includes('any') ? 'any' : 'shipped';
  const engine = await load();
  // The programs of the environments may be installed on the workers of a queue alone.
  if (options.queue === undefined) await checkParts(shell, engine, sweep, programs);
  const { firstSeed = sweep.seeds.first } = options;
  const given = [
    options.firstSeed === undefined ? '' : ` --first-seed ${firstSeed}`,
    options.allowExec ? ' --allow-exec' : '',
  ];
  const command = `unbraid sweep ${shellWord(path)}${given.join('')}`;
  const scale = { size: 'full', seeds: null, firstSeed, noGames: () => null } as const;
  const request = { study: sweepStudy(sweep), scale, caller: 'sweep', command, defaultOut, programs } as const;
  await runJobCommand(shell, host, engine, options, request, ({ jobs, finished, failed, key, page }) => ({
    ...{ command: 'sweep', ...key, jobs, finished, failed, report: page },
  }));
}

export function addSweepCommand(program: Command, host: Host, load: () => Promise<SweepEngine>): void {
  const command = program
    .command('sweep')
    .summary('choose config keys by grid, random search or successive halving')
    .description(
      'Train the settings of a sweep file at development seeds, choose the one with the highest mean success, and measure it at fresh seeds. Finished jobs are saved; run the same command again to resume.',
    )
    .argument('<file>', 'JSON file with the keys to sweep, the strategy and the seeds (docs/sweep.md)')
    .option(
      '--first-seed <n>',
      'first development seed; the others follow it, fresh seeds begin 100 later (default: seeds.first of the file)',
      integerFrom(0, 2 ** 52),
    )
    .addOption(allowExecOption());
  addJobOptions(command, defaultOut).addHelpText(
    'after',
    helpSections({
      examples: [
        'unbraid sweep examples/sweep.json',
        'unbraid sweep mine.json --workers 2 --out runs/mine --json',
        'unbraid sweep mine.json --first-seed 1000',
      ],
      details:
        'A sweep file:\n  { "config": { "env": "household" },\n    "space": { "learningRate": { "min": 0.0003, "max": 0.03, "scale": "log", "steps": 5 }, "entropyCoef": [0, 0.01] },\n    "strategy": { "name": "grid" } }',
      next: 'Open report.html in the folder of the sweep. The same folder contains the tables as CSV and the figure as SVG.',
    }),
  );
  run(host, command, (shell, path: string, options: SweepOptions) => sweepAction(shell, host, load, path, options));
}
