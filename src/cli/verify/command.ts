/** `unbraid verify`: replays a run and compares its files with the replay. */
import { existsSync, statSync } from 'node:fs';
import type { Command } from 'commander';
import type { Config } from '../../config/config.ts';
import type { Damage } from '../../record/integrity.node.ts';
import type { ReceiptDifference } from '../../record/receipt.ts';
import { type RuntimeName, runtimeNames } from '../runtime/installed.ts';
import { choiceOption, integerFrom, workersOption } from '../shared/arguments.ts';
import { allowExecOption, permitted } from '../shared/bridges.ts';
import { type CommandShell, crewText, type Host, run } from '../shared/commandShell.ts';
import { helpSections } from '../shared/help.ts';
import { count } from '../shared/print.ts';
import { wideOption } from '../width/wideOption.ts';
import type { Comparison } from './compareClaim.ts';
import type { Replayed, ReplayInOptions } from './replayIn.ts';
import { type LimitOptions, limitOptions, withinLimit } from './replayLimit.ts';
import type { Subject } from './subject.ts';

export interface VerifyEngine {
  /** Trains a run of `config` up to iteration `until`, without a folder. */
  readonly replayIn: (runtime: RuntimeName, config: Config, options: ReplayInOptions) => Promise<Replayed>;
}

interface VerifyOptions extends LimitOptions {
  readonly runtime: RuntimeName;
  readonly until?: number;
  readonly allowExec?: true;
  readonly workers?: number;
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}

function differenceText(first: ReceiptDifference): string {
  const place = typeof first.at === 'number' ? `checkpoint ${first.at}` : first.at;
  const parts = first.differs.map(
    ({ what, receipt, replay }) => `${what}\n  receipt  ${short(receipt)}\n  replay   ${short(replay)}`,
  );
  return [`differs    first at: ${place}`, ...parts].join('\n');
}

/** A comparison with further fields of the printed record. */
interface Verdict extends Comparison {
  readonly rest: object;
}

/** Lines that list the compared files, and those that were not compared with the reason. */
function coverageText({ checked, notChecked }: Comparison): string {
  const lines = [`checked    ${checked.length === 0 ? 'nothing' : folded(checked).join(', ')}`];
  const reasons = new Map<string, string[]>();
  for (const [entry, reason] of notChecked) reasons.set(reason, [...(reasons.get(reason) ?? []), entry]);
  for (const [reason, entries] of reasons) lines.push(`unchecked  ${folded(entries).join(', ')}: ${reason}`);
  return lines.join('\n');
}

