/** `unbraid coupling`: measures the gradient coupling of the latest checkpoint of a run. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Split, splits } from '../../env/environment.ts';
import type { Crew } from '../../parallel/crew.ts';
import { readActionProbabilities } from '../../record/actionProbabilities.node.ts';
import { readText, requireWritableFile, writeFileAtomic } from '../../record/files.node.ts';
import { encodeJson } from '../../record/json.ts';
import { metricsName } from '../../record/names.ts';
import { requireRun } from '../../record/runFolder.node.ts';
import type { CouplingRecord, MetricsLine } from '../../record/schemas.ts';
import type { Progress } from '../../train/run.ts';
import { choiceOption, integerFrom, usage, usageError, workersOption } from '../shared/arguments.ts';
import { allowExecOption } from '../shared/bridges.ts';
import { type CommandShell, type Host, run } from '../shared/commandShell.ts';
import { helpSections } from '../shared/help.ts';
import { count, signedTwo, table, two } from '../shared/print.ts';
import { wideOption } from '../width/wideOption.ts';
import { checkExplain, type ExplainEngine, explain } from './explain.ts';
import { type FactorsEngine, factorsAction } from './factors.ts';

/** Largest number of samples. The Gram matrix has a row and a column for each sample. */
export const maxCouplingSamples = 10_000;

/** Number of samples from which the measurement takes so long that the build of the kernels is chosen before it. */
const LONG = 1000;

type Further =
  | 'contrast'
  | 'kernelTargetAlignment'
  | 'distinctSamples'
  | 'effectiveRank'
  | 'topShare'
  | 'embeddingCosine';

/** A record of this command: with all numbers that records of runs and of earlier versions can lack. */
export type MeasuredRecord = CouplingRecord & { [K in Further]: NonNullable<CouplingRecord[K]> };

export interface CouplingEngine extends ExplainEngine, FactorsEngine {
  readonly measureRunCoupling: (
    directory: string,
    options: {
      split: Split;
      samples: number;
      crew: Crew;
      /** Allows to start the program that the run names as its environment. */
      allowExec?: true;
      onProgress: (progress: Progress) => void;
      signal: AbortSignal;
    },
  ) => Promise<MeasuredRecord>;
}

interface CouplingOptions {
  readonly split: Split;
  readonly samples: number;
  readonly out?: string;
  /** A bank or a store of another program, instead of a run. */
  readonly factors?: string;
  /** `list`, or a state and an action. */
  readonly explain?: readonly string[];
  readonly allowExec?: true;
  readonly workers?: number;
}

/** What the contrast, the alignments and the spectrum of a record are, in words; a line each. */
function separationLines({ embeddingCosine, ...record }: MeasuredRecord): string[] {
  return [
    `Contrast (mean cosine of pairs with equal labels minus that of good-bad pairs): gradients ${signedTwo(record.contrast)}, embeddings ${signedTwo(embeddingCosine.contrast)}`,
    `Alignment of the Gram matrix (0 none, 1 full): with the labels ${two(record.kernelTargetAlignment)}, with the embeddings ${two(embeddingCosine.cka)}`,
    `Effective rank of the Gram matrix: ${record.effectiveRank.toFixed(1)} of ${count(record.distinctSamples)} samples; the largest eigenvalue has ${Math.round(100 * record.topShare)}% of the sum of all`,
  ];
}

/** Tables of the pair classes, the parameters and the similarity of states, contrast, spectrum and spillover. */
function couplingSummary(record: MeasuredRecord): string {
  const { classes: pairs, embeddingCosine } = record;
  const classes = table(
    ['Pairs', 'number', 'mean cosine', 'cosine > 0', 'cosine of embeddings'],
    (
      [
        ['good-bad', 'goodBad'],
        ['good-good', 'goodGood'],
        ['bad-bad', 'badBad'],
      ] as const
    ).map(([name, key]) => [
      name,
      count(pairs[key].pairs),
      two(pairs[key].meanCosine),
      two(pairs[key].positiveFraction),
      two(embeddingCosine[key]),
    ]),
  );
  const layers = table(
    ['Parameter', 'share', 'good-bad', 'good-good', 'bad-bad', 'contrast', 'alignment'],
    record.layers.map((layer) => [
      layer.parameter,
      two(layer.share),
      two(layer.goodBadCosine),
      two(layer.goodGoodCosine),
      two(layer.badBadCosine),
      signedTwo(layer.contrast),
      two(layer.kernelTargetAlignment),
    ]),
  );
  const { predicted, actual, relativeError } = record.spillover;
  const signed = (x: number): string => `${x < 0 ? '' : '+'}${x.toPrecision(3)}`;
  const similarity = table(
    ['Similarity of the states', 'good-bad pairs', 'mean cosine', 'cosine > 0'],
    record.similarity.map(({ lower, upper, pairs, goodBadCosine, positiveFraction }) => [
      `${lower.toFixed(1)} to ${upper.toFixed(1)}`,
      count(pairs),
      two(goodBadCosine),
      two(positiveFraction),
    ]),
  );
  return [
    `Coupling of ${record.run} at iteration ${record.iteration}, ${record.split}, ${count(record.samples)} samples`,
    classes,
    ...separationLines(record),
    layers,
    similarity,
    `Spillover (mean change of log π of the bad samples after one small step on the good samples): predicted ${signed(predicted)}, actual ${signed(actual)}; error ${(100 * relativeError).toFixed(1)}%`,
  ].join('\n');
}

/** The whole lines of the metrics of a run; an interruption can leave a part of a line at the end. */
async function metricsOf(directory: string): Promise<MetricsLine[]> {
  const path = join(directory, metricsName);
  if (!existsSync(path)) return [];
  const { parseMetrics } = await import('../../record/schemas.ts');
  const text = readText(path);
  return parseMetrics(text.slice(0, text.lastIndexOf('\n') + 1));
}

