/** A sweep: the settings that are tried, how they are chosen from, and the seeds of both. */
import { nearestName } from '../../check/nearestName.ts';
import { shown } from '../../check/values.ts';
import { type Config, configTable, resolveConfig } from '../../config/config.ts';
import type { TrainInput } from '../trained/trainJob.ts';
import { type Rung, rungsOf } from './halving.ts';
import { drawSettings, gridOf, type Setting, type Space, type SweptValue, sizeOf, stepsOf } from './space.ts';
import { checkSweepFile, type SweepFile } from './sweepFile.ts';

/** Most settings of a grid. */
const MOST = 10_000;

export interface Sweep {
  readonly name: string;
  readonly strategy: SweepFile['strategy'];
  /** Success on in-domain games or on training games. */
  readonly measure: 'inDomain' | 'train';
  /** Keys of the base config that differ from the defaults; without the seed. */
  readonly base: TrainInput;
  readonly spaces: readonly Space[];
  /** The setting of each trial; trial 1 is the first. */
  readonly settings: readonly Setting[];
  readonly rungs: readonly Rung[];
  readonly seeds: SweepFile['seeds'];
}

/** Config keys that a sweep sets itself, and how. */
const own: Readonly<Record<string, string>> = {
  seed: 'seeds sets the seeds of all runs',
  evalSplits: 'the report needs the success on every split',
};

function checkKey(key: string, place: string): void {
  if (Object.hasOwn(own, key)) throw new Error(`${place} must be left out, got a value for it; ${own[key]}`);
  const keys: readonly string[] = configTable.map((row) => row.key);
  if (keys.includes(key)) return;
  const nearest = nearestName(key, keys);
  throw new Error(
    `${place} must be a config key, got ${shown(key)}; ${nearest === null ? 'docs/configuration.md lists the keys' : `did you mean "${nearest}"?`}`,
  );
}

/** @param strategy its name @throws Error that names the key of the file, its rule and the value */
function spaceOf(key: string, given: SweepFile['space'][string], strategy: string, caller: string): Space {
  const place = `${caller}: space.${key}`;
  checkKey(key, place);
  const integer = configTable.some((row) => row.key === key && row.rule.startsWith('an integer'));
  const distinct = (values: readonly SweptValue[], advice: string): void => {
    const repeated = values.find((value, i) => values.indexOf(value) !== i);
    if (repeated === undefined) return;
    throw new Error(`${place} must have different values, got ${shown(repeated)} twice; ${advice}`);
  };
  if (Array.isArray(given)) {
    distinct(given, 'leave out one of them');
    return { key, values: given, range: null, integer };
  }
  const { min, max, scale, steps } = given as Exclude<typeof given, readonly unknown[]>;
  if (!(max > min)) throw new Error(`${place}.max must be above min ${min}, got ${max}; swap them or list the values`);
  if (scale === 'log' && min <= 0)
    throw new Error(`${place}.min must be above 0 on a log scale, got ${min}; raise it or use scale "linear"`);
  if (integer && !(Number.isSafeInteger(min) && Number.isSafeInteger(max) && max - min < 2 ** 32))
    throw new Error(
      `${place} must have integers as min and max, at most 2^32 apart, got ${min} and ${max}; ${key} takes integers`,
    );
  if (steps === undefined) {
    if (strategy === 'grid')
      throw new Error(`${place}.steps must be set with strategy "grid", got nothing; add steps or list the values`);
    return { key, values: null, range: { min, max, scale }, integer };
  }
  const values = stepsOf({ min, max, scale }, integer, steps);
  distinct(values, 'lower steps or widen the range');
  return { key, values, range: { min, max, scale }, integer };
}

/**
 * The given keys in canonical form, without those at their default: equal configs then are equal jobs, which sweeps and
 * studies share.
 */
function plainInput(given: Readonly<Record<string, unknown>>, config: Config): TrainInput {
  const kept = configTable.filter(({ key, default: value }) => given[key] !== undefined && config[key] !== value);
  return Object.fromEntries(kept.map(({ key }) => [key, config[key]]));
}

