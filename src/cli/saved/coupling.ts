/** `unbraid coupling`: measures the gradient coupling of the latest checkpoint of a run. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Split, splits } from '../../env/environment.ts';
import type { Crew } from '../../parallel/crew.ts';
import { requireWritableFile, writeFileAtomic } from '../../record/files.node.ts';
import { encodeJson } from '../../record/json.ts';
import { requireRun } from '../../record/runFolder.node.ts';
import type { CouplingRecord } from '../../record/schemas.ts';
import type { Progress } from '../../train/run.ts';
import { choiceOption, integerFrom, usage, workersOption } from '../shared/arguments.ts';
import { allowExecOption } from '../shared/bridges.ts';
import { type CommandShell, type Host, run } from '../shared/commandShell.ts';
import { helpSections } from '../shared/help.ts';
import { count, table, two } from '../shared/print.ts';
import { wideOption } from '../width/wideOption.ts';
import { checkExplain, type ExplainEngine, explain } from './explain.ts';

/** Largest number of samples. The Gram matrix has a row and a column for each sample. */
export const maxCouplingSamples = 10_000;

/** Number of samples from which the measurement takes so long that the build of the kernels is chosen before it. */
const LONG = 1000;

export interface CouplingEngine extends ExplainEngine {
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
  ) => Promise<CouplingRecord>;
}

interface CouplingOptions {
  readonly split: Split;
  readonly samples: number;
  readonly out?: string;
  /** `list`, or a state and an action. */
  readonly explain?: readonly string[];
  readonly allowExec?: true;
  readonly workers?: number;
}

/** Tables of the pair classes, the parameters and the similarity of states, and the spillover. */
function couplingSummary(record: CouplingRecord): string {
  const { goodBad, goodGood, badBad } = record.classes;
  const classes = table(
    ['Pairs', 'number', 'mean cosine', 'cosine > 0'],
    (
      [
        ['good-bad', goodBad],
        ['good-good', goodGood],
        ['bad-bad', badBad],
      ] as const
    ).map(([name, pairs]) => [name, count(pairs.pairs), two(pairs.meanCosine), two(pairs.positiveFraction)]),
  );
  const layers = table(
    ['Parameter', 'share', 'good-bad', 'good-good', 'bad-bad'],
    record.layers.map((layer) => [
      layer.parameter,
      two(layer.share),
      two(layer.goodBadCosine),
      two(layer.goodGoodCosine),
      two(layer.badBadCosine),
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
    layers,
    similarity,
    `Spillover (mean change of log π of the bad samples after one small step on the good samples): predicted ${signed(predicted)}, actual ${signed(actual)}; error ${(100 * relativeError).toFixed(1)}%`,
  ].join('\n');
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
  writeFileAtomic(path, renderCouplingPage(record));
  shell.finish(record, `${couplingSummary(record)}\npage       ${path}\nnext       unbraid eval ${directory}`);
}

export function addCouplingCommand(program: Command, host: Host, load: () => Promise<CouplingEngine>): void {
  const command = program
    .command('coupling')
    .summary('measure the gradient coupling of a run')
    .description(
      'Measure the cosines between gradients of good and bad actions in the latest checkpoint of a run, and write coupling.json and an HTML page. The two actions of a pair have equal words in two games that training did not play. The expert of the environment labels them; without an expert, an experience graph does.',
    )
    .argument('<run>', 'folder of a run')
    .addOption(
      choiceOption('--split <name>', 'games from which the states are sampled', splits).default('out-of-domain'),
    )
    .option(
      '--samples <n>',
      'number of state-action samples; each is compared with each',
      integerFrom(2, maxCouplingSamples),
      80,
    )
    .option('--out <file>', 'the HTML page (default: coupling.html in the folder of the run)')
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
          'unbraid coupling runs/first --explain list',
          'unbraid coupling runs/first --explain 3 "go to fridge 1"',
        ],
        next: 'unbraid compare trains methods and controls at the same seeds.',
      }),
    );
  run(host, command, (shell, directory: string, options: CouplingOptions) =>
    couplingAction(shell, load, directory, options),
  );
}
