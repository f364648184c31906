/** Simulates a disk that is full from one file operation on, and uses a real file system that is too small. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { randomStream } from '../../src/random.ts';
import { receiptIn } from '../cli/realRun.ts';
import { type Bench, sceneOperations, scenes, setScene, spreadPoints, trainArgs } from './kills.ts';
import { type Ended, start } from './product.ts';
import { recover, verifyLeft } from './recovery.ts';
import { countOne, fail, inspect, openTally, type Tally } from './tally.ts';
import { filesOf } from './verdict.ts';

/** Without disk space, a command must exit with code 1, name the next step, and leave no temporary file. */
function checkEnd(tally: Tally, where: string, directory: string, ended: Ended): void {
  inspect(tally, where, ended, ended.report?.maxRssKb ?? 0);
  if (ended.hung) fail(tally, 'hang', where);
  else if (ended.code !== 1)
    fail(tally, 'crash', `${where}: exit ${ended.code ?? ended.signal}: ${ended.stderr.slice(-300)}`);
  if (!/ENOSPC.*free some space/.test(ended.stderr)) {
    fail(tally, 'unclear message', `${where}: no word of the full disk: ${ended.stderr.slice(-300)}`);
  }
  const left = existsSync(directory) ? filesOf(directory).find((file) => file.includes('.tmp')) : undefined;
  if (left !== undefined) fail(tally, 'lost run', `${where}: ${left} is left over`);
}

/** Runs on a separate file system that is too small by a seeded amount. With more space, the run is resumed. */
async function realDisk(bench: Bench, tally: Tally, count: number): Promise<void> {
  const { root, bases, commands } = bench;
  const expected = receiptIn(bases.finished);
  const mounted = join(root, 'small');
  mkdirSync(mounted);
  for (let i = 0; i < count; i++) {
    // A complete run needs about 400 KiB.
    const kib = 4 * (1 + randomStream(1, 'test/disk', 0, i).below(60));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', mounted], { stdio: 'pipe' });
    } catch {
      tally.notes.push('no file system of its own could be mounted; only writes that fail were tried');
      return;
    }
    try {
      const directory = join(mounted, 'run');
      const where = `disk of ${kib} KiB`;
      tally.attempts++;
      countOne(tally, 'a small file system');
      const fault = { folder: directory, how: 'nothing', at: 0 } as const;
      const ended = await start(bench.product, trainArgs(directory), fault).ended;
      checkEnd(tally, where, directory, ended);
      await verifyLeft(commands, tally, where, directory);
      execFileSync('mount', ['-o', 'remount,size=16m', mounted], { stdio: 'pipe' });
      await recover(commands, tally, where, { directory, train: trainArgs(directory), expected }, i % 2 === 0);
    } finally {
      execFileSync('umount', ['-l', mounted]);
    }
  }
}

/**
 * Fills the disk at file operations. With space again, the run is resumed. A fifth of the attempts use a real file
 * system, if root permissions allow it.
 */
export async function disk(bench: Bench): Promise<Tally> {
  const { root, bases, commands, count, say } = bench;
  const tally = openTally('full disk');
  const expected = receiptIn(bases.finished);
  const operations = await sceneOperations(bench);
  const real = Math.floor(count / 5);
  await realDisk(bench, tally, real);
  for (const [i, point] of spreadPoints(operations, count - real).entries()) {
    const scene = scenes[point.scene];
    const directory = join(root, `disk-${String(i).padStart(5, '0')}`);
    const where = `disk ${i}: ${scene.name}, full at operation ${point.at}`;
    setScene(scene, bench, directory);
    const fault = { folder: directory, how: 'full disk', at: point.at } as const;
    const ended = await start(bench.product, scene.args(directory), fault).ended;
    tally.attempts++;
    // Nothing was written after that operation: the command did not need the space.
    if (ended.code === 0) {
      countOne(tally, 'needed no more space');
      inspect(tally, where, ended, ended.report?.maxRssKb ?? 0);
    } else {
      countOne(tally, scene.name);
      checkEnd(tally, where, directory, ended);
    }
    await verifyLeft(commands, tally, where, directory);
    await recover(commands, tally, where, { directory, train: trainArgs(directory), expected }, i % 4 < 2);
    rmSync(directory, { recursive: true, force: true });
    if ((i + 1) % 20 === 0) say(`full disk: ${real + i + 1} of ${count}, ${tally.failures.length} failures`);
  }
  return tally;
}
