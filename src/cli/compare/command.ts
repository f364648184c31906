/** `unbraid compare`: variants side by side at several seeds, the danger experiment, and a report. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Config, configTable } from '../../config/config.ts';
import {
  ensureWritableDirectory,
  readText,
  requireWritableDirectory,
  writeFileAtomic,
} from '../../record/files.node.ts';
import { encodeJson } from '../../record/json.ts';
import { openRun } from '../../record/run.node.ts';
import {
  type CompareRecord,
  type DangerRecord,
  parseCoupling,
  parseMetrics,
  parseRunResult,
  type ReportRecords,
  type RunRecords,
} from '../../record/schemas.ts';
import { closingTableText } from '../../report/compare/closingTable.ts';
import { joinVariants } from '../../report/compare/variants.ts';
import { type DangerEngine, defaultDangerPlan } from '../danger/command.ts';
import {
  choiceOption,
  gatherConfig,
  integerFrom,
  numberFrom,
  parseSeeds,
  parseSetting,
  type Settings,
  usage,
  usageError,
  workersOption,
} from '../shared/arguments.ts';
import { type Programs, typed } from '../shared/bridges.ts';
import { type Frame, type Host, run } from '../shared/commandShell.ts';
import { teach } from '../shared/help.ts';
import type { Train } from '../train/command.ts';
import {
  type ComparisonPlan,
  parseVariants,
  plannedRuns,
  requireSameConfigs,
  runComparison,
  variantConfig,
} from './comparison.ts';
import type { Trainer } from './threadTrainer.ts';

export interface CompareEngine extends DangerEngine {
  readonly train: Train;
  /**
   * Opens all parts of a run and closes them again.
   *
   * @throws a usage error if one cannot be had or does not fit the others
   */
  readonly checkRun: (config: Config, programs: Programs, signal: AbortSignal) => Promise<void>;
  /** Trains runs in a thread of its own, with a crew of so many threads. */
  readonly openTrainer: (threads: number) => Trainer;
}

const presets = {
  quick: {
    variants: 'grpo;classifier+cloning:graph;cloning:graph;classifier+cloning:shuffled;classifier:oracle',
    seeds: [1, 2, 3],
    // The danger experiment and the report take the rest of three minutes.
    minutes: 2.3,
    // Three quarters of a full run, and points of the learning curves at about the cost of one large evaluation.
    shared: { iterations: 120, evalEvery: 40, evalEpisodes: 200, couplingEvery: 40 },
  },
} as const;

interface CompareOptions {
  readonly preset: keyof typeof presets;
  readonly variants?: string;
  readonly seeds?: readonly number[];
  readonly iterations?: number;
  readonly minutes?: number;
  readonly env?: string;
  readonly set?: Settings;
  readonly workers?: number;
  readonly out: string;
}

/** What a comparison's options ask for, checked before the first run begins. */
export function planOf(options: CompareOptions): ComparisonPlan {
  const preset = presets[options.preset];
  const { iterations, env } = options;
  for (const key of ['method', 'labels', 'seed']) {
    if (options.set?.has(key)) throw usageError(`compare: --variants and --seeds decide ${key}; drop --set ${key}`);
  }
  // Seeds asked for are all run; only the preset's own number bows to its time.
  const minutes = options.minutes ?? (options.seeds === undefined ? preset.minutes : null);
  const plan = {
    preset: options.variants === undefined ? options.preset : 'custom',
    variants: usage(() => parseVariants(options.variants ?? preset.variants)),
    seeds: options.seeds ?? preset.seeds,
    shared: {
      ...(options.variants === undefined && preset.shared),
      ...gatherConfig({ iterations, env }, options.set, undefined),
    },
    directory: options.out,
    budgetMs: minutes === null ? null : minutes * 60_000,
  };
  const configs = plan.variants.map((variant) => usage(() => variantConfig(plan, variant, plan.seeds[0])));
  return { ...plan, programs: typed(configs[0].env) };
}

/** Checks all that can be checked before the first run begins, and makes the folder. */
async function prepare(frame: Frame, { checkRun }: CompareEngine, plan: ComparisonPlan): Promise<void> {
  usage(() => requireWritableDirectory(plan.directory));
  const runs = plannedRuns(plan);
  for (const { directory } of runs) usage(() => requireWritableDirectory(directory));
  usage(() => requireSameConfigs(runs));
  const first = runs.slice(0, plan.variants.length);
  for (const { config, programs, kept } of first) if (kept !== 'all') await checkRun(config, programs, frame.signal);
  usage(() => ensureWritableDirectory(plan.directory));
}

/** The command that makes the same runs again, whatever the time. */
function commandOf(plan: ComparisonPlan, record: CompareRecord): string {
  const variants = record.variants.map(({ method, labels }) => (labels === 'none' ? method : `${method}:${labels}`));
  const rounds = Math.max(...record.variants.map((variant) => variant.runs.length));
  const settings = configTable.flatMap(({ key }) => {
    const value = plan.shared[key];
    return value === undefined ? [] : [`--set ${key}=${value}`];
  });
  const seeds = plan.seeds.slice(0, rounds);
  const counted = seeds.every((seed, i) => seed === i + 1);
  const seedList = counted ? `${rounds}` : `${seeds.join(',')}${rounds === 1 ? ',' : ''}`;
  return ['unbraid compare', `--variants "${variants.join(';')}"`, `--seeds ${seedList}`, ...settings].join(' ');
}

