/** Kinds of keys of the configuration: the check of a value and its rule in words. */
import { nearestName } from '../check/nearestName.ts';

export interface Row<T> {
  readonly default: T;
  /** Whether a value keeps the rule. */
  readonly accepts: (value: unknown) => value is T;
  /** Completes "<key> must be ...". */
  readonly rule: string;
  /** The value that a wrong text was probably meant to be, or null. */
  readonly nearest?: (value: string) => string | null;
  readonly unit: string;
  readonly meaning: string;
  /** See `later`. */
  readonly later?: true;
}

export type Bounds = { readonly min: number; readonly below?: number; readonly max?: number; readonly above?: true };

/** The check of a finite number within bounds and the rule in words. `above` makes `min` itself too small. */
export function range(kind: 'integer' | 'number', bounds: Bounds): Pick<Row<number>, 'accepts' | 'rule'> {
  const { min, max, below, above } = bounds;
  const accepts = (value: unknown): value is number =>
    typeof value === 'number' &&
    Number.isFinite(value) &&
    (kind === 'number' || Number.isSafeInteger(value)) &&
    (above ? value > min : value >= min) &&
    (max === undefined || value <= max) &&
    (below === undefined || value < below);
  const lower = above ? `> ${min}` : `>= ${min}`;
  const upper = max !== undefined ? ` and <= ${max}` : below !== undefined ? ` and < ${below}` : '';
  const noun = kind === 'integer' ? 'an integer' : 'a number';
  return { accepts, rule: `${noun} ${lower}${upper}` };
}

export function integer(value: number, bounds: Bounds, unit: string, meaning: string): Row<number> {
  return { default: value, ...range('integer', bounds), unit, meaning };
}

export function number(value: number, bounds: Bounds, unit: string, meaning: string): Row<number> {
  return { default: value, ...range('number', bounds), unit, meaning };
}

export function orNull<T>(
  row: Pick<Row<T>, 'accepts' | 'rule' | 'nearest'>,
  unit: string,
  meaning: string,
): Row<T | null> {
  const accepts = (value: unknown): value is T | null => value === null || row.accepts(value);
  return { ...row, default: null, accepts, rule: `${row.rule}, or null`, unit, meaning };
}

export function picklist<const T extends readonly string[]>(
  options: T,
): Required<Pick<Row<T[number]>, 'accepts' | 'rule' | 'nearest'>> {
  return {
    accepts: (value): value is T[number] => typeof value === 'string' && options.includes(value),
    rule: `one of ${options.join(', ')}`,
    nearest: (value) => nearestName(value, options),
  };
}

export function choice<const T extends readonly string[]>(
  value: T[number],
  options: T,
  meaning: string,
): Row<T[number]> {
  return { default: value, ...picklist(options), unit: '', meaning };
}

export function flag(value: boolean, meaning: string): Row<boolean> {
  const accepts = (given: unknown): given is boolean => typeof given === 'boolean';
  return { default: value, accepts, rule: 'true or false', unit: '', meaning };
}

/**
 * A key that was added after runs of the present numerics version had been recorded. Records leave it out where it has
 * its default, so that the records and hashes of an earlier config stay the same.
 */
export function later<T>(row: Row<T>): Row<T> {
  return { ...row, later: true };
}
