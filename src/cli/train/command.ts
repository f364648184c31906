/** `unbraid train`: trains one run in a folder. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../../config/config.ts';
import { usesLabels } from '../../config/method.ts';
import { presetKeys, presetTable } from '../../config/presets.ts';
import type { Crew } from '../../parallel/crew.ts';
import { requireWritableDirectory } from '../../record/files.node.ts';
import { openRun } from '../../record/run.node.ts';
import { requireNoRun, requireRun } from '../../record/runFolder.node.ts';
import type { RunResult } from '../../record/schemas.ts';
import { requireNoWriter } from '../../record/writerLock.node.ts';
import { contrastOf } from '../../report/compare/contrast.ts';
import type { Progress } from '../../train/run.ts';
import {
  choiceOption,
  configValue,
  gatherConfig,
  parseSetting,
  type Settings,
  usage,
  usageError,
  workersOption,
} from '../shared/arguments.ts';
import { allowExecOption, type Programs, permitted, typed } from '../shared/bridges.ts';
import { commandConfig } from '../shared/commandConfig.ts';
import { type CommandShell, type Host, run } from '../shared/commandShell.ts';
import { helpSections } from '../shared/help.ts';
import { count, duration, signedTwo, table, two } from '../shared/print.ts';
import { resultTables } from '../shared/resultTables.ts';
import type { CommandKernels } from '../width/commandKernels.ts';
import { wideOption } from '../width/wideOption.ts';
import { configHelp } from './configHelp.ts';

export type Train = (
  config: Config,
  options: {
    directory: string;
    resume: boolean;
    /** Programs that may be started for the environment; default: only those of this package. */
    programs?: Programs;
    crew: Crew;
    onProgress: (progress: Progress) => void;
    /** Receives lines to print on stderr. */
    onNote?: (text: string) => void;
    signal: AbortSignal;
  },
) => Promise<RunResult>;

/** An interruption before the folder of the run was created, so that no run can be resumed. */
export class NotBegun extends Error {}

/**
 * Short name of a run: environment, terms, label source if a term uses labels, seed. Also the name of its folder in
 * runs/.
 */
function runName(config: Config): string {
  const labels = usesLabels(config) ? `-${config.labels}` : '';
  return `${config.env}-${config.method}${labels}-s${config.seed}`.replaceAll(/[^A-Za-z0-9.]+/g, '-');
}

/** The outcome of the run as tables, the paths of its files and the commands for the next steps. */
function trainSummary(result: RunResult, directory: string): string {
  const { coupling } = result;
  const cells = (at: RunResult['coupling']['end']): string[] => [
    two(at.goodBadCosine),
    signedTwo(contrastOf(at)),
    two(at.goodGoodCosine),
    two(at.badBadCosine),
    two(at.goodBadPositiveFraction),
  ];
  const couplingTable = table(
    ['Coupling (cosine)', 'good-bad', 'contrast', 'good-good', 'bad-bad', 'good-bad > 0'],
    [
      ['at the start', ...cells(coupling.start)],
      ['at the end', ...cells(coupling.end)],
    ],
  );
  return [
    ...resultTables(result),
    ...(result.config.couplingPairs === 0 ? [] : [couplingTable]),
    `${count(result.envSteps)} environment steps, ${count(result.updates)} updates, ${duration(result.wallMs)}`,
    `parameters ${result.parametersSha256}`,
    `files      ${directory}`,
    `receipt    ${join(directory, 'receipt.json')}`,
    `check      unbraid verify ${directory}`,
    `next       unbraid coupling ${directory}`,
  ].join('\n');
}

const namedKeys = ['env', 'policy', 'method', 'labels', 'seed', 'iterations', 'coldStart'] as const;

type TrainOptions = { readonly [K in (typeof namedKeys)[number] | 'config' | 'out' | 'resume']?: string } & {
  readonly preset?: string;
  readonly set?: Settings;
  readonly allowExec?: true;
  readonly workers?: number;
  readonly arithmetic: Crew['arithmetic'];
};

interface AskedRun {
  readonly config: Config;
  readonly directory: string;
  readonly programs: Programs;
}

function newRun(options: TrainOptions): AskedRun {
  const named: Record<string, unknown> = {};
  for (const key of namedKeys) named[key] = configValue(options[key]);
  const preset = options.preset === undefined ? {} : presetKeys(options.preset);
  const config = usage(() => commandConfig({ ...preset, ...gatherConfig(named, options.set, options.config) }));
  const directory = options.out ?? join('runs', runName(config));
  usage(() => requireNoRun(directory));
  usage(() => requireWritableDirectory(directory));
  const { env, config: file, set, allowExec } = options;
  const fromFile = file !== undefined && env === undefined && !set?.has('env');
  return { config, directory, programs: fromFile ? permitted(config.env, file, allowExec) : typed(config.env) };
}

