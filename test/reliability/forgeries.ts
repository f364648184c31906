/** Runs each command that reads a run on every forgery and on every honest base. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { forgedFiles } from '../record/forgedFiles.ts';
import { forgedNumbers } from '../record/forgedNumbers.ts';
import type { Bench } from './kills.ts';
import { execute, verifyLeft } from './recovery.ts';
import { countOne, fail, openTally, type Tally } from './tally.ts';
import { wrongOnForgery } from './verdict.ts';

/** The first `count` forgeries. */
export async function forgeries(bench: Bench): Promise<Tally> {
  const { root, bases, commands, count, say } = bench;
  const tally = openTally('forgeries');
  const run = join(root, 'run');
  const all = [...forgedNumbers, ...forgedFiles].slice(0, count);
  for (const [i, forgery] of all.entries()) {
    rmSync(run, { recursive: true, force: true });
    cpSync(bases[forgery.base], run, { recursive: true });
    forgery.forge(run, bases.other);
    const where = `forgery: ${forgery.name}`;
    tally.attempts++;
    countOne(tally, `of a run ${forgery.base}`);
    const outcome = await execute(commands, tally, where, 'verify', run, '--json');
    const wrong = outcome && wrongOnForgery(forgery, outcome);
    if (wrong) fail(tally, 'wrong verdict', `${where}: ${wrong}`);
    // Only a replay detects the forgery. These commands may accept it; if they reject it, the message must be clear.
    await execute(commands, tally, where, 'eval', run, '--episodes', '20');
    await execute(commands, tally, where, 'coupling', run, '--samples', '8');
    await execute(commands, tally, where, 'train', '--resume', run);
    if ((i + 1) % 50 === 0) say(`forgeries: ${i + 1} of ${all.length}, ${tally.failures.length} failures`);
  }
  for (const [name, directory] of Object.entries(bases)) {
    countOne(tally, 'honest runs beside them');
    await verifyLeft(commands, tally, `honest run: ${name}`, directory);
  }
  return tally;
}
