/**
 * Requirements on a folder whose process ended early: it can be verified, and resumed to the result of an uninterrupted
 * run.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Receipt } from '../../src/record/receipt.ts';
import { receiptIn } from '../cli/realRun.ts';
import type { Commands } from './commands.ts';
import { fail, inspect, type Tally } from './tally.ts';
import { type Outcome, wrongOnHonest } from './verdict.ts';

/** Executes a command in the other process. Returns null, and counts a failure, if there is no answer. */
export async function execute(
  commands: Commands,
  tally: Tally,
  where: string,
  ...args: readonly string[]
): Promise<Outcome | null> {
  const executed = await commands.run(...args);
  const named = `${where}: ${args[0]}`;
  if ('failed' in executed) {
    tally.commands++;
    fail(tally, executed.failed, `${named}: ${executed.reason}`);
    return null;
  }
  inspect(tally, named, executed, executed.maxRssKb);
  return executed;
}

function hasCheckpoint(directory: string): boolean {
  const folder = join(directory, 'checkpoints');
  return existsSync(folder) && readdirSync(folder).some((name) => /^\d{6}$/.test(name));
}

const nothingYet =
  /has no checkpoint yet|has no checkpoint to compare yet|does not exist|is no run|nothing to compare|nothing to verify/;

/** Verifies an interrupted run: it must be equal, or the message must state that there is nothing to compare yet. */
export async function verifyLeft(commands: Commands, tally: Tally, where: string, directory: string): Promise<void> {
  const outcome = await execute(commands, tally, where, 'verify', directory, '--json');
  if (outcome === null) return;
  if (!hasCheckpoint(directory) && outcome.code !== 0 && nothingYet.test(outcome.stderr)) return;
  const wrong = wrongOnHonest(directory, outcome);
  if (wrong !== null) fail(tally, 'wrong verdict', `${where}: ${wrong}`);
}

/**
 * Resumes the run, or starts it again if no part of it is left, and compares its receipt with that of an uninterrupted
 * run.
 *
 * @param train command line that starts the run in that folder
 * @param anew start again if there is no checkpoint, even if `--resume` is possible
 */
export async function recover(
  commands: Commands,
  tally: Tally,
  where: string,
  run: { readonly directory: string; readonly train: readonly string[]; readonly expected: Receipt },
  anew: boolean,
): Promise<void> {
  const { directory, train, expected } = run;
  const begins = !existsSync(join(directory, 'config.json')) || (anew && !hasCheckpoint(directory));
  const args = begins ? train : ['train', '--resume', directory];
  const outcome = await execute(commands, tally, where, ...args);
  if (outcome === null) return;
  const how = begins ? 'begun again' : 'resumed';
  if (outcome.code !== 0) {
    fail(tally, 'lost run', `${where}: ${how}: exit code ${outcome.code}: ${outcome.stderr.slice(-300)}`);
    return;
  }
  const { hash } = receiptIn(directory);
  if (hash !== expected.hash) fail(tally, 'lost run', `${where}: ${how}: another result, ${hash}`);
  await verifyLeft(commands, tally, `${where}, ${how}`, directory);
}
