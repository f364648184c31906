/** SIGKILL at file operations: before one, or when half of its work is done. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { randomStream } from '../../src/random.ts';
import { changes, receiptIn } from '../cli/realRun.ts';
import type { Bases } from './bases.ts';
import type { Commands } from './commands.ts';
import type { Fault } from './faults.ts';
import { type Product, start } from './product.ts';
import { execute, recover, verifyLeft } from './recovery.ts';
import { countOne, fail, openTally, type Tally } from './tally.ts';

/** Parameters of each part of the harness. */
export interface Bench {
  /** An empty folder. */
  readonly root: string;
  readonly bases: Bases;
  readonly commands: Commands;
  readonly product: Product;
  readonly count: number;
  /** Shows one line of progress. */
  readonly say: (text: string) => void;
}

/** The command line that begins a run in `directory`: the run `finished` of the bases, unless other keys are given. */
export function trainArgs(directory: string, given: Partial<Config> = changes, workers = 1): string[] {
  const settings = Object.entries(given).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  return ['train', ...settings, '--workers', String(workers), '--out', directory];
}

/** A command that writes to a run's folder, and the initial content of that folder. */
interface Scene {
  readonly name: string;
  readonly from: keyof Bases | null;
  args(directory: string): string[];
}

export const scenes: readonly Scene[] = [
  { name: 'train', from: null, args: trainArgs },
  { name: 'train --resume', from: 'cut short', args: (run) => ['train', '--resume', run, '--workers', '1'] },
  { name: 'train --resume of a finished run', from: 'finished', args: (run) => ['train', '--resume', run] },
  { name: 'coupling', from: 'finished', args: (run) => ['coupling', run, '--samples', '8', '--workers', '1'] },
];

/** Creates the initial folder of a scene. */
export function setScene({ from }: Scene, { bases }: Bench, directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  if (from !== null) cpSync(bases[from], directory, { recursive: true });
}

async function operationsOf(scene: Scene, bench: Bench, directory: string): Promise<readonly string[]> {
  setScene(scene, bench, directory);
  const fault = { folder: directory, how: 'nothing', at: 0 } as const;
  const { code, signal, stderr, report } = await start(bench.product, scene.args(directory), fault).ended;
  rmSync(directory, { recursive: true, force: true });
  if (code !== 0 || report === null) {
    throw new Error(`${scene.name}: must end with 0, got ${code ?? signal}: ${stderr}`);
  }
  return report.operations;
}

const counted = new WeakMap<Bases, readonly (readonly string[])[]>();

/** File operations of each undisturbed scene, counted once. */
export async function sceneOperations(bench: Bench): Promise<readonly (readonly string[])[]> {
  const known = counted.get(bench.bases);
  if (known) return known;
  const operations: (readonly string[])[] = [];
  for (const scene of scenes) operations.push(await operationsOf(scene, bench, join(bench.root, 'scene')));
  counted.set(bench.bases, operations);
  bench.say(`file operations: ${scenes.map(({ name }, i) => `${name} ${operations[i].length}`).join(', ')}`);
  return operations;
}

/** An operation of a scene, counted from 1. */
interface Point {
  readonly scene: number;
  readonly at: number;
}

/** Distributes `count` attempts evenly over the operations of all scenes. */
export function spreadPoints(operations: readonly (readonly string[])[], count: number): Point[] {
  const total = operations.reduce((sum, { length }) => sum + length, 0);
  return Array.from({ length: count }, (_, i) => {
    let at = Math.floor(((i + 0.5) * total) / count);
    let scene = 0;
    while (at >= operations[scene].length) at -= operations[scene++].length;
    return { scene, at: at + 1 };
  });
}

/** The removals of a scene: half of a removal is a separate state. */
function removals(operations: readonly (readonly string[])[]): Point[] {
  return operations.flatMap((names, scene) =>
    names.flatMap((name, i) => (name === 'rmSync' ? [{ scene, at: i + 1 }] : [])),
  );
}

async function killAt(bench: Bench, tally: Tally, where: string, args: string[], fault: Omit<Fault, 'report'>) {
  const ended = await start(bench.product, args, fault).ended;
  tally.commands++;
  if (ended.hung) fail(tally, 'hang', where);
  if (ended.signal !== 'SIGKILL') fail(tally, 'crash', `${where}: ended by itself with ${ended.code}: ${ended.stderr}`);
}

/** Kills commands at their file operations, checks the remaining files, and resumes the run. */
export async function kills(bench: Bench): Promise<Tally> {
  const { root, bases, commands, count, say } = bench;
  const tally = openTally('kills');
  const expected = receiptIn(bases.finished);
  const operations = await sceneOperations(bench);
  const first = removals(operations).slice(0, Math.ceil(count / 4));
  for (const [i, point] of [...first, ...spreadPoints(operations, count - first.length)].entries()) {
    const scene = scenes[point.scene];
    const directory = join(root, `kill-${String(i).padStart(5, '0')}`);
    const how = i >= first.length && i % 2 === 0 ? 'kill before' : 'kill within';
    const where = `kill ${i}: ${scene.name}, ${how} operation ${point.at}`;
    setScene(scene, bench, directory);
    tally.attempts++;
    countOne(tally, scene.name);
    await killAt(bench, tally, where, scene.args(directory), { folder: directory, how, at: point.at });
    await verifyLeft(commands, tally, where, directory);
    const train = trainArgs(directory);
    if (scene.name === 'train' && i % 3 === 0) {
      // The resumed run is killed, too, if it reaches the operation.
      const at = 1 + randomStream(1, 'test/kills', 0, i).below(20);
      const again = await execute(commands, tally, where, 'verify', directory);
      const resume = again?.code === 0 ? ['train', '--resume', directory] : train;
      await start(bench.product, resume, { folder: directory, how: 'kill before', at }).ended;
      tally.commands++;
      countOne(tally, 'killed twice');
      await verifyLeft(commands, tally, `${where}, then ${resume[1]} killed at ${at}`, directory);
    }
    await recover(commands, tally, where, { directory, train, expected }, i % 4 < 2);
    rmSync(directory, { recursive: true, force: true });
    if ((i + 1) % 20 === 0) say(`kills: ${i + 1} of ${count}, ${tally.failures.length} failures`);
  }
  return tally;
}
