/** Parsers of option values. They throw commander's errors, which are reported as wrong usage (exit code 2). */
import { CommanderError, InvalidArgumentError, Option } from 'commander';
import { nearestName } from '../../check/nearestName.ts';
import { parseJson } from '../../check/parseJson.ts';
import { isWorkerFailure } from '../../parallel/workerFailure.ts';
import { readJson } from '../../record/files.node.ts';
import { isJsonObject } from '../../record/json.ts';

/** Returns the result of `check`. @throws a usage error with the message of what `check` throws */
export function usage<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw usageError((error as Error).message);
  }
}

/** An error that ends the command with exit code 2. */
export function usageError(message: string, cause?: unknown): CommanderError {
  return Object.assign(new CommanderError(2, 'unbraid.usage', message), cause !== undefined && { cause });
}

/**
 * Does `work`, which calls `checked` once it has opened and checked all parts of the run.
 *
 * @throws before that a usage error, such as for an environment that does not open or a policy that does not fit it;
 *   later, on
 *   an abort or on a worker failure, the error itself
 */
export async function checkedFirst<T>(signal: AbortSignal, work: (checked: () => void) => Promise<T>): Promise<T> {
  let all = false;
  try {
    return await work(() => {
      all = true;
    });
  } catch (error) {
    if (all || signal.aborted || error instanceof CommanderError || isWorkerFailure(error)) throw error;
    throw usageError(error instanceof Error ? error.message : String(error), error);
  }
}

/** Parser of an integer option; both bounds are allowed values. */
export function integerFrom(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < min || value > max) {
      const upper = max === Number.MAX_SAFE_INTEGER ? '' : ` and <= ${max}`;
      throw new InvalidArgumentError(`It must be an integer >= ${min}${upper}.`);
    }
    return value;
  };
}

/** `--workers`. */
export function workersOption(): Option {
  return new Option(
    '--workers <n>',
    'number of threads, at most as many as fit into memory; the result does not depend on it (default: one per core)',
  ).argParser(integerFrom(1));
}

/** An option that takes one of `names`. The error for another value names the nearest of them. */
export function choiceOption(flags: string, description: string, names: readonly string[]): Option {
  // choices() lists the names in the help. The parser replaces its check, to add the nearest name to the error.
  return new Option(flags, description).choices(names).argParser((text) => {
    if (names.includes(text)) return text;
    const nearest = nearestName(text, names);
    const advice = nearest === null ? '' : ` Did you mean ${nearest}?`;
    throw new InvalidArgumentError(`Allowed choices are ${names.join(', ')}.${advice}`);
  });
}

/** Parser of a number option; both bounds are allowed values. */
export function numberFrom(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= min && value <= max)) {
      throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** Seeds from text: `3` is seeds 1, 2 and 3; `11,12` is these two; `7,` is seed 7 alone. */
export function parseSeeds(text: string): readonly number[] {
  const parse = integerFrom(0);
  if (!text.includes(',')) return Array.from({ length: integerFrom(1)(text) }, (_, i) => i + 1);
  const seeds = text.replace(/,$/, '').split(',').map(parse);
  if (new Set(seeds).size !== seeds.length) throw new InvalidArgumentError('Each seed must be named once.');
  return seeds;
}

/** Start probabilities of the danger experiment, e.g. `0.2,0.4`. */
export function parseStarts(text: string): readonly number[] {
  return text.split(',').map(numberFrom(0, 1));
}

/** Values of `--set` options by config key. */
export type Settings = ReadonlyMap<string, unknown>;

/** Collects `--set key=value` options. A value that is JSON (3, 0.5, null, true) is parsed; any other value is text. */
export function parseSetting(text: string, previous: Settings | undefined): Settings {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must look like key=value.');
  const [key, value] = [text.slice(0, at), text.slice(at + 1)];
  if (previous?.has(key)) throw new InvalidArgumentError(`The key "${key}" is set twice.`);
  let parsed: unknown = value;
  try {
    parsed = parseJson(value);
  } catch {
    // A value that is no JSON is text without quotes.
  }
  return new Map(previous).set(key, parsed);
}

/** The config value of an option's text: a number if it is one, so that the rules of the config check it. */
export function configValue(text: string | undefined): unknown {
  return text !== undefined && text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** The config keys in a JSON file: an object of keys and values, or the config.json of a run. */
export function readConfigFile(path: string): Record<string, unknown> {
  const content = readJson(path, { pipes: true });
  if (!isJsonObject(content)) throw new Error(`${path} must contain a JSON object of config keys and values`);
  return isJsonObject(content.config) ? content.config : content;
}

/**
 * Config keys from their own options, from --set and from a file. The command line takes precedence over the file.
 *
 * @throws a usage error for a key that has both its own option and --set
 */
export function gatherConfig(
  named: Readonly<Record<string, unknown>>,
  settings: Settings | undefined,
  file: string | undefined,
): Record<string, unknown> {
  const config: Record<string, unknown> = file === undefined ? {} : usage(() => readConfigFile(file));
  for (const [key, value] of Object.entries(named)) {
    if (value === undefined) continue;
    if (settings?.has(key)) throw usageError(`config key "${key}" is given by its own option and by --set; keep one`);
    config[key] = value;
  }
  return Object.assign(config, Object.fromEntries(settings ?? []));
}
