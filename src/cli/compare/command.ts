/** `unbraid compare`: trains variants at the same seeds, runs the danger-zone experiment, and writes a report. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../../config/config.ts';
import { isBuiltIn } from '../../env/names.ts';
import type { DangerRecord } from '../../record/dangerRecord.ts';
import { ensureWritableDirectory, requireWritableDirectory, writeFileAtomic } from '../../record/files.node.ts';
import { encodeJson } from '../../record/json.ts';
import type { JobRunner } from '../../study/runJobs.ts';
import { type DangerEngine, defaultDangerPlan } from '../danger/command.ts';
import { queueOption } from '../queue/address.ts';
import { openRequestedQueue } from '../queue/requestedQueue.ts';
import {
  choiceOption,
  integerFrom,
  numberFrom,
  parseSeeds,
  parseSetting,
  usage,
  workersOption,
} from '../shared/arguments.ts';
import type { Programs } from '../shared/bridges.ts';
import { type CommandShell, type Host, run } from '../shared/commandShell.ts';
import { helpSections } from '../shared/help.ts';
import type { Verified } from '../study/executor.ts';
import { type JobEngine, verifyOption } from '../study/jobCommand.ts';
import { bothVerified, readVerified, verifiedTexts, writeVerified } from '../study/verificationFile.ts';
import type { Train } from '../train/command.ts';
import type { CommandKernels } from '../width/commandKernels.ts';
import { wideOption } from '../width/wideOption.ts';
import { type CompareOptions, planOf, presets } from './comparePlan.ts';
import { type ComparisonPlan, plannedRuns, requireSameConfigs, runComparison, type TrainLeft } from './comparison.ts';
import type { Trainer } from './threadTrainer.ts';
import { trainRuns } from './trainRuns.ts';

export interface CompareEngine extends DangerEngine, JobEngine {
  readonly train: Train;
  /**
   * Opens the parts of a run and closes them again.
   *
   * @throws a usage error if one does not open or does not fit the others
   */
  readonly checkRun: (config: Config, programs: Programs, signal: AbortSignal) => Promise<void>;
  /** Opens a thread that trains runs, each with a worker pool of `threads` threads and the kernels that are chosen. */
  readonly openTrainer: (threads: number, kernels: CommandKernels) => Trainer;
}

/**
 * Checks folders, configs and the parts of the runs before the first run begins, and creates the folder.
 *
 * @param onQueue the runs are trained elsewhere. The program of their environment may then be missing here
 */
async function prepare(
  shell: CommandShell,
  { checkRun }: CompareEngine,
  plan: ComparisonPlan,
  onQueue: boolean,
): Promise<void> {
  usage(() => requireWritableDirectory(plan.directory));
  const runs = plannedRuns(plan);
  for (const { directory } of runs) usage(() => requireWritableDirectory(directory));
  usage(() => requireSameConfigs(runs));
  const first = runs.slice(0, plan.variants.length);
  for (const { config, programs, kept } of first) {
    if (kept !== 'all' && !(onQueue && !isBuiltIn(config.env))) await checkRun(config, programs, shell.signal);
  }
  usage(() => ensureWritableDirectory(plan.directory));
}

/** Runs the danger-zone experiment; returns its record, or the error that ended it. */
async function runDangerZone(
  shell: CommandShell,
  engine: CompareEngine,
  directory: string,
  workers: number,
): Promise<{ danger: DangerRecord | null; error: unknown }> {
  try {
    const danger = await shell.progress('danger', (onProgress) =>
      engine.runDanger({ ...defaultDangerPlan, workers, kernels: shell.kernels, onProgress, signal: shell.signal }),
    );
    writeFileAtomic(join(directory, 'danger.json'), `${encodeJson(danger, 'danger.json')}\n`);
    return { danger, error: null };
  } catch (error) {
    return { danger: null, error };
  }
}

/**
 * Trains the runs and writes the report.
 *
 * @param queued trains them on a queue, and states what was verified; null: they train in this process
 */
async function compare(
  shell: CommandShell,
  engine: CompareEngine,
  plan: ComparisonPlan,
  workers: number,
  queued: { readonly trainElsewhere: TrainLeft; verified(): Verified | null } | null,
): Promise<void> {
  await prepare(shell, engine, plan, queued !== null);
  const { train, openTrainer } = engine;
  const now = (): number => performance.now();
  const trainHere: TrainLeft = (left, onEnd) =>
    trainRuns(left, plan.budgetMs, { train, openTrainer, shell, workers, now }, onEnd);
  const comparison = await runComparison(plan, queued?.trainElsewhere ?? trainHere);
  const { record } = comparison;
  if (record.variants.length === 0) throw comparison.error;
  // Write the report of the finished runs even if an error ended the work early, then throw the error.
  const { danger, error } =
    comparison.error === null
      ? await runDangerZone(shell, engine, plan.directory, workers)
      : { danger: null, error: comparison.error };
  // The report has figures. Loading the chart library takes longer than the help of all commands.
  const { writeReport } = await import('./reportFiles.ts');
  const verified = queued?.verified() ?? null;
  if (verified !== null) writeVerified(plan.directory, verified);
  const { text, report } = await writeReport(plan, record, danger, verified === null ? [] : verifiedTexts(verified));
  shell.finish({ ...record, report }, text);
  if (error !== null) throw error;
}