/** Options that apply to a run alone. */
const runOptions = ['split', 'samples', 'explain', 'allowExec', 'workers'] as const;

/** Measures a bank. `given` are the names of the options on the command line. */
async function bankAction(
  shell: CommandShell,
  load: () => Promise<CouplingEngine>,
  directory: string | undefined,
  { factors = '', out }: CouplingOptions,
  given: ReadonlySet<string>,
): Promise<void> {
  if (directory !== undefined)
    throw usageError(`coupling takes a run or --factors, not both; leave out ${directory} or --factors`);
  const wrong = runOptions.find((name) => given.has(name));
  if (wrong) {
    const option = wrong === 'allowExec' ? 'allow-exec' : wrong;
    throw usageError(`--${option} applies to a run, and a bank has none; leave it out`);
  }
  await factorsAction(shell, load, factors, out);
}

async function couplingAction(
  shell: CommandShell,
  load: () => Promise<CouplingEngine>,
  directory: string,
  options: CouplingOptions,
): Promise<void> {
  usage(() => requireRun(directory));
  if (options.explain) {
    checkExplain(options.explain);
    return explain(shell, await load(), directory, options.explain, options);
  }
  const path = options.out ?? join(directory, 'coupling.html');
  const recordPath = join(directory, 'coupling.json');
  for (const file of [recordPath, path]) usage(() => requireWritableFile(file));
  const { measureRunCoupling } = await load();
  const { split, samples, allowExec } = options;
  const record = await shell.withCrew(options.workers, async (crew) => {
    if (samples >= LONG) await shell.kernels.settled(crew.memory === 'shared' ? 'threads' : 'single');
    return shell.progress(directory, (onProgress) =>
      measureRunCoupling(directory, {
        split,
        samples,
        crew,
        ...(allowExec && { allowExec }),
        onProgress,
        signal: shell.signal,
      }),
    );
  });
  writeFileAtomic(recordPath, `${encodeJson(record, 'coupling.json')}\n`);
  const { renderCouplingPage } = await import('../../report/compare/report.ts');
  const page = renderCouplingPage(record, await metricsOf(directory), readActionProbabilities(directory));
  writeFileAtomic(path, page);
  shell.finish(record, `${couplingSummary(record)}\npage       ${path}\nnext       unbraid eval ${directory}`);
}

const couplingDetails = `Numbers, with their names in --json (docs/metrics.md has the formulas):
  good-bad            mean cosine of the gradients of log π of a good and a bad action (classes). Above 0: a step that
                      makes the good action likelier makes the bad one likelier, too
  contrast            mean of good-good and bad-bad minus good-bad. Compare it with good-bad: all three cosines can rise
                      together
  alignment           centred alignment of the matrix K of inner products of the gradients with the labels
                      (kernelTargetAlignment): 0 none, 1 full
  effective rank      number of directions that the gradients span, weighted by their lengths (effectiveRank);
                      topShare: share of the largest eigenvalue of K
  embeddings          the same cosines of the embeddings e(s, a), which both heads read (embeddingCosine); cka: alignment
                      of K with the embeddings, 1 if the gradients are alike exactly where the embeddings are
  spillover           change of log π of the bad actions after one small step on the good ones, predicted and measured`;

export function addCouplingCommand(program: Command, host: Host, load: () => Promise<CouplingEngine>): void {
  const command = program
    .command('coupling')
    .summary('measure the gradient coupling of a run')
    .description(
      'Measure the cosines between gradients of good and bad actions in the latest checkpoint of a run, and write coupling.json and an HTML page. The two actions of a pair have equal words in two games that training did not play. The expert of the environment labels them; without an expert, an experience graph does.',
    )
    .argument('[run]', 'folder of a run')
    .option(
      '--factors <file>',
      'instead of a run: a bank of gradients that unbraid_probe recorded of a PyTorch model, or the folder of a store of Bergson',
    )
    .addOption(
      choiceOption('--split <name>', 'games from which the states are sampled', splits).default('out-of-domain'),
    )
    .option(
      '--samples <n>',
      'number of state-action samples; each is compared with each',
      integerFrom(2, maxCouplingSamples),
      80,
    )
    .option(
      '--out <file>',
      'the HTML page (default: coupling.html in the folder of the run); with --factors the folder for coupling.json and coupling.html (default: beside the bank)',
    )
    .option(
      '--explain <words...>',
      'a state and an action, each quoted: name the training samples that made the action likelier and less likely; list: list the states of games of the split',
    )
    .addOption(allowExecOption())
    .addOption(workersOption())
    .addOption(wideOption())
    .addHelpText(
      'after',
      helpSections({
        examples: [
          'unbraid coupling runs/first',
          'unbraid coupling runs/first --split train --samples 120',
          'unbraid coupling --factors bank.safetensors --out coupling',
          'unbraid coupling runs/first --explain list',
          'unbraid coupling runs/first --explain 3 "go to fridge 1"',
        ],
        details: couplingDetails,
        next: 'unbraid compare trains methods and controls at the same seeds.',
      }),
    );
  run(host, command, (shell, directory: string | undefined, options: CouplingOptions) => {
    const given = new Set(Object.keys(options).filter((name) => command.getOptionValueSource(name) === 'cli'));
    if (options.factors !== undefined) return bankAction(shell, load, directory, options, given);
    if (directory === undefined)
      throw usageError('coupling needs the folder of a run, or --factors with a bank; unbraid list shows the runs');
    return couplingAction(shell, load, directory, options);
  });
}
