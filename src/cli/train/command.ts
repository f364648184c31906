/** `unbraid train`: one run. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Config, resolveConfig } from '../../config/config.ts';
import { labelSources } from '../../config/labelNames.ts';
import { labelTermsOf, methodTerms } from '../../config/method.ts';
import type { Crew } from '../../parallel/crew.ts';
import { requireWritableDirectory } from '../../record/files.node.ts';
import { openRun, requireNoRun, requireRun } from '../../record/run.node.ts';
import type { RunResult } from '../../record/schemas.ts';
import { requireNoWriter } from '../../record/writerLock.node.ts';
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
import { type Frame, type Host, run } from '../shared/commandShell.ts';
import { configHelp, teach } from '../shared/help.ts';
import { count, duration, table, two } from '../shared/print.ts';

export type Train = (
  config: Config,
  options: {
    directory: string;
    resume: boolean;
    /** Which programs may be started for the environment; none but those of this package if not given. */
    programs?: Programs;
    crew: Crew;
    onProgress: (progress: Progress) => void;
    /** Receives lines for people. */
    onNote?: (text: string) => void;
    signal: AbortSignal;
  },
) => Promise<RunResult>;

/** An interruption before the run's folder was made: there is nothing to resume. */
export class NotBegun extends Error {}

/** Short name of a run: environment, terms, labels where they matter, seed. Also its folder's name under runs/. */
function runName(config: Config): string {
  const labels = labelTermsOf(config.method).length === 0 ? '' : `-${config.labels}`;
  return `${config.env}-${config.method}${labels}-s${config.seed}`.replaceAll(/[^A-Za-z0-9.]+/g, '-');
}