async function compareAction(
  shell: CommandShell,
  host: Host,
  load: () => Promise<CompareEngine>,
  options: CompareOptions,
): Promise<void> {
  const plan = planOf(options);
  const { queue, seeds, workers = host.cores } = options;
  const engine = await load();
  if (queue === undefined) return compare(shell, engine, plan, workers, null);
  const openRunner = (): JobRunner => engine.openJobRunner(shell.kernels, plan.programs);
  const how = { verifyFraction: options.verifyFraction ?? 0, openRunner, note: shell.note };
  const executor = await openRequestedQueue('compare', host.env, queue, how);
  const { cancelRuns, trainOnQueue } = await import('./queueRuns.ts');
  try {
    if (options.cancel) {
      const removed = await cancelRuns(plannedRuns(plan), executor);
      shell.finish({ command: 'compare', removed }, `${removed} waiting jobs removed from the queue`);
      return;
    }
    if (seeds === undefined) {
      const { minutes } = presets[options.preset];
      shell.note(`the time limit of ${minutes} min does not apply to a queue; all ${plan.seeds.length} seeds run`);
    }
    const { directory } = plan;
    const earlier = readVerified(directory);
    const trainElsewhere: TrainLeft = (left, onEnd) =>
      trainOnQueue(left, plannedRuns(plan), executor, directory, shell, onEnd);
    const verified = (): Verified | null => bothVerified(earlier, executor.verified());
    await compare(shell, engine, plan, workers, { trainElsewhere, verified });
  } finally {
    await executor.close();
  }
}

const folderHelp = `An entry of --variants without labels uses graph labels. The report marks variants with oracle labels as upper bounds, and
shuffled labels, cloning alone, decouplePairs permuted and same-label, and hint random as controls.

Files in the folder of --out:
  report.html              tables and figures
  compare.json             the variants and the names of their runs
  compare.csv              a row per run: variant, seed, environment, success by split, coupling at the start and the end,
                           environment steps, updates, SHA-256 of the parameters
  compare-differences.csv  a row per seed and variant: the numbers of the run minus those of the baseline at the same seed
  danger.json              the danger-zone experiment, which runs on this machine also with --queue
  verification.json        with --verify-fraction: how many runs were trained again, and which differed
  timing.json              with --queue: the worker that trained each run, its machine, and the time
  VARIANT-sSEED/           each run, as unbraid train writes it
CSV is RFC 4180 with numbers in full precision; an empty field was not measured. The same runs make the same bytes.`;

export function addCompareCommand(program: Command, host: Host, load: () => Promise<CompareEngine>): void {
  const { quick } = presets;
  const command = program
    .command('compare')
    .summary('compare variants and write a report')
    .description(
      'Train variants of the method at the same seeds, run the danger-zone experiment, and write a report. As many runs train at the same time as there are threads. Run the command again with the same --out to resume unfinished runs.',
    )
    .addOption(
      choiceOption(
        '--preset <name>',
        'comparison with preset variants, seeds and config keys',
        Object.keys(presets),
      ).default('quick'),
    )
    .option(
      '--variants <list>',
      `variants to train: method or method:labels, with @key=value,... for config keys of its own, joined by ; (quick: "${quick.variants}")`,
    )
    .option('--seeds <list>', `number of seeds, or a list such as 11,12 (quick: ${quick.seeds.length})`, parseSeeds)
    .option(
      '--iterations <n>',
      `iterations of each run (default: 160; quick: ${quick.shared.iterations})`,
      integerFrom(0),
    )
    .option(
      '--minutes <m>',
      `time limit in minutes; another seed starts only if it is expected to finish within the limit (quick: ${quick.minutes}, unless --seeds is given)`,
      numberFrom(0, 100_000),
    )
    .option('--env <name>', 'environment (default: household)')
    .option('--set <key=value>', 'set any other config key, for all runs; may be repeated', parseSetting)
    .addOption(workersOption())
    .addOption(queueOption('train the runs on the workers of this queue instead of this machine'))
    .addOption(verifyOption())
    .option('--cancel', 'with --queue: remove the runs of this command that wait there, and end')
    .addOption(wideOption())
    .option('--out <dir>', 'folder for all runs and the report', 'runs/compare')
    .addHelpText(
      'after',
      helpSections({
        examples: [
          'unbraid compare --preset quick --out runs/quick',
          'unbraid compare --variants "grpo;classifier:graph;classifier:shuffled" --seeds 5 --out runs/mine',
          'unbraid compare --variants "grpo;grpo@optimizer=muon;decouple@decoupleLambda=30" --seeds 5 --out runs/keys',
          'unbraid compare --seeds 5 --queue redis://127.0.0.1:6379 --out runs/far',
        ],
        details: folderHelp,
        next: 'Open report.html in the folder. unbraid coupling <folder>/<run> measures the coupling of one run.',
      }),
    );
  run(host, command, (shell, options: CompareOptions) => compareAction(shell, host, load, options));
}