function readRun(directory: string, name: string): RunRecords {
  const path = (file: string): string => join(directory, name, file);
  const start = path('coupling-start.json');
  const end = path('coupling-end.json');
  return {
    name,
    metrics: parseMetrics(readText(path('metrics.jsonl'))),
    result: parseRunResult(readText(path('result.json'))),
    ...(existsSync(start) && { couplingStart: parseCoupling(readText(start)) }),
    ...(existsSync(end) && { couplingEnd: parseCoupling(readText(end)) }),
  };
}

/** All records of a comparison's folder, read back from its files. */
function readRecords(plan: ComparisonPlan, compare: CompareRecord, danger: DangerRecord | null): ReportRecords {
  const names = compare.variants.flatMap((variant) => variant.runs);
  const { versions } = openRun(join(plan.directory, names[0]));
  const texts = Object.entries(versions).map(([name, version]) => [name, String(version)] as const);
  return {
    compare,
    runs: names.map((name) => readRun(plan.directory, name)),
    ...(danger && { danger }),
    command: commandOf(plan, compare),
    versions: { ...Object.fromEntries(texts), node: process.version },
  };
}

/** The danger experiment, or the error that ended it. */
async function runDangerZone(
  frame: Frame,
  engine: CompareEngine,
  directory: string,
  workers: number,
): Promise<{ danger: DangerRecord | null; error: unknown }> {
  try {
    const danger = await frame.progress('danger', (onProgress) =>
      engine.runDanger({ ...defaultDangerPlan, workers, onProgress, signal: frame.signal }),
    );
    writeFileAtomic(join(directory, 'danger.json'), `${encodeJson(danger, 'danger.json')}\n`);
    return { danger, error: null };
  } catch (error) {
    return { danger: null, error };
  }
}

async function compareAction(
  frame: Frame,
  cores: number,
  load: () => Promise<CompareEngine>,
  options: CompareOptions,
): Promise<void> {
  const plan = planOf(options);
  const engine = await load();
  await prepare(frame, engine, plan);
  const { train, openTrainer } = engine;
  const workers = options.workers ?? cores;
  const now = (): number => performance.now();
  const comparison = await runComparison(plan, { train, openTrainer, frame, workers, now });
  const { record } = comparison;
  if (record.variants.length === 0) throw comparison.error;
  // Whatever ended the work early, what is finished is reported before the error is.
  const { danger, error } =
    comparison.error === null
      ? await runDangerZone(frame, engine, plan.directory, workers)
      : { danger: null, error: comparison.error };
  const report = join(plan.directory, 'report.html');
  const records = readRecords(plan, record, danger);
  // The charts take long to load, and only now is there something to draw.
  const { renderReport } = await import('../../report/compare/report.ts');
  writeFileAtomic(join(plan.directory, 'compare.json'), `${encodeJson(record, 'compare.json', 2)}\n`);
  writeFileAtomic(report, renderReport(records));
  const closing = closingTableText(joinVariants(record, records.runs));
  frame.finish({ ...record, report }, `${closing.trimEnd()}\n${record.note}\nreport     ${report}`);
  if (error !== null) throw error;
}

export function addCompareCommand(program: Command, host: Host, load: () => Promise<CompareEngine>): void {
  const { quick } = presets;
  const command = program
    .command('compare')
    .summary('compare variants and write a report')
    .description(
      'Train variants at the same seeds, as many runs at a time as there are threads, run the danger-zone experiment, and write a report. Run it again with the same --out to go on with what is unfinished.',
    )
    .addOption(choiceOption('--preset <name>', 'a ready-made comparison', Object.keys(presets)).default('quick'))
    .option('--variants <list>', `method or method:labels, joined by ; (quick: "${quick.variants}")`)
    .option('--seeds <list>', `a number of seeds or a list, such as 11,12 (quick: ${quick.seeds.length})`, parseSeeds)
    .option(
      '--iterations <n>',
      `collect-and-update rounds per run (default: 160; quick: ${quick.shared.iterations})`,
      integerFrom(0),
    )
    .option(
      '--minutes <m>',
      `begin no further seed that would not end within this time (quick: ${quick.minutes}, unless --seeds is given)`,
      numberFrom(0, 100_000),
    )
    .option('--env <name>', 'environment (default: household)')
    .option('--set <key=value>', 'any other config key, for all runs; may be repeated', parseSetting)
    .addOption(workersOption())
    .option('--out <dir>', 'folder for all runs and the report', 'runs/compare')
    .addHelpText(
      'after',
      teach({
        examples: [
          'unbraid compare --preset quick --out runs/quick',
          'unbraid compare --variants "grpo;classifier:graph;classifier:shuffled" --seeds 5 --out runs/mine',
        ],
        details:
          'Labels: graph unless given. Oracle labels are an upper bound, shuffled labels and cloning alone are controls; they are marked so.',
        next: 'Open report.html in the folder; unbraid coupling <folder>/<run> looks into one run.',
      }),
    );
  run(host, command, (frame, options: CompareOptions) => compareAction(frame, host.cores, load, options));
}
