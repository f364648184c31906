/** Folders of jobs below runs/environments: which are finished, how they start, and what is stored of them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EnvironmentJob, Work } from './jobs.ts';
import { EVERY, evaluationSeeds, type Point } from './threshold.ts';

/** Record of a job that no run folder of `unbraid train` contains. */
const recordName = 'record.json';

export type JobState = 'new' | 'interrupted' | 'finished';

type Json = Readonly<Record<string, unknown>>;

const readJson = (path: string): Json => JSON.parse(readFileSync(path, 'utf8')) as Json;

/** A mean over episodes, as results state it. */
interface EpisodeMean {
  readonly mean: number;
  readonly interval: readonly [number, number] | null;
  readonly episodes: number;
}

/** What the stored JSON holds of a job. */
export interface StoredRun {
  readonly id: string;
  readonly part: string;
  readonly group: string;
  readonly row: string;
  readonly seed: number;
  /** `partial`: the latest evaluation of a run that has not ended. */
  readonly state: 'finished' | 'partial';
  /** The command that computes the run. */
  readonly command: string;
  /** UTC day on which the result was stored. */
  readonly date: string;
  readonly machine: string;
  /** Versions of the environment and of the packages that computed the run. */
  readonly versions: Readonly<Record<string, string>>;
  /** Hash of the receipt and numerics version; absent for other programs and for partial runs. */
  readonly receipt?: { readonly hash: string; readonly parametersSha256: string; readonly numerics: number };
  /** Evaluations of a control task. */
  readonly points?: readonly Point[];
  readonly threshold?: number;
  /** Success on held-out games. */
  readonly success?: number;
  /** Success of uniformly random actions on the same split. */
  readonly random?: number | null;
  readonly envSteps?: number;
  readonly minutes?: number | null;
  readonly iterations?: readonly [done: number, total: number];
}

/** How a program is started. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

export function jobFolder(root: string, { id }: EnvironmentJob): string {
  return join(root, ...id.split('/'));
}

export function jobState(folder: string, { kind }: Work): JobState {
  if (kind !== 'train') return existsSync(join(folder, recordName)) ? 'finished' : 'new';
  if (existsSync(join(folder, 'result.json')) && existsSync(join(folder, 'receipt.json'))) return 'finished';
  return existsSync(join(folder, 'config.json')) ? 'interrupted' : 'new';
}

/** @throws Error if the folder holds a run with other settings than those of the job */
export function requireSettings(folder: string, { id, seed, work }: EnvironmentJob): void {
  if (work.kind !== 'train' || jobState(folder, work) === 'new') return;
  const config = (readJson(join(folder, 'config.json')).config ?? {}) as Json;
  const wanted: Json = { ...work.settings, seed };
  // Keys with their default can be missing in a config.
  const key = Object.keys(wanted).find((name) => Object.hasOwn(config, name) && config[name] !== wanted[name]);
  if (key === undefined) return;
  throw new Error(
    `environmentResults: ${id} must have ${key} ${String(wanted[key])}, got ${String(config[key])} in ${folder}; move that folder away`,
  );
}

/**
 * The command of a job.
 *
 * @param python with the packages of `peer` jobs
 */
export function jobCommand(folder: string, { seed, work }: EnvironmentJob, python: string): Command {
  const out = join(folder, recordName);
  switch (work.kind) {
    case 'train': {
      if (jobState(folder, work) === 'interrupted') {
        return { program: 'node', args: ['dist/src/cli/main.js', 'train', '--resume', folder, '--workers', '1'] };
      }
      const { env, ...keys } = work.settings;
      const set = Object.entries(keys).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
      const args = ['train', '--env', String(env), '--seed', String(seed), ...set, '--workers', '1', '--out', folder];
      return { program: 'node', args: ['dist/src/cli/main.js', ...args] };
    }
    case 'control': {
      const config = JSON.stringify({ ...work.settings, seed });
      return { program: 'node', args: ['scripts/environments/controlEntry.ts', config, String(work.threshold), out] };
    }
    case 'peer': {
      const rules = [
        '--threshold',
        work.threshold,
        '--every',
        EVERY,
        '--evaluation-seeds',
        evaluationSeeds(seed).join(),
      ];
      const args = ['-B', `bench/peers/${work.script}`, work.env, '--seed', seed, ...rules, '--out', out];
      return { program: python, args: args.map(String) };
    }
  }
}

/** File with the minutes of each process that computed a job, one a line. */
export function timesPath(folder: string): string {
  return `${folder}.minutes`;
}

/** Minutes of all processes that computed a job: a resumed run states only those of its last process. */
function minutesOf(folder: string): number | null {
  if (!existsSync(timesPath(folder))) return null;
  const lines = readFileSync(timesPath(folder), 'utf8').split('\n').filter(Boolean);
  return lines.reduce((sum, line) => sum + Number(line), 0);
}

