/** `unbraid verify`: replays a run and compares its chain of hashes. */
import { existsSync, statSync } from 'node:fs';
import type { Command } from 'commander';
import type { MemoryMode } from '../parallel/crew.ts';
import { readClaim } from '../record/claim.node.ts';
import type { Damage } from '../record/integrity.node.ts';
import { firstDifference, type Receipt, type ReceiptDifference } from '../record/receipt.ts';
import { requireRun } from '../record/run.node.ts';
import { type Config, resolveConfig } from '../train/config.ts';
import type { Progress } from '../train/run.ts';
import { numericsVersion } from '../version.ts';
import { choiceOption, integerFrom, usage, workersOption } from './arguments.ts';
import { allowExecOption, type Programs, permitted } from './bridges.ts';
import { crewText, type Frame, type Host, run } from './frame.ts';
import { teach } from './help.ts';
import { count } from './print.ts';
import { type LimitOptions, limitOptions, withinLimit } from './replayLimit.ts';
import { type RuntimeName, runtimeNames } from './runtime/installed.ts';

export interface Replayed {
  readonly receipt: Receipt;
  /** Name and version: `node 24.21.0`. */
  readonly runtime: string;
  /** Threads, on whose memory, and why. */
  readonly workers: { readonly count: number; readonly memory: MemoryMode; readonly reason: string };
}

export interface ReplayInOptions {
  readonly until: number;
  /** Threads asked for; undefined is one per core. */
  readonly workers: number | undefined;
  /** Which programs may be started for the environment; none but those of this package if not given. */
  readonly programs?: Programs;
  /** Opens a crew of threads in this process; another runtime opens its own. */
  readonly withCrew: Frame['withCrew'];
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

export interface VerifyEngine {
  /** Trains by `config` up to iteration `until`, without records. */
  readonly replayIn: (runtime: RuntimeName, config: Config, options: ReplayInOptions) => Promise<Replayed>;
}

interface VerifyOptions extends LimitOptions {
  readonly runtime: RuntimeName;
  readonly until?: number;
  readonly allowExec?: true;
  readonly workers?: number;
}

/** Refuses a receipt of other bits; gives the iteration of the last link to compare. */
function lastLink(receipt: Receipt, until: number): number {
  const { numerics, unbraid, links, arithmetic } = receipt;
  if (arithmetic) {
    throw new Error(
      `verify: the run must have exact arithmetic, got ${arithmetic}, whose bits depend on the processor; train it without --arithmetic relaxed`,
    );
  }
  if (numerics !== numericsVersion) {
    throw new Error(
      `verify: the receipt has numerics version ${numerics}, this unbraid has ${numericsVersion}; check it with: npx unbraid@${unbraid} verify`,
    );
  }
  const last = links.findLast((link) => link.iteration <= until);
  if (!last) throw new Error('verify: the receipt has no checkpoint to compare; train the run further');
  return last.iteration;
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

/** Prints that the run is not what it claims to be, and ends with exit code 1. */
function finishUnequal(frame: Frame, first: Damage | ReceiptDifference, rest: object, text: string): never {
  frame.finish({ command: 'verify', equal: false, first, ...rest }, text);
  const place = 'file' in first ? first.file : typeof first.at === 'number' ? `checkpoint ${first.at}` : first.at;
  throw new Error(`verify: not equal, first at ${place}; do not trust this run's numbers, train it again`);
}

async function verifyAction(
  frame: Frame,
  load: () => Promise<VerifyEngine>,
  path: string,
  { runtime, until: last, allowExec, workers, ...allowed }: VerifyOptions,
): Promise<void> {
  const isFile = existsSync(path) && statSync(path).isFile();
  if (!isFile) usage(() => requireRun(path));
  const claim = readClaim(path, !isFile);
  if ('damage' in claim) finishUnequal(frame, claim.damage, {}, `differs    ${claim.damage.message}`);
  const { receipt } = claim;
  const config = resolveConfig(receipt.config);
  const programs = permitted(config.env, path, allowExec);
  const until = lastLink(receipt, last ?? Number.POSITIVE_INFINITY);
  const { replayIn } = await load();
  const asked = { config, until, workers, ...allowed };
  const replayed = await withinLimit(frame, asked, ({ signal, follow }) =>
    frame.progress(path, (onProgress) => {
      const options = { until, workers, programs, withCrew: frame.withCrew, onProgress: follow(onProgress), signal };
      return replayIn(runtime, config, options);
    }),
  );
  // A crew of this process has said so before it began.
  if (runtime !== 'node') frame.note(crewText({ ...replayed.workers, size: replayed.workers.count }));
  const checkpoints = receipt.links.filter((link) => link.iteration <= until).length;
  const rest = { checkpoints, until, runtime: replayed.runtime, workers: replayed.workers };
  const first = firstDifference(receipt, replayed.receipt, until);
  if (first) finishUnequal(frame, first, rest, differenceText(first));
  const whole = until === receipt.links.at(-1)?.iteration;
  const hash = whole ? receipt.hash : receipt.links[checkpoints - 1].link;
  const upTo = `up to iteration ${until}${whole && receipt.outcome !== null ? ', and the outcome' : ''}`;
  const text = [
    `equal      ${count(checkpoints)} checkpoint${checkpoints === 1 ? '' : 's'} ${upTo}`,
    `hash       ${hash}`,
    `runtime    ${replayed.runtime}`,
  ].join('\n');
  frame.finish({ command: 'verify', equal: true, hash, ...rest }, text);
}

export function addVerifyCommand(program: Command, host: Host, load: () => Promise<VerifyEngine>): void {
  const command = program
    .command('verify')
    .summary('replay a run and compare its hashes')
    .description(
      'Check that the files of a run agree with its receipt, train the run again, and compare parameters, state, metrics and outcome.',
    )
    .argument('<run>', "a run's folder, or a receipt's file alone")
    .addOption(choiceOption('--runtime <name>', 'where to replay it', runtimeNames).default('node'))
    .option('--until <n>', 'compare no checkpoint after this iteration', integerFrom(0))
    .addOption(allowExecOption())
    .addOption(workersOption())
    .addHelpText(
      'after',
      teach({
        examples: [
          'unbraid verify runs/first',
          'unbraid verify runs/first --until 40 --json',
          'unbraid verify runs/first --runtime firefox',
        ],
        details:
          'It takes as long as the training did. What is expected to take more than 10 minutes is replayed only if you say so. Exit code 1 if anything differs: the first difference is named.',
        next: 'docs/receipts.md says what a receipt proves.',
      }),
    );
  for (const option of limitOptions()) command.addOption(option);
  run(host, command, (frame, path: string, options: VerifyOptions) => verifyAction(frame, load, path, options));
}
