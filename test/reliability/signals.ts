/** SIGINT, SIGTERM and SIGHUP in every phase, with one thread and with two. */
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { resolveConfig } from '../../src/config/config.ts';
import { randomStream } from '../../src/random.ts';
import type { Receipt } from '../../src/record/receipt.ts';
import { makeRun, receiptIn } from '../cli/realRun.ts';
import { slowChanges } from './bases.ts';
import { type Bench, trainArgs } from './kills.ts';
import { type Ended, start } from './product.ts';
import { recover, verifyLeft } from './recovery.ts';
import { countOne, fail, inspect, openTally, type Tally } from './tally.ts';
import { filesOf } from './verdict.ts';

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const names = Object.keys(exitCodes) as (keyof typeof exitCodes)[];
/**
 * Longest time from a signal to the end of the process that does not count as a hang, in ms (also on a busy machine).
 */
const promptMs = 30_000;

/** Time of the signal: at a file operation, or a given time after the start of a phase. */
type Moment =
  | { readonly operation: number }
  | {
      readonly phase: string;
      /** What stderr shows when it begins. */
      readonly sign: string;
      readonly delayMs: number;
    };

interface Attempt {
  readonly signal: keyof typeof exitCodes;
  readonly workers: 1 | 2;
  readonly moment: Moment;
}

/**
 * Phases of training, the text on stderr at their start (the line of the previous phase), and their shortest duration
 * in ms.
 */
const phases: readonly (readonly [string, string, number])[] = [
  ['the cold start', '  vocabulary  ', 100],
  ['the first coupling', '  cold start  ', 40],
  ['the first evaluation', '  coupling  ', 80],
  ['the iterations', '  evaluate  ', 400],
];

function attempt(i: number): Attempt {
  const random = randomStream(1, 'test/signals', 0, i);
  const workers = i % 2 === 0 ? 1 : 2;
  if (i % 5 === 4) return { signal: names[i % 3], workers, moment: { operation: 1 + random.below(120) } };
  const [phase, sign, lasts] = phases[i % 5];
  return { signal: names[i % 3], workers, moment: { phase, sign, delayMs: random.below(lasts) } };
}

function threads(count: number): string {
  return count === 1 ? '1 thread' : `${count} threads`;
}

function momentText(moment: Moment): string {
  return 'operation' in moment ? `at operation ${moment.operation}` : `${moment.delayMs} ms into ${moment.phase}`;
}

/** Starts a command, sends the signal, and returns how it ended; null if it ended before the signal. */
async function signalled(
  bench: Bench,
  args: readonly string[],
  folder: string,
  { signal, moment }: Attempt,
): Promise<Ended | null> {
  if ('operation' in moment) {
    const ended = await start(bench.product, args, { folder, how: signal, at: moment.operation }).ended;
    return ended.report !== null && ended.report.operations.length < moment.operation ? null : ended;
  }
  const running = start(bench.product, args, { folder, how: 'nothing', at: 0 });
  let over = false;
  void running.ended.then(() => {
    over = true;
  });
  if (!(await running.said(moment.sign))) return null;
  await new Promise((resolve) => setTimeout(resolve, moment.delayMs));
  if (over) return null;
  running.kill(signal);
  const timer = setTimeout(() => running.kill('SIGKILL'), promptMs);
  const ended = await running.ended;
  clearTimeout(timer);
  // It may have ended by itself while the signal was on its way.
  if (ended.code === 0 && existsSync(join(folder, 'receipt.json'))) return null;
  return ended.signal === 'SIGKILL' ? { ...ended, hung: true } : ended;
}

/** The iteration of the latest checkpoint and of the last line of metrics.jsonl; null if there is none. */
function reached(directory: string): [number | null, number | null] {
  const [latest, metrics] = ['latest.json', 'metrics.jsonl'].map((name) => join(directory, name));
  const lines = existsSync(metrics) ? readFileSync(metrics, 'utf8').split('\n') : [];
  const line = lines.at(-2);
  return [
    existsSync(latest) ? (JSON.parse(readFileSync(latest, 'utf8')) as { iteration: number }).iteration : null,
    line === undefined ? null : (JSON.parse(line) as { iteration: number }).iteration,
  ];
}

