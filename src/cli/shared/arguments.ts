/** Values of command-line options. Errors are commander's own, so that they are reported as wrong usage. */
import { CommanderError, InvalidArgumentError, Option } from 'commander';
import { nearestName } from '../../check/nearestName.ts';
import { parseJson } from '../../check/parseJson.ts';
import { isWorkerFailure } from '../../parallel/workerFailure.ts';
import { readJson } from '../../record/files.node.ts';
import { isJsonObject } from '../../record/json.ts';

/** Runs `check`; what it throws is the user's mistake, not the run's. */
export function usage<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw usageError((error as Error).message);
  }
}

export function usageError(message: string, cause?: unknown): CommanderError {
  return Object.assign(new CommanderError(2, 'unbraid.usage', message), cause !== undefined && { cause });
}

/**
 * Does `work`, which calls `checked` once it has checked everything that was asked for. What it throws before is the
 * user's mistake: an environment that does not open, a policy that does not fit it. An abort stays one.
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

/** Parser of an integer option with both bounds allowed. */
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

/** `--workers`: the same result with any number. */
export function workersOption(): Option {
  return new Option(
    '--workers <n>',
    'threads, or as many as the memory holds; the result is the same with any number (default: one per core)',
  ).argParser(integerFrom(1));
}

/** An option that takes one of these names. A wrong one is refused with the nearest. */
export function choiceOption(flags: string, description: string, names: readonly string[]): Option {
  // Choices show in the help; the parser after them says which one was probably meant.
  return new Option(flags, description).choices(names).argParser((text) => {
    if (names.includes(text)) return text;
    const nearest = nearestName(text, names);
    const advice = nearest === null ? '' : ` Did you mean ${nearest}?`;
    throw new InvalidArgumentError(`Allowed choices are ${names.join(', ')}.${advice}`);
  });
}

/** Parser of a number option with both bounds allowed. */
export function numberFrom(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= min && value <= max)) {
      throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** `3` means seeds 1, 2, 3; `11,12` means these two, and `7,` seed 7 alone. */
export function parseSeeds(text: string): readonly number[] {
  const parse = integerFrom(0);
  if (!text.includes(',')) return Array.from({ length: integerFrom(1)(text) }, (_, i) => i + 1);
  const seeds = text.replace(/,$/, '').split(',').map(parse);
  if (new Set(seeds).size !== seeds.length) throw new InvalidArgumentError('It must not name a seed twice.');
  return seeds;
}

/** Start probabilities of the danger experiment, e.g. `0.2,0.4`. */
export function parseStarts(text: string): readonly number[] {
  return text.split(',').map(numberFrom(0, 1));
}

/** What `--set` options gave, by config key. */
export type Settings = ReadonlyMap<string, unknown>;

/** Collects `--set key=value` options. A value that is JSON (3, 0.5, null, true) is that value, all else is text. */
export function parseSetting(text: string, previous: Settings | undefined): Settings {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must look like key=value.');
  const [key, value] = [text.slice(0, at), text.slice(at + 1)];
  if (previous?.has(key)) throw new InvalidArgumentError(`The key "${key}" is set twice.`);
  let parsed: unknown = value;
  try {
    parsed = parseJson(value);
  } catch {
    // Text needs no quotes.
  }
  return new Map(previous).set(key, parsed);
}

/** What an option's text means as a config value: a number where it is one, so that the config's own rules judge it. */
export function configValue(text: string | undefined): unknown {
  return text !== undefined && text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** A config file: an object of keys and values, or the config.json of a run. */
export function readConfigFile(path: string): Record<string, unknown> {
  const content = readJson(path, { pipes: true });
  if (!isJsonObject(content)) throw new Error(`${path} must hold an object of config keys and values`);
  return isJsonObject(content.config) ? content.config : content;
}

/**
 * Config keys from all three places. A key given by name wins over the file; given twice on the command line it is
 * refused.
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
