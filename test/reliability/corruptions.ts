/**
 * Damaged folders for every command that reads a run: unchanged otherwise, with all hashes computed again, and without
 * a receipt.
 */
import { cpSync, existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { randomStream } from '../../src/random.ts';
import { canonicalJson, type JsonRecord } from '../../src/record/json.ts';
import { receiptIn } from '../cli/realRun.ts';
import { type Editable, rehash } from '../record/forge.ts';
import type { Base } from '../record/forgery.ts';
import { corrupt } from './corrupt.ts';
import type { Bench } from './kills.ts';
import { execute } from './recovery.ts';
import { countOne, fail, openTally, type Tally } from './tally.ts';
import { filesOf, type Outcome, verdictOf } from './verdict.ts';

const kinds = ['raw', 'hashes made anew', 'without receipt'] as const;
const damaged: readonly Base[] = ['finished', 'cut short', 'finished', 'text', 'measured'];

const evalArgs = (run: string): string[] => ['eval', run, '--episodes', '20', '--json'];
const couplingArgs = (run: string): string[] => ['coupling', run, '--samples', '8', '--json'];

/** The statements of a file that a replay can check; its bytes if it is not JSON. */
function statement(file: string, path: string): string | null {
  if (!existsSync(path) || !statSync(path).isFile()) return null;
  const bytes = readFileSync(path);
  if (!/(?<!receipt)\.json$/.test(file)) return bytes.toString('latin1');
  let value: Editable;
  try {
    value = JSON.parse(bytes.toString()) as Editable;
  } catch {
    return bytes.toString('latin1');
  }
  if (file === 'result.json') for (const key of ['wallMs', 'workers', 'kernels']) delete value[key];
  if (file.startsWith('coupling')) delete value.run;
  return canonicalJson({ value } as JsonRecord);
}

/**
 * Whether the folder is honest independent of the damage to that file: the file is a page, or it is missing and a
 * killed run lacks it, too.
 */
function statesNothing(run: string, file: string): boolean {
  if (file.endsWith('.html')) return true;
  if (existsSync(join(run, file))) return false;
  if (file === 'result.json') return !existsSync(join(run, 'receipt.json'));
  return ['receipt.json', 'latest.json', 'coupling.json'].includes(file);
}

/** Every file of a folder as text, to compare. */
function contents(directory: string): string {
  return JSON.stringify(filesOf(directory).map((file) => [file, readFileSync(join(directory, file), 'latin1')]));
}

interface Honest {
  readonly eval: string;
  readonly coupling: string;
  readonly hash: string;
}

async function honestOutcomes(bench: Bench, tally: Tally, run: string): Promise<Map<Base, Honest>> {
  const { bases, commands } = bench;
  const honest = new Map<Base, Honest>();
  for (const base of new Set(damaged)) {
    rmSync(run, { recursive: true, force: true });
    cpSync(bases[base], run, { recursive: true });
    const evaluated = await execute(commands, tally, base, ...evalArgs(run));
    const coupled = await execute(commands, tally, base, ...couplingArgs(run));
    if (evaluated?.code !== 0 || coupled?.code !== 0) throw new Error(`corruptions: ${base} must be evaluated`);
    const { hash } = receiptIn(base === 'cut short' ? bases.finished : bases[base]);
    honest.set(base, { eval: evaluated.stdout, coupling: coupled.stdout, hash });
  }
  return honest;
}

function checkVerify(tally: Tally, where: string, outcome: Outcome, same: boolean): void {
  const verdict = verdictOf(outcome);
  if (outcome.code === 0 && !same) fail(tally, 'wrong verdict', `${where}: equal`);
  if ((outcome.code === 0) !== (verdict?.equal === true)) {
    fail(tally, 'wrong verdict', `${where}: exit code ${outcome.code}, equal: ${verdict?.equal}`);
  }
}

/** A measurement of a damaged run must be rejected or equal the honest one. */
function checkReading(tally: Tally, where: string, outcome: Outcome, expected: string): void {
  if (outcome.code === 0 && outcome.stdout !== expected) {
    fail(tally, 'wrong verdict', `${where}: another outcome: ${outcome.stdout.slice(0, 300)}`);
  }
}

/** Damages copies of honest runs and gives each to `verify`, `eval`, `coupling` and `train --resume`. */
export async function corruptions(bench: Bench): Promise<Tally> {
  const { root, bases, commands, count, say } = bench;
  const tally = openTally('corruptions');
  const run = join(root, 'run');
  const honest = await honestOutcomes(bench, tally, run);
  for (let i = 0; i < count; i++) {
    const base = damaged[i % damaged.length];
    const kind = kinds[Math.floor(i / damaged.length) % kinds.length];
    const expected = honest.get(base) as Honest;
    rmSync(run, { recursive: true });
    cpSync(bases[base], run, { recursive: true });
    if (kind === 'without receipt') rmSync(join(run, 'receipt.json'), { force: true });
    const files = filesOf(run);
    const random = randomStream(1, 'test/corruptions', 0, i);
    const file = files[random.below(files.length)];
    const before = statement(file, join(run, file));
    const what = corrupt(join(run, file), random);
    if (kind === 'hashes made anew') rehashIfPossible(run);
    const same = before === statement(file, join(run, file)) || statesNothing(run, file);
    const where = `corruption ${i}: ${base}, ${kind}: ${file}, ${what}`;
    tally.attempts++;
    countOne(tally, kind);
    const verified = await execute(commands, tally, where, 'verify', run, '--json');
    if (verified) checkVerify(tally, `${where}: verify`, verified, same);
    const evaluated = await execute(commands, tally, where, ...evalArgs(run));
    if (evaluated) checkReading(tally, `${where}: eval`, evaluated, expected.eval);
    const damage = contents(run);
    const resumed = await execute(commands, tally, where, 'train', '--resume', run);
    // A command that fails to write at the damaged path has started its work.
    if (resumed && resumed.code !== 0 && !resumed.stderr.includes('cannot write') && contents(run) !== damage) {
      fail(tally, 'lost run', `${where}: a refused resume changed the folder: ${resumed.stderr.slice(-300)}`);
    }
    if (resumed?.code === 0 && receiptIn(run).hash !== expected.hash) {
      fail(tally, 'wrong verdict', `${where}: resumed to another result`);
    }
    const coupled = await execute(commands, tally, where, ...couplingArgs(run));
    if (coupled && base !== 'cut short') checkReading(tally, `${where}: coupling`, coupled, expected.coupling);
    if ((i + 1) % 50 === 0) say(`corruptions: ${i + 1} of ${count}, ${tally.failures.length} failures`);
  }
  return tally;
}

/** For a file with unreadable JSON, the old hashes are kept. */
function rehashIfPossible(run: string): void {
  try {
    rehash(run);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
}