function checkEnd(tally: Tally, where: string, ended: Ended, signal: keyof typeof exitCodes, said: string): void {
  inspect(
    tally,
    where,
    { ...ended, code: ended.code === exitCodes[signal] ? 1 : ended.code },
    ended.report?.maxRssKb ?? 0,
  );
  if (ended.hung) fail(tally, 'hang', where);
  else if (ended.code !== exitCodes[signal]) {
    const got = ended.code ?? ended.signal;
    fail(tally, 'crash', `${where}: must end with ${exitCodes[signal]}, got ${got}: ${ended.stderr.slice(-300)}`);
  }
  if (ended.code !== null && !ended.stderr.includes(said))
    fail(tally, 'unclear message', `${where}: no "${said}": ${ended.stderr.slice(-300)}`);
}

async function signalTraining(bench: Bench, tally: Tally, i: number, expected: Receipt): Promise<void> {
  const { root, commands } = bench;
  const directory = join(root, `signal-${String(i).padStart(5, '0')}`);
  const tried = attempt(i);
  const where = `signal ${i}: ${tried.signal} ${momentText(tried.moment)}, ${threads(tried.workers)}`;
  const ended = await signalled(bench, trainArgs(directory, slowChanges, tried.workers), directory, tried);
  if (ended === null) {
    countOne(tally, 'ended before the signal, not counted');
    return;
  }
  tally.attempts++;
  countOne(tally, `train, ${tried.signal}`);
  countOne(tally, `train, ${threads(tried.workers)}`);
  countOne(
    tally,
    `train, ${'operation' in tried.moment ? 'at a file operation' : `after the start of ${tried.moment.phase}`}`,
  );
  // A run that has not started has no folder to resume.
  const begun = existsSync(join(directory, 'config.json'));
  checkEnd(tally, where, ended, tried.signal, begun ? 'unbraid train --resume ' : 'no file was written');
  const [checkpoint, line] = reached(directory);
  // There is none before the first evaluation has ended.
  if (checkpoint !== line && line !== null) {
    fail(tally, 'lost run', `${where}: the last checkpoint is of ${checkpoint}, the last line of ${line}`);
  }
  await verifyLeft(commands, tally, where, directory);
  const train = trainArgs(directory, slowChanges);
  await recover(commands, tally, where, { directory, train, expected }, i % 2 === 0);
  rmSync(directory, { recursive: true, force: true });
}

/** Commands that read a run must exit with the signal's code and leave the folder unchanged. */
async function signalReading(bench: Bench, tally: Tally, i: number, finished: string): Promise<void> {
  const directory = join(bench.root, `reading-${String(i).padStart(5, '0')}`);
  cpSync(finished, directory, { recursive: true });
  const files = filesOf(directory);
  const random = randomStream(1, 'test/signals', 1, i);
  const [command, phase, ...more] = [
    ['verify', 'vocabulary'],
    ['eval', 'evaluate', '--episodes', '200000'],
    ['coupling', 'coupling', '--samples', '400'],
  ][i % 3];
  const tried: Attempt = {
    signal: names[random.below(3)],
    workers: random.below(2) === 0 ? 1 : 2,
    moment: { phase: 'its work', sign: `  ${phase}  `, delayMs: random.below(200) },
  };
  const where = `signal ${i}: ${command}, ${tried.signal} ${momentText(tried.moment)}, ${threads(tried.workers)}`;
  const args = [command, directory, ...more, '--workers', String(tried.workers)];
  // A receipt in the folder does not show that a command which reads it has ended.
  const ended = await signalled(bench, args, `${directory}-none`, tried);
  if (ended === null || ended.code === 0) countOne(tally, 'ended before the signal, not counted');
  else {
    tally.attempts++;
    countOne(tally, command);
    checkEnd(tally, where, ended, tried.signal, 'interrupted');
    if (filesOf(directory).join() !== files.join())
      fail(tally, 'lost run', `${where}: other files: ${filesOf(directory)}`);
  }
  rmSync(directory, { recursive: true });
}

/** Signals to training and, every fifth, to a command that reads a run. */
export async function signals(bench: Bench): Promise<Tally> {
  const { root, count, say } = bench;
  const tally = openTally('signals');
  const finished = join(root, 'slow');
  await makeRun(finished, resolveConfig(slowChanges));
  const expected = receiptIn(finished);
  for (let i = 0; tally.attempts < count && i < 3 * count + 10; i++) {
    if (i % 6 === 5) await signalReading(bench, tally, Math.floor(i / 6), finished);
    else await signalTraining(bench, tally, i - Math.floor(i / 6), expected);
    if ((i + 1) % 10 === 0) say(`signals: ${tally.attempts} of ${count}, ${tally.failures.length} failures`);
  }
  return tally;
}
