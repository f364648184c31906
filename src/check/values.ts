/**
 * Checks values that a caller passes. A message contains the function, the name of the value, its rule, the value
 * received and the next step. No check throws a TypeError on an unusual value, such as a symbol or an object without a
 * prototype.
 */
import { nearestName } from './nearestName.ts';

/** Largest number of characters of a value that a message shows. */
const MOST_SHOWN = 80;

/** Characters that move the cursor of a terminal, break its line, or reverse the direction of its text. */
const controls = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

/** The text with each control character replaced by a question mark. */
export function withoutControls(text: string): string {
  return text.replace(controls, '?');
}

/** The start of a text in quotes. JSON escapes most control characters. */
function quoted(text: string): string {
  const part = withoutControls(JSON.stringify(text.slice(0, MOST_SHOWN)));
  return text.length > MOST_SHOWN ? `${part}...` : part;
}

/** A value as messages show it: numbers and texts in full (up to the limit), objects only by their kind. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return value.length === 0 ? '[]' : `an array of ${value.length}`;
      return ArrayBuffer.isView(value) ? `an array of ${value.byteLength} bytes` : 'an object';
    case 'symbol':
    case 'function':
      return `a ${typeof value}`;
    case 'bigint':
      return `${String(value).slice(0, MOST_SHOWN)}n`;
    default:
      return String(value);
  }
}

/** @throws RangeError `<caller>: <name> must be <rule>, got <value>; <advice>` */
export function refuse(caller: string, name: string, rule: string, value: unknown, advice: string): never {
  throw new RangeError(`${caller}: ${name} must be ${rule}, got ${shown(value)}; ${advice}`);
}

/**
 * Whether `value` is a plain object: made by braces, by `JSON.parse` or without a prototype. False for lists and
 * instances of classes.
 */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Compare with the outermost prototype: an object of another realm has another `Object.prototype`.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether `value` is a list of any length: an array or a typed array. The elements are not checked. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/** Whether `value` is an integer in [low, high]. */
export function isInteger(value: unknown, low: number, high = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isSafeInteger(value) && (value as number) >= low && (value as number) <= high;
}

/**
 * Rejects a value that is not a plain object, or that has an unknown key.
 *
 * @param name of the object, in messages
 * @param known an object that has the known keys
 * @throws RangeError if `value` is not a plain object; Error that names an unknown key and the nearest known one
 */
export function checkKeys(caller: string, name: string, value: unknown, known: object): void {
  const keys = Object.keys(known);
  if (!isPlainObject(value)) refuse(caller, name, 'a plain object', value, `its keys are: ${keys.join(', ')}`);
  for (const key of Object.keys(value)) {
    if (keys.includes(key)) continue;
    const nearest = nearestName(key, keys);
    const advice = nearest === null ? `the keys are: ${keys.join(', ')}` : `did you mean "${nearest}"?`;
    const what = name === 'options' ? `unknown option ${quoted(key)}` : `unknown key ${quoted(key)} in ${name}`;
    throw new Error(`${caller}: ${what}; ${advice}`);
  }
}

/** @throws RangeError unless `value` is an integer in [low, high] */
export function checkInteger(
  caller: string,
  name: string,
  value: unknown,
  low: number,
  high: number,
  advice: string,
): void {
  if (isInteger(value, low, high)) return;
  const rule = high === Number.MAX_SAFE_INTEGER ? `an integer >= ${low}` : `an integer in [${low}, ${high}]`;
  refuse(caller, name, rule, value, advice);
}

/** @throws RangeError unless `value` is an integer in [0, 2^53), as every seed must be */
export function checkSeed(caller: string, seed: unknown): void {
  if (!isInteger(seed, 0)) refuse(caller, 'seed', 'an integer in [0, 2^53)', seed, 'choose another seed');
}

/** @throws RangeError unless `value` is finite and >= 0 or, with `above`, > 0 */
export function checkPositive(caller: string, name: string, value: unknown, above: boolean, advice: string): void {
  const least = above ? '> 0' : '>= 0';
  if (Number.isFinite(value) && (above ? (value as number) > 0 : (value as number) >= 0)) return;
  refuse(caller, name, `a number ${least}`, value, advice);
}

/** @throws RangeError unless `value` is one of `choices` */
export function checkChoice(caller: string, name: string, value: unknown, choices: readonly string[]): void {
  if (choices.includes(value as string)) return;
  const nearest = typeof value === 'string' ? nearestName(value, choices) : null;
  const advice = nearest === null ? 'choose one of them' : `did you mean "${nearest}"?`;
  refuse(caller, name, `one of ${choices.join(', ')}`, value, advice);
}

/** @throws RangeError unless `value` is an object (of any class) */
export function checkObject(caller: string, name: string, value: unknown, advice: string): void {
  if (typeof value !== 'object' || value === null) refuse(caller, name, 'an object', value, advice);
}

/** Whether `value` can be a compiled module or the URL of one. */
function isModuleSource(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null && !isPlainObject(value));
}

/**
 * Rejects options with an unknown key or with a value whose type differs from the one in `types`. An undefined value
 * counts as absent.
 *
 * @throws as `checkKeys` does; RangeError that names the option and its type
 */
export function checkOptions(
  caller: string,
  options: unknown,
  types: Readonly<Record<string, 'object' | 'function' | 'number' | 'boolean' | 'module' | 'part'>>,
): void {
  checkKeys(caller, 'options', options, types);
  for (const [key, value] of Object.entries(options as object)) {
    const type = types[key];
    const isRight =
      type === 'module'
        ? isModuleSource(value)
        : type === 'part'
          ? typeof value === 'function' || typeof value === 'string' || value instanceof URL
          : typeof value === type && value !== null;
    if (value === undefined || isRight) continue;
    const rules = {
      module: 'a compiled module or its URL',
      part: 'a function or the URL of a module',
      object: 'an object',
    };
    const rule = Object.hasOwn(rules, type) ? rules[type as keyof typeof rules] : `a ${type}`;
    refuse(caller, `options.${key}`, rule, value, 'leave it out or change it');
  }
}
