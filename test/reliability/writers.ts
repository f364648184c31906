/** Starts two processes that write to the folder of one run. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { resolveConfig } from '../../src/config/config.ts';
import { randomStream } from '../../src/random.ts';
import { makeRun, receiptIn } from '../cli/realRun.ts';
import { slowChanges } from './bases.ts';
import { type Bench, trainArgs } from './kills.ts';
import { type Ended, type Started, start } from './product.ts';
import { recover, verifyLeft } from './recovery.ts';
import { countOne, fail, inspect, openTally, type Tally } from './tally.ts';

/** The second must exit with a usage error; if it resumes the run, the message contains the pid of the first. */
function checkRefused(tally: Tally, where: string, ended: Ended, first: Started, resume: boolean): void {
  inspect(tally, where, ended, ended.report?.maxRssKb ?? 0);
  if (ended.hung) fail(tally, 'hang', where);
  else if (ended.code !== 2) {
    fail(tally, 'lost run', `${where}: the second must end with 2, got ${ended.code}: ${ended.stderr.slice(-300)}`);
  } else if (resume && !ended.stderr.includes(String(first.pid))) {
    fail(tally, 'unclear message', `${where}: the refusal must name ${first.pid}: ${ended.stderr.slice(-300)}`);
  }
}

function checkFinished(tally: Tally, where: string, ended: Ended, directory: string, hash: string): void {
  inspect(tally, where, ended, ended.report?.maxRssKb ?? 0);
  if (ended.hung) fail(tally, 'hang', where);
  if (ended.code !== 0) {
    fail(tally, 'lost run', `${where}: the first must end with 0, got ${ended.code}: ${ended.stderr.slice(-300)}`);
    return;
  }
  const got = receiptIn(directory).hash;
  if (got !== hash) fail(tally, 'lost run', `${where}: another result, ${got}`);
}

/** Two writers: both start at once, one starts while the other writes, or one finds the lock of a killed one. */
export async function writers(bench: Bench): Promise<Tally> {
  const { root, commands, product, count, say } = bench;
  const tally = openTally('two writers');
  const slow = resolveConfig(slowChanges);
  const [whole, short] = ['whole', 'short'].map((name) => join(root, name));
  await makeRun(whole, slow);
  await makeRun(short, slow, 2);
  const expected = receiptIn(whole);
  const run = (directory: string, resume: boolean): string[] =>
    resume ? ['train', '--resume', directory, '--workers', '1'] : trainArgs(directory, slowChanges);

  async function atOnce(where: string, directory: string, resume: boolean): Promise<void> {
    const both = [0, 1].map(() => start(product, run(directory, resume), { folder: directory, how: 'nothing', at: 0 }));
    const ended = await Promise.all(both.map((one) => one.ended));
    const winner = ended.findIndex(({ code }) => code === 0);
    if (winner < 0) {
      fail(tally, 'lost run', `${where}: neither ends with 0: ${ended.map(({ stderr }) => stderr.slice(-200)).join()}`);
      return;
    }
    checkRefused(tally, where, ended[1 - winner], both[winner], resume);
    checkFinished(tally, where, ended[winner], directory, expected.hash);
  }

  async function atWork(where: string, directory: string, resume: boolean, at: number): Promise<void> {
    // The first process is stopped in the middle of its work while the second one tries.
    const first = start(product, run(directory, true), { folder: directory, how: 'SIGSTOP', at });
    await first.stopped();
    const second = start(product, run(directory, resume), { folder: directory, how: 'nothing', at: 0 });
    checkRefused(tally, where, await second.ended, first, resume);
    first.kill('SIGCONT');
    checkFinished(tally, where, await first.ended, directory, expected.hash);
  }

  async function afterKill(where: string, directory: string, at: number): Promise<void> {
    const first = start(product, run(directory, true), { folder: directory, how: 'kill before', at });
    await first.ended;
    const second = await start(product, run(directory, true), { folder: directory, how: 'nothing', at: 0 }).ended;
    checkFinished(tally, where, second, directory, expected.hash);
    if (!second.stderr.includes(String(first.pid))) {
      fail(tally, 'unclear message', `${where}: no word of the lock of ${first.pid}: ${second.stderr.slice(-600)}`);
    }
  }

  for (let i = 0; i < count; i++) {
    const directory = join(root, `writers-${String(i).padStart(5, '0')}`);
    const kind = ['two resumes at once', 'a resume beside one at work', 'after a kill', 'two new runs at once'][i % 4];
    // Operations of a resume from here on hold the lock, which takes some twenty; the last ones may have given it back.
    const at = 24 + randomStream(1, 'test/writers', 0, i).below(46);
    const where = `writers ${i}: ${kind}, operation ${at}`;
    tally.attempts++;
    countOne(tally, kind);
    if (i % 4 !== 3) cpSync(short, directory, { recursive: true });
    if (i % 4 === 0) await atOnce(where, directory, true);
    else if (i % 4 === 1) await atWork(where, directory, i % 8 === 1, at);
    else if (i % 4 === 2) await afterKill(where, directory, at);
    else await atOnce(where, directory, false);
    await verifyLeft(commands, tally, where, directory);
    const train = trainArgs(directory, slowChanges);
    await recover(commands, tally, where, { directory, train, expected }, false);
    rmSync(directory, { recursive: true, force: true });
    if ((i + 1) % 10 === 0) say(`two writers: ${i + 1} of ${count}, ${tally.failures.length} failures`);
  }
  return tally;
}