/** The config of a trial at a rung, and of a fresh run with null; without the seed. */
export function inputOf(
  { base, settings }: Pick<Sweep, 'base' | 'settings'>,
  trial: number,
  rung: Rung | null,
): TrainInput {
  const iterations = rung?.iterations ?? null;
  const given = { ...base, ...settings[trial - 1], ...(iterations !== null && { iterations }) };
  return plainInput(given, resolveConfig(given));
}

function settingsOf(strategy: SweepFile['strategy'], spaces: readonly Space[], caller: string): readonly Setting[] {
  const size = sizeOf(spaces);
  if (strategy.name === 'grid') {
    if (size <= MOST) return gridOf(spaces);
    throw new Error(`${caller}: space must have at most 10,000 settings in a grid, got ${size}; use strategy "random"`);
  }
  const { trials, seed } = strategy;
  const settings = drawSettings(spaces, Math.min(trials, size), seed);
  if (settings.length === trials) return settings;
  throw new Error(
    `${caller}: strategy.trials must be at most ${settings.length}, the number of different settings of space, got ${trials}; lower it or use strategy "grid"`,
  );
}

function rungsFor(
  strategy: SweepFile['strategy'],
  trials: number,
  iterations: number,
  caller: string,
): readonly Rung[] {
  if (strategy.name !== 'halving') return [{ iterations: null, trials }];
  const { eta, minIterations } = strategy;
  if (minIterations <= iterations) return rungsOf(trials, eta, minIterations, iterations);
  throw new Error(
    `${caller}: strategy.minIterations must be at most iterations of config, ${iterations}, got ${minIterations}; lower it or raise config.iterations`,
  );
}

/**
 * The sweep of a file. All settings are checked before anything runs.
 *
 * @param content the JSON value of the file
 * @param fileName name of the sweep, if the file has none
 * @param caller start of messages
 * @param resolve as `resolveConfig`; a command also rejects parts that a file cannot name
 * @throws Error that names the key of the file, its rule, the value and the next step
 */
export function sweepOf(
  content: unknown,
  fileName: string,
  caller: string,
  resolve: (partial: unknown) => Config = resolveConfig,
): Sweep {
  const named = typeof content === 'object' && content !== null && !('name' in content) && !Array.isArray(content);
  const file = checkSweepFile(named ? { ...content, name: fileName } : content, caller);
  const { strategy, config } = file;
  const check = (given: Readonly<Record<string, unknown>>, what: string): Config => {
    try {
      return resolve(given);
    } catch (error) {
      throw new Error(`${caller}: ${what} must be a valid config; ${(error as Error).message}`);
    }
  };
  for (const key of Object.keys(config)) checkKey(key, `${caller}: config.${key}`);
  const base = check(config, 'config');
  if (strategy.name === 'halving' && 'iterations' in file.space)
    throw new Error(
      `${caller}: space.iterations must be left out with strategy "halving", got a space; the rungs set the iterations`,
    );
  const spaces = Object.entries(file.space).map(([key, given]) => spaceOf(key, given, strategy.name, caller));
  const settings = settingsOf(strategy, spaces, caller);
  const rungs = rungsFor(strategy, settings.length, base.iterations, caller);
  const budgets = new Set([...rungs.map(({ iterations }) => iterations), null]);
  for (const [i, setting] of settings.entries()) {
    for (const iterations of budgets) {
      const given = { ...config, ...setting, ...(iterations !== null && { iterations }) };
      check(given, `trial ${i + 1}, ${JSON.stringify(setting)},`);
    }
  }
  return {
    name: file.name as string,
    strategy,
    measure: file.measure === 'success.train' ? 'train' : 'inDomain',
    base: plainInput(config, base),
    spaces,
    settings,
    rungs,
    seeds: file.seeds,
  };
}

/** Names of the environments of all runs of a sweep, the base config included. */
export function environmentsOf({ base, settings }: Sweep): readonly string[] {
  return [...new Set([{}, ...settings].map((setting) => resolveConfig({ ...base, ...setting }).env))];
}