/** The run's outcome as a table, where its files are and what to do next. */
function trainSummary(result: RunResult, directory: string): string {
  const { success, coupling } = result;
  const successTable = table(
    ['Success', 'train', 'in-domain', 'out-of-domain'],
    [['at the end', two(success.train), two(success.inDomain), two(success.outOfDomain)]],
  );
  const cells = (at: RunResult['coupling']['end']): string[] => [
    two(at.goodBadCosine),
    two(at.goodGoodCosine),
    two(at.badBadCosine),
    two(at.goodBadPositiveFraction),
  ];
  const couplingTable = table(
    ['Coupling (cosine)', 'good-bad', 'good-good', 'bad-bad', 'good-bad > 0'],
    [
      ['at the start', ...cells(coupling.start)],
      ['at the end', ...cells(coupling.end)],
    ],
  );
  return [
    successTable,
    couplingTable,
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
  const config = usage(() => resolveConfig(gatherConfig(named, options.set, options.config)));
  const directory = options.out ?? join('runs', runName(config));
  usage(() => requireNoRun(directory));
  usage(() => requireWritableDirectory(directory));
  const { env, config: file, set, allowExec } = options;
  const fromFile = file !== undefined && env === undefined && !set?.has('env');
  return { config, directory, programs: fromFile ? permitted(config.env, file, allowExec) : typed(config.env) };
}

function resumedRun(options: TrainOptions, directory: string): AskedRun {
  const given = ([...namedKeys, 'config', 'out', 'set'] as const).filter((key) => options[key] !== undefined);
  if (given.length > 0) {
    const flags = given.map((key) => `--${key === 'coldStart' ? 'cold-start' : key}`).join(', ');
    throw usageError(`--resume goes on with the run's own config; drop ${flags}`);
  }
  usage(() => requireRun(directory));
  usage(() => requireNoWriter('train', directory));
  const run = openRun(directory);
  const config = resolveConfig(run.config);
  // A run that is damaged is called so before it is asked what it may start.
  if (run.latest !== null) run.loadCheckpoint();
  return { config, directory, programs: permitted(config.env, directory, options.allowExec) };
}

/** What `train` calls. */
export interface TrainEngine {
  readonly train: Train;
  readonly relaxedCrew: () => Promise<Crew>;
}

async function trainAction(frame: Frame, load: () => Promise<TrainEngine>, options: TrainOptions): Promise<void> {
  const relaxed = options.arithmetic === 'relaxed';
  if (relaxed && options.workers !== undefined) throw usageError('--arithmetic relaxed has one thread; drop --workers');
  const resume = options.resume !== undefined;
  const { config, directory, programs } =
    options.resume === undefined ? newRun(options) : resumedRun(options, options.resume);
  const { train, relaxedCrew } = await load();
  if (relaxed) frame.note('1 thread, relaxed arithmetic: the result is not reproducible');
  const inCrew: Frame['withCrew'] = async (workers, work, ofRun) =>
    relaxed ? work(await relaxedCrew()) : frame.withCrew(workers, work, ofRun);
  const result = await inCrew(
    options.workers,
    (crew) =>
      frame.progress(runName(config), async (onProgress) => {
        const { signal } = frame;
        const how = { directory, resume, programs, crew, onProgress, onNote: frame.note, signal };
        return train(config, how).catch((error: unknown) => {
          throw signal.aborted && !(error instanceof NotBegun) ? interruptedRun(directory, error, signal) : error;
        });
      }),
    config,
  );
  frame.finish(result, trainSummary(result, directory));
}

/**
 * What ends a run that a signal has ended, with the way on; it names what went wrong beside the signal, a full disk
 * say.
 */
function interruptedRun(directory: string, error: unknown, signal: AbortSignal): Error {
  const why = error === signal.reason ? '' : `; ${error instanceof Error ? error.message : String(error)}`;
  return new Error(`interrupted${why}; resume with: unbraid train --resume ${directory}`, { cause: error });
}

/**
 * Adds `train` to the program. `load` gives the trainer when it is needed, so that help and usage errors come at
 * once.
 */
export function addTrainCommand(program: Command, host: Host, load: () => Promise<TrainEngine>): void {
  const command = program
    .command('train')
    .summary('train one policy')
    .description('Train a policy with GRPO, with or without further terms, and measure its success and coupling.')
    .option('--env <name>', 'environment; unbraid list envs (default: household)')
    .option('--policy <name>', 'attention or mlp (default: attention)')
    .option('--method <terms>', `terms of the objective joined by +: ${methodTerms.join(', ')} (default: grpo)`)
    .option(
      '--labels <source>',
      `where labels of good and bad actions come from: ${labelSources.join(', ')} (default: graph)`,
    )
    .option('--seed <n>', 'names all random streams (default: 1)')
    .option('--iterations <n>', 'collect-and-update rounds (default: 160)')
    .option('--cold-start <n>', 'demonstration episodes cloned first; 0 for none (default: 60)')
    .option('--set <key=value>', 'any other config key; may be repeated', parseSetting)
    .option('--config <file>', "JSON file of config keys, or another run's config.json")
    .option('--out <dir>', "the run's folder (default: runs/ and a name made from the config)")
    .option('--resume <dir>', 'go on with the run in this folder from its newest checkpoint')
    .addOption(allowExecOption())
    .addOption(workersOption())
    .addOption(
      choiceOption(
        '--arithmetic <kind>',
        'relaxed: not reproducible, and verify refuses it; may be faster, on one thread',
        ['exact', 'relaxed'],
      ).default('exact'),
    )
    .addHelpText(
      'after',
      teach({
        examples: [
          'unbraid train --method classifier+cloning --labels graph --seed 1 --out runs/first',
          'unbraid train --iterations 40 --set numGenerations=4 --set learningRate=0.001',
          'unbraid train --resume runs/first',
        ],
        details: configHelp(),
        next: 'unbraid coupling runs/first measures the cosine between gradients of good and bad actions.',
      }),
    );
  run(host, command, (frame, options: TrainOptions) => trainAction(frame, load, options));
}