function resumedRun(options: TrainOptions, directory: string): AskedRun {
  const given = ([...namedKeys, 'preset', 'config', 'out', 'set'] as const).filter((key) => options[key] !== undefined);
  if (given.length > 0) {
    const flags = given.map((key) => `--${key === 'coldStart' ? 'cold-start' : key}`).join(', ');
    throw usageError(`--resume uses the config of the run; drop ${flags}`);
  }
  usage(() => requireRun(directory));
  usage(() => requireNoWriter('train', directory));
  const run = openRun(directory);
  const config = commandConfig(run.config);
  // Report a damaged run before a missing --allow-exec.
  if (run.latest !== null) run.loadCheckpoint();
  return { config, directory, programs: permitted(config.env, directory, options.allowExec) };
}

/** Functions that `train` calls. */
export interface TrainEngine {
  readonly train: Train;
  readonly relaxedCrew: (kernels: CommandKernels) => Promise<Crew>;
}

async function trainAction(
  shell: CommandShell,
  load: () => Promise<TrainEngine>,
  options: TrainOptions,
): Promise<void> {
  const relaxed = options.arithmetic === 'relaxed';
  if (relaxed && options.workers !== undefined)
    throw usageError('--arithmetic relaxed uses one thread; drop --workers');
  const resume = options.resume !== undefined;
  const { config, directory, programs } =
    options.resume === undefined ? newRun(options) : resumedRun(options, options.resume);
  const { train, relaxedCrew } = await load();
  if (relaxed) shell.note('1 thread, relaxed arithmetic: the result is not reproducible');
  const inCrew: CommandShell['withCrew'] = async (workers, work, ofRun) =>
    relaxed ? work(await relaxedCrew(shell.kernels)) : shell.withCrew(workers, work, ofRun);
  const result = await inCrew(
    options.workers,
    (crew) =>
      shell.progress(runName(config), async (onProgress) => {
        const { signal } = shell;
        const how = { directory, resume, programs, crew, onProgress, onNote: shell.note, signal };
        return train(config, how).catch((error: unknown) => {
          throw signal.aborted && !(error instanceof NotBegun) ? interruptedRun(directory, error, signal) : error;
        });
      }),
    config,
  );
  shell.finish(result, trainSummary(result, directory));
}

/**
 * The error of a run that a signal has ended. It contains the command that resumes the run, and the cause of another
 * failure.
 */
function interruptedRun(directory: string, error: unknown, signal: AbortSignal): Error {
  const why = error === signal.reason ? '' : `; ${error instanceof Error ? error.message : String(error)}`;
  return new Error(`interrupted${why}; resume with: unbraid train --resume ${directory}`, { cause: error });
}

/** Adds `train` to the program. @param load loads the trainer; called after the options are checked */
export function addTrainCommand(program: Command, host: Host, load: () => Promise<TrainEngine>): void {
  const command = program
    .command('train')
    .summary('train one policy')
    .description(
      'Train a policy with GRPO, with or without further terms, and measure its success rate and gradient coupling.',
    )
    .option('--env <name>', 'environment; unbraid list envs (default: household)')
    .option('--policy <name>', 'network: attention or mlp (default: attention)')
    .option('--method <terms>', 'terms of the objective, joined by +; listed below (default: grpo)')
    .option('--labels <source>', 'source of the labels of good and bad actions; listed below (default: graph)')
    .option('--seed <n>', 'seed of all random number streams (default: 1)')
    .option('--iterations <n>', 'iterations; each collects episodes and updates the policy (default: 160)')
    .option('--cold-start <n>', 'expert episodes that the policy clones before training; 0 for none (default: 60)')
    .addOption(
      choiceOption(
        '--preset <name>',
        'set of config keys for a kind of environment, listed below; every other option and --config take precedence',
        presetTable.map(({ name }) => name),
      ),
    )
    .option('--set <key=value>', 'set any config key; may be repeated', parseSetting)
    .option('--config <file>', "read config keys from a JSON file or from another run's config.json")
    .option('--out <dir>', 'folder of the run (default: runs/ and a name made from the config)')
    .option('--resume <dir>', 'resume the run in this folder from its latest checkpoint')
    .addOption(allowExecOption())
    .addOption(workersOption())
    .addOption(wideOption())
    .addOption(
      choiceOption(
        '--arithmetic <kind>',
        'relaxed: uses relaxed SIMD on one thread; may be faster, but results depend on the processor, and verify rejects the run',
        ['exact', 'relaxed'],
      ).default('exact'),
    )
    .addHelpText(
      'after',
      helpSections({
        examples: [
          'unbraid train --method classifier+cloning --labels graph --seed 1 --out runs/first',
          'unbraid train --iterations 40 --set numGenerations=4 --set learningRate=0.001',
          'unbraid train --resume runs/first',
        ],
        details: configHelp(),
        next: 'unbraid coupling runs/first measures the cosine between gradients of good and bad actions.',
      }),
    );
  run(host, command, (shell, options: TrainOptions) => trainAction(shell, load, options));
}
