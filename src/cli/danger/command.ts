/** `unbraid danger`: the danger-zone experiment. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { DangerRecord } from '../../record/dangerRecord.ts';
import { ensureWritableDirectory, requireWritableDirectory, writeFileAtomic } from '../../record/files.node.ts';
import { encodeJson } from '../../record/json.ts';
import { DATA_REMOVED } from '../../report/compare/termNames.ts';
import { type DangerPreset, DECOUPLE_LAMBDA, dangerPresets } from '../../study/danger/presets.ts';
import type { Progress } from '../../train/run.ts';
import { choiceOption, integerFrom, numberFrom, parseStarts, usage, workersOption } from '../shared/arguments.ts';
import { type CommandShell, type Host, run } from '../shared/commandShell.ts';
import { helpSections } from '../shared/help.ts';
import { table, two } from '../shared/print.ts';
import type { CommandKernels } from '../width/commandKernels.ts';
import { wideOption } from '../width/wideOption.ts';

/** Parameters of the danger-zone experiment. */
export interface DangerPlan {
  /** Similarity of the two states: the share of the observation they have in common. */
  readonly rho: number;
  /** Start probabilities of the bad action. */
  readonly starts: readonly number[];
  /** Method under test beside GRPO. */
  readonly method: string;
  readonly labels: string;
  /** `decoupleLambda` of the rows with `decouple`. */
  readonly decoupleLambda: number;
  readonly seeds: number;
  /** Initialisation of the networks. */
  readonly preset: DangerPreset;
}

export const defaultDangerPlan: DangerPlan = {
  rho: 0.8,
  starts: [0.05, 0.2, 0.4, 0.6, 0.8],
  method: 'decouple',
  labels: 'oracle',
  decoupleLambda: DECOUPLE_LAMBDA,
  seeds: 8,
  preset: 'default',
};

export interface DangerEngine {
  readonly runDanger: (
    plan: DangerPlan & {
      workers: number;
      kernels: CommandKernels;
      onProgress: (progress: Progress) => void;
      signal: AbortSignal;
    },
  ) => Promise<DangerRecord>;
}

/** Highest and final probability of the bad action and final return, a row per start probability and method. */
function dangerSummary(record: DangerRecord): string {
  const rows = record.rows.map((row) => [
    two(row.start),
    [
      row.method,
      ...(row.labels === 'none' ? [] : [`${row.labels} labels`]),
      ...(row.coupling ? [] : [DATA_REMOVED]),
    ].join(', '),
    two(row.peak),
    two(row.end),
    row.return === null ? '–' : two(row.return),
  ]);
  return [
    `p(bad action | look-alike state), rho ${record.rho}, mean of ${record.seeds} seeds, ${record.iterations} iterations${record.preset ? `, preset ${record.preset}` : ''}${record.decoupleLambda ? `, decoupleLambda ${record.decoupleLambda}` : ''}`,
    table(['start', 'method', 'peak', 'end', 'return'], rows),
  ].join('\n');
}

type DangerCommandOptions = DangerPlan & { readonly out: string; readonly workers?: number };

async function dangerAction(
  shell: CommandShell,
  cores: number,
  load: () => Promise<DangerEngine>,
  { out, workers = cores, ...plan }: DangerCommandOptions,
): Promise<void> {
  const { dangerExperiment } = await import('../../study/danger/experiment.ts');
  usage(() => dangerExperiment(plan));
  usage(() => requireWritableDirectory(out));
  const { runDanger } = await load();
  usage(() => ensureWritableDirectory(out));
  const record = await shell.progress('danger', (onProgress) =>
    runDanger({ ...plan, workers, kernels: shell.kernels, onProgress, signal: shell.signal }),
  );
  writeFileAtomic(join(out, 'danger.json'), `${encodeJson(record, 'danger.json')}\n`);
  const { dangerFigure } = await import('../../report/compare/dangerFigure.ts');
  writeFileAtomic(join(out, 'danger.svg'), dangerFigure(record));
  shell.finish(record, `${dangerSummary(record)}\nfigure     ${join(out, 'danger.svg')}`);
}

export function addDangerCommand(program: Command, host: Host, load: () => Promise<DangerEngine>): void {
  const { rho, starts, method, labels, decoupleLambda, seeds, preset } = defaultDangerPlan;
  const command = program
    .command('danger')
    .summary('run the danger-zone experiment')
    .description(
      "Train on two similar states, the second of which is rare, and measure whether training on the first makes the bad action of the second likelier. The danger zone is the set of start probabilities from which the bad action is still likely after training. The record has plain GRPO, GRPO with the other state's data removed (it shows where a rise comes from, and learns almost nothing of the task), and, beside a method under test, decouple, which keeps the data and takes coupling away.",
    )
    .option('--rho <x>', 'similarity of the two states, 0 to 1', numberFrom(0, 1), rho)
    .option('--starts <list>', 'start probabilities of the bad action', parseStarts, starts)
    .addOption(
      choiceOption('--method <terms>', 'method under test beside GRPO', [
        'grpo',
        'decouple',
        'classifier',
        'pcgrad',
        'gradvac',
        'upgrad',
      ]).default(method),
    )
    .addOption(
      choiceOption('--labels <source>', 'labels of the method under test', ['advantage', 'oracle', 'shuffled']).default(
        labels,
      ),
    )
    .option(
      '--decouple-lambda <x>',
      'decoupleLambda: the larger, the closer decouple is to GRPO',
      numberFrom(0, 1e6),
      decoupleLambda,
    )
    .option('--seeds <n>', 'seeds per start probability', integerFrom(1), seeds)
    .addOption(
      choiceOption(
        '--preset <name>',
        'initialisation of the networks; prototype: as in the PyTorch study that found the effect',
        dangerPresets,
      ).default(preset),
    )
    .addOption(workersOption())
    .addOption(wideOption())
    .option('--out <dir>', 'folder for danger.json and danger.svg', 'runs/danger')
    .addHelpText(
      'after',
      helpSections({
        examples: [
          'unbraid danger',
          'unbraid danger --rho 0.95 --starts 0.4,0.6 --seeds 3',
          'unbraid danger --method classifier --labels shuffled',
          'unbraid danger --preset prototype --seeds 64',
        ],
        next: 'unbraid compare also runs this experiment and shows the figure in its report.',
      }),
    );
  run(host, command, (shell, options: DangerCommandOptions) => dangerAction(shell, host.cores, load, options));
}