/** Lines of metrics.jsonl; a last line that is not complete is left out. */
function metricsLines(folder: string): Json[] {
  const path = join(folder, 'metrics.jsonl');
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Json);
}

/** Iterations that a run of `unbraid train` has made; null for other jobs. */
export function iterationsOf(folder: string, { work }: EnvironmentJob): readonly [done: number, total: number] | null {
  if (work.kind !== 'train') return null;
  const last = metricsLines(folder).at(-1);
  return [Number(last?.iteration ?? 0), Number(work.settings.iterations)];
}

const numericsOf = (receipt: Json): number => Number(receipt.numerics);

function versionsOf({ environment, packages }: Json): Record<string, string> {
  return { ...(typeof environment === 'string' && { environment }), ...(packages as Record<string, string>) };
}

/** What a finished or an interrupted run of `unbraid train` has measured; null before its first evaluation. */
function trained(folder: string, job: EnvironmentJob): Partial<StoredRun> | null {
  const [done, total] = iterationsOf(folder, job) ?? [0, 0];
  const lines = metricsLines(folder);
  const { versions = {} } = readJson(join(folder, 'config.json')) as { versions?: Record<string, string> };
  if (jobState(folder, job.work) === 'finished') {
    const result = readJson(join(folder, 'result.json'));
    const receipt = readJson(join(folder, 'receipt.json'));
    const success = (result.success as { outOfDomain: number | null }).outOfDomain;
    const random = result.random as { success: { outOfDomain: EpisodeMean | null } } | undefined;
    if (success === null)
      throw new Error(`environmentResults: ${folder} must have a success on held-out games, got null`);
    return {
      ...{ state: 'finished', success, random: random?.success.outOfDomain?.mean ?? null, iterations: [done, total] },
      ...{ envSteps: Number(result.envSteps), minutes: minutesOf(folder) },
      versions: { ...versions, ...versionsOf(receipt) },
      receipt: {
        ...{ hash: String(receipt.hash), parametersSha256: String(result.parametersSha256) },
        numerics: numericsOf(receipt),
      },
    };
  }
  const evaluated = lines.findLast(
    (line) => typeof line['eval/out_of_domain'] === 'number' && Number(line.iteration) > 0,
  );
  if (evaluated === undefined) return null;
  return {
    ...{ state: 'partial', success: Number(evaluated['eval/out_of_domain']), versions },
    random: typeof lines[0]['random/out_of_domain'] === 'number' ? lines[0]['random/out_of_domain'] : null,
    ...{
      envSteps: Number(evaluated.envSteps),
      minutes: minutesOf(folder),
      iterations: [Number(evaluated.iteration), total],
    },
  };
}

function measured(folder: string, job: EnvironmentJob): Partial<StoredRun> | null {
  const { work } = job;
  if (work.kind === 'train') return jobState(folder, work) === 'new' ? null : trained(folder, job);
  if (jobState(folder, work) !== 'finished') return null;
  const record = readJson(join(folder, recordName));
  const receipt = record.receipt as Json | undefined;
  return {
    ...{ state: 'finished', points: record.points as Point[], threshold: work.threshold },
    versions: receipt === undefined ? (record.packages as Record<string, string>) : versionsOf(receipt),
    ...(receipt && {
      receipt: {
        ...{ hash: String(receipt.hash), parametersSha256: String(record.parametersSha256) },
        numerics: numericsOf(receipt),
      },
    }),
  };
}

/** The result of a job as it is stored; null before its first evaluation. */
export function storedRun(
  folder: string,
  job: EnvironmentJob,
  { date, machine }: Pick<StoredRun, 'date' | 'machine'>,
): StoredRun | null {
  const found = measured(folder, job);
  if (found === null) return null;
  const { id, part, group, row, seed } = job;
  const command = `node scripts/environmentResults.ts --only ${id}`;
  return { id, part, group, row, seed, command, date, machine, state: 'finished', versions: {}, ...found };
}

/** Whether both have the same result; the day and the machine can differ. */
function isSame(a: StoredRun, b: StoredRun): boolean {
  const result = (run: StoredRun): string => JSON.stringify({ ...run, date: '', machine: '' });
  return result(a) === result(b);
}

/**
 * `runs` with those of `found` in place of the runs of the same id, in the order of `order`; others come last. A result
 * that is stored already keeps its day and machine.
 */
export function mergedRuns(
  runs: readonly StoredRun[],
  found: readonly StoredRun[],
  order: readonly string[],
): readonly StoredRun[] {
  const byId = new Map(runs.map((run) => [run.id, run]));
  for (const run of found) {
    const known = byId.get(run.id);
    if (known === undefined || !isSame(known, run)) byId.set(run.id, run);
  }
  const place = (id: string): number => (order.includes(id) ? order.indexOf(id) : order.length);
  return [...byId.values()].toSorted((a, b) => place(a.id) - place(b.id));
}
