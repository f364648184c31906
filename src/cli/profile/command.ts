/** `unbraid profile`: measures the time of each phase and kernel of an iteration. */
import type { Command } from 'commander';
import type { Config } from '../../config/config.ts';
import type { KernelChoice } from '../../engine/kernels/buildChoice.ts';
import { requireWritableFile, writeFileAtomic } from '../../record/files.node.ts';
import {
  percent,
  phaseCells,
  phaseHead,
  profileNotes,
  rateCells,
  rateHead,
} from '../../report/profile/profileCells.ts';
import type { ProfileRecord } from '../../report/profile/profileRecord.ts';
import type { Progress } from '../../train/run.ts';
import { configValue, gatherConfig, integerFrom, parseSetting, type Settings, usage } from '../shared/arguments.ts';
import { type Programs, typed } from '../shared/bridges.ts';
import { commandConfig } from '../shared/commandConfig.ts';
import { type CommandShell, type Host, run } from '../shared/commandShell.ts';
import { helpSections } from '../shared/help.ts';
import { table } from '../shared/print.ts';
import { wideOption } from '../width/wideOption.ts';

export interface ProfileEngine {
  readonly profileRun: (
    config: Config,
    options: {
      warmUp: number;
      measured: number;
      programs?: Programs;
      /** The build of the kernels. */
      kernels: KernelChoice;
      onProgress: (progress: Progress) => void;
      signal: AbortSignal;
    },
  ) => Promise<ProfileRecord>;
}

const WARM_UP = 5;

/** Number of rows of the third table on the terminal. */
const PLACES = 5;

/** Short evaluations before and after the run: a profile does not use them, and they do not change the parameters. */
const lean = { evalEpisodes: 1, couplingPairs: 1 };

const namedKeys = ['env', 'policy', 'method', 'labels', 'seed'] as const;

type ProfileOptions = { readonly [K in (typeof namedKeys)[number] | 'out']?: string } & {
  readonly iterations: number;
  readonly set?: Settings;
};

function profileText(record: ProfileRecord): string {
  return [
    table(phaseHead, phaseCells(record)),
    table(
      ['kernel', ...rateHead],
      record.kernels.map((row) => [row.kernel, ...rateCells(row)]),
    ),
    table(
      ['most lost', 'phase', 'lost', ...rateHead],
      record.places.slice(0, PLACES).map((row) => [row.kernel, row.phase, percent(row.lost), ...rateCells(row)]),
    ),
    ...profileNotes(record),
    `parameters ${record.parametersSha256}`,
  ].join('\n');
}

async function profileAction(
  shell: CommandShell,
  load: () => Promise<ProfileEngine>,
  options: ProfileOptions,
): Promise<void> {
  const { iterations: measured, out } = options;
  const named: Record<string, unknown> = { iterations: WARM_UP + measured + 1 };
  for (const key of namedKeys) named[key] = configValue(options[key]);
  const config = usage(() => commandConfig({ ...lean, ...gatherConfig(named, options.set, undefined) }));
  const programs = typed(config.env);
  if (out !== undefined) usage(() => requireWritableFile(out));
  const { profileRun } = await load();
  const kernels = await shell.kernels.settled('single');
  const record = await shell.progress('profile', (onProgress) =>
    profileRun(config, { warmUp: WARM_UP, measured, programs, kernels, onProgress, signal: shell.signal }),
  );
  if (out !== undefined) {
    // The page contains a figure: loading the chart library takes longer than the rest of the command.
    const { renderProfilePage } = await import('../../report/profile/profilePage.ts');
    writeFileAtomic(out, renderProfilePage(record));
  }
  shell.finish(record, `${profileText(record)}${out === undefined ? '' : `\npage       ${out}`}`);
}

export function addProfileCommand(program: Command, host: Host, load: () => Promise<ProfileEngine>): void {
  const command = program
    .command('profile')
    .summary('measure the time of each phase and kernel')
    .description(
      `Train on one thread and measure the time of every phase and kernel. FLOP/s and bytes/s are compared with the peak measured in the same run. ${WARM_UP} iterations warm up before the measured ones, and one follows them.`,
    )
    .option('--env <name>', 'environment (default: household)')
    .option('--policy <name>', 'network: attention or mlp (default: attention)')
    .option('--method <terms>', 'terms of the objective, joined by +, as in train (default: grpo)')
    .option('--labels <source>', 'source of the labels of good and bad actions, as in train (default: graph)')
    .option('--seed <n>', 'seed of all random number streams (default: 1)')
    .option('--iterations <n>', 'number of measured iterations', integerFrom(1), 20)
    .option('--set <key=value>', 'set any other config key; may be repeated', parseSetting)
    .addOption(wideOption())
    .option('--out <file>', 'write an HTML page with the figure and all tables')
    .addHelpText(
      'after',
      helpSections({
        examples: [
          'unbraid profile',
          'unbraid profile --method classifier+cloning --iterations 50 --out profile.html',
          'unbraid profile --set evalEvery=1 --set evalEpisodes=100',
        ],
        details: 'evalEpisodes and couplingPairs are 1 unless set. docs/profile.md explains each column.',
        next: 'Start with the kernels that have the highest "lost" value (share of the iteration time). Compare this table before and after a change.',
      }),
    );
  run(host, command, (shell, options: ProfileOptions) => profileAction(shell, load, options));
}
