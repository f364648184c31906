/**
 * The configuration of a run: one table contains every key with its default, rule, unit and meaning. Validation,
 * `--help` and docs/configuration.md are made from it. Names follow TRL's GRPO trainer where it has them.
 */
import { nearestName } from '../check/nearestName.ts';
import { checkTogether, show } from './checkTogether.ts';
import { canonicalSplits, measurementKeys } from './measurementKeys.ts';
import { requireMemory } from './memory.ts';
import { canonicalMethod, checkTerms } from './method.ts';
import { methodKeys } from './methodKeys.ts';
import { networkKeys } from './networkKeys.ts';
import type { Row } from './rows.ts';
import { trainingKeys } from './trainingKeys.ts';

const table = { ...trainingKeys, ...methodKeys, ...networkKeys, ...measurementKeys } as const;

/** A key of the configuration; docs/configuration.md explains each. */
export type ConfigKey = keyof typeof table;

/**
 * The complete, validated configuration of a run; docs/configuration.md has the meaning, unit and default of each key.
 *
 * @interface
 */
export type Config = { readonly [K in ConfigKey]: (typeof table)[K] extends Row<infer T> ? T : string };

const keys = Object.keys(table) as ConfigKey[];

/** Every key with its default, rule, unit and meaning, in the order of the documentation. */
export const configTable: readonly (Omit<Row<number | string | boolean | null>, 'accepts' | 'nearest'> & {
  readonly key: ConfigKey;
})[] = keys.map((key) => {
  const { default: value, rule, unit, meaning } = table[key];
  return { key, default: value, rule, unit, meaning };
});

function unknownKey(key: string): Error {
  const nearest = nearestName(key, keys);
  const advice = nearest === null ? `the keys are: ${keys.join(', ')}` : `did you mean "${nearest}"?`;
  return new Error(`config: unknown key "${key}"; ${advice}`);
}

/**
 * The complete config: `partial` over the defaults, the method in canonical form. An undefined value counts as not
 * given.
 *
 * @throws Error naming an unknown key and the nearest known one, or the key, its rule and the value got
 */
export function resolveConfig(partial: unknown): Config {
  if (typeof partial !== 'object' || partial === null || Array.isArray(partial)) {
    throw new Error(`config: must be an object of keys and values, got ${show(partial)}`);
  }
  const given = partial as Record<string, unknown>;
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(table, key)) throw unknownKey(key);
  }
  if (given.numGenerations === 1) {
    throw new Error('config: numGenerations must be >= 2, got 1; the advantage compares the episodes of a group');
  }
  const config: Record<string, unknown> = {};
  for (const key of keys) {
    const row: Row<number | string | boolean | null> = table[key];
    const value = given[key] === undefined ? row.default : given[key];
    if (!row.accepts(value)) {
      const nearest = typeof value === 'string' ? (row.nearest?.(value) ?? null) : null;
      const advice = nearest === null ? '' : `; did you mean ${show(nearest)}?`;
      throw new Error(`config: ${key} must be ${row.rule}, got ${show(value)}${advice}`);
    }
    config[key] = value;
  }
  checkTerms(config.method as string, config.labels as string);
  config.method = canonicalMethod(config.method as string);
  config.evalSplits = canonicalSplits(config.evalSplits as string);
  if (config.policy === 'mlp') config.observation ??= 'vector';
  const resolved = config as Config;
  checkTogether(resolved);
  requireMemory(resolved);
  return resolved;
}

/** A config as records state it: without the later keys that have their default; see `later`. */
export type RecordedConfig = Readonly<Partial<Record<ConfigKey, number | string | boolean | null>>>;

export function recordedConfig(config: Config): RecordedConfig {
  const isRecorded = (key: ConfigKey): boolean => {
    const row: Row<number | string | boolean | null> = table[key];
    return row.later !== true || config[key] !== row.default;
  };
  return Object.fromEntries(keys.filter(isRecorded).map((key) => [key, config[key]]));
}

/**
 * The config as JSON with its keys in alphabetical order: equal text for equal configs, whatever order they were
 * written in.
 */
export function canonicalConfigJson(config: Config): string {
  return JSON.stringify(Object.fromEntries([...keys].sort().map((key) => [key, config[key]])));
}