/** The paths, with all files of one checkpoint as one entry. */
function folded(paths: readonly string[]): string[] {
  return [...new Set(paths.map((path) => /^checkpoints\/[^/]+\//.exec(path)?.[0] ?? path))];
}

/** Prints the first difference and throws, so that the exit code is 1. */
function finishUnequal(shell: CommandShell, first: Damage | ReceiptDifference, verdict: Verdict, text: string): never {
  const { rest, checked, notChecked } = verdict;
  const record = { command: 'verify', equal: false, first, ...rest, checked, notChecked: [...notChecked.keys()] };
  shell.finish(record, text);
  const place = 'file' in first ? first.file : typeof first.at === 'number' ? `checkpoint ${first.at}` : first.at;
  throw new Error(
    `verify: first mismatch at ${place}; the files differ from the replay or from each other; do not use the results; train it again`,
  );
}

async function verifyAction(
  shell: CommandShell,
  load: () => Promise<VerifyEngine>,
  path: string,
  { runtime, until: asked, allowExec, workers, ...allowed }: VerifyOptions,
): Promise<void> {
  // It loads the engine. Help and the other commands do not need it.
  const { folderSubject, receiptSubject } = await import('./subject.ts');
  const isFile = existsSync(path) && statSync(path).isFile();
  const subject = isFile ? receiptSubject(path) : folderSubject(path);
  if ('damage' in subject) {
    const { damage, paths } = subject;
    const notChecked = new Map(paths.map((entry) => [entry, 'not reached']));
    finishUnequal(shell, damage, { first: damage, checked: [], notChecked, rest: {} }, `differs    ${damage.message}`);
  }
  const { config, last, measure } = subject;
  const programs = permitted(config.env, path, allowExec);
  const until = untilOf(subject, asked);
  const { replayIn } = await load();
  const replayed = await withinLimit(shell, { config, until, workers, ...allowed }, ({ signal, follow }) =>
    shell.progress(path, (onProgress) => {
      const checkpointsAt = subject.checkpointsAt.filter((iteration) => iteration <= until);
      const compared = { until, checkpointsAt, measure: measure && measure.iteration <= until ? measure : null };
      const how = { workers, programs, withCrew: shell.withCrew, onProgress: follow(onProgress), signal };
      return replayIn(runtime, config, { ...compared, ...how });
    }),
  );
  // A pool of this process has printed its size before the replay.
  if (runtime !== 'node') shell.note(crewText({ ...replayed.workers, size: replayed.workers.count }));
  const links = subject.links.filter((link) => link.iteration <= until);
  const rest = { checkpoints: links.length, until, runtime: replayed.runtime, workers: replayed.workers };
  const comparison = subject.compare(replayed, until);
  const { first, checked, notChecked } = comparison;
  if (first) {
    const text = 'file' in first ? `differs    ${first.message}` : differenceText(first);
    finishUnequal(shell, first, { ...comparison, rest }, `${text}\n${coverageText(comparison)}`);
  }
  const whole = until === last;
  const hash = whole ? subject.hash : (links.at(-1)?.link ?? '');
  const upTo = `up to iteration ${until}${whole && subject.hasOutcome ? ', and the outcome' : ''}`;
  const text = [
    `equal      ${count(links.length)} checkpoint${links.length === 1 ? '' : 's'} ${upTo}`,
    coverageText(comparison),
    `hash       ${hash}`,
    `runtime    ${replayed.runtime}`,
  ].join('\n');
  shell.finish({ command: 'verify', equal: true, hash, ...rest, checked, notChecked: [...notChecked.keys()] }, text);
}

/** The iteration at which the replay ends. */
function untilOf({ links, last }: Subject, asked: number | undefined): number {
  if (asked === undefined || asked >= last) return last;
  const link = links.findLast(({ iteration }) => iteration <= asked);
  if (!link) throw new Error(`verify: the run has no checkpoint up to iteration ${asked}; use a larger --until`);
  return link.iteration;
}

export function addVerifyCommand(program: Command, host: Host, load: () => Promise<VerifyEngine>): void {
  const command = program
    .command('verify')
    .summary('replay a run and compare its files with the replay')
    .description(
      'Check that the files of a run agree with each other, train the run again, and compare every statement in the files with the replay: config, parameters, state, metrics, coupling and outcome.',
    )
    .argument('<run>', 'folder of a run, or file of a receipt')
    .addOption(choiceOption('--runtime <name>', 'runtime of the replay', runtimeNames).default('node'))
    .option('--until <n>', 'replay and compare up to the last checkpoint at or before this iteration', integerFrom(0))
    .addOption(allowExecOption())
    .addOption(workersOption())
    .addOption(wideOption())
    .addHelpText(
      'after',
      helpSections({
        examples: [
          'unbraid verify runs/first',
          'unbraid verify runs/first --until 40 --json',
          'unbraid verify runs/first --runtime firefox',
        ],
        details:
          'The replay takes as long as the training. If it is expected to take more than 10 minutes, allow it with --yes or --max-minutes. If anything differs, the command names the first difference and its exit code is 1. Entries that a replay cannot check are listed as unchecked.',
        next: 'docs/receipts.md describes what a receipt proves.',
      }),
    );
  for (const option of limitOptions()) command.addOption(option);
  run(host, command, (shell, path: string, options: VerifyOptions) => verifyAction(shell, load, path, options));
}
