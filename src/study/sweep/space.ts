/** Search spaces: the values that a swept config key can have, listed for a grid or drawn. */

import { type RandomStream, randomStream } from '../../random.ts';
import { canonicalJson } from '../../record/json.ts';

export type SweptValue = number | string | boolean | null;
/** A value by swept key. */
export type Setting = Readonly<Record<string, SweptValue>>;

export interface Range {
  readonly min: number;
  readonly max: number;
  readonly scale: 'linear' | 'log';
}

/** The space of one key: the values of a list or of a range with steps, or every number of a range. */
export interface Space {
  readonly key: string;
  /** Null for every number of the range. */
  readonly values: readonly SweptValue[] | null;
  /** Null for a list. */
  readonly range: Range | null;
  /** Whether the key takes integers only. */
  readonly integer: boolean;
}

/** Significant digits of a number of a range: enough for a setting, and short in commands and tables. */
const DIGITS = 6;

/**
 * `base` to the power of `exponent` in [0, 1]: the product of the square roots of `base` that the binary digits of the
 * exponent select. Square roots and products are exactly rounded, so the result is bitwise identical in every runtime,
 * which `Math.pow` is not.
 */
function power(base: number, exponent: number): number {
  if (exponent === 1) return base;
  let [result, root, rest] = [1, base, exponent];
  while (rest > 0) {
    root = Math.sqrt(root);
    rest *= 2;
    if (rest >= 1) {
      result *= root;
      rest -= 1;
    }
  }
  return result;
}

/** The number of a range at `share` in [0, 1] of its length, on its scale. */
function numberAt({ min, max, scale }: Range, integer: boolean, share: number): number {
  // The ends are as the file states them, even if they have more digits.
  if (share === 0 || share === 1) return share === 0 ? min : max;
  const exact = scale === 'log' ? min * power(max / min, share) : min + share * (max - min);
  const rounded = integer ? Math.round(exact) : Number(exact.toPrecision(DIGITS));
  return Math.min(max, Math.max(min, rounded));
}

/** The `steps` numbers of a range, at equal distances on its scale. */
export function stepsOf(range: Range, integer: boolean, steps: number): readonly number[] {
  return Array.from({ length: steps }, (_, i) => numberAt(range, integer, i / (steps - 1)));
}

/** All combinations of values, the last key fastest. Each space needs a list of values. */
export function gridOf(spaces: readonly Space[]): readonly Setting[] {
  return spaces.reduce<readonly Setting[]>(
    (settings, { key, values }) =>
      settings.flatMap((setting) => (values ?? []).map((value) => ({ ...setting, [key]: value }))),
    [{}],
  );
}

/** Number of different settings; Infinity where a key can have any number of a range. */
export function sizeOf(spaces: readonly Space[]): number {
  return spaces.reduce((size, { values, range, integer }) => {
    if (values !== null) return size * values.length;
    return integer && range !== null ? size * (range.max - range.min + 1) : Number.POSITIVE_INFINITY;
  }, 1);
}

function drawn({ values, range, integer }: Space, random: RandomStream): SweptValue {
  if (values !== null) return values[random.below(values.length)];
  const { min, max, scale } = range as Range;
  if (integer && scale === 'linear') return min + random.below(max - min + 1);
  return numberAt({ min, max, scale }, integer, random.uniform());
}

/** Draws for each setting, after which a space is taken to have no further one. All of a finite space need about 10. */
const DRAWS = 1000;

/**
 * Different settings, drawn uniformly on the scale of each key. The draw of a key depends only on the seed, the key and
 * the number of the draw: another key or more trials leave the others as they are.
 *
 * @returns `count` settings, or fewer where the numbers of a narrow range are equal after rounding
 */
export function drawSettings(spaces: readonly Space[], count: number, seed: number): readonly Setting[] {
  const found = new Map<string, Setting>();
  for (let draw = 0; found.size < count && draw < DRAWS * count; draw++) {
    const setting = Object.fromEntries(
      spaces.map((space) => [space.key, drawn(space, randomStream(seed, `sweep/${space.key}`, 0, draw))]),
    );
    const name = canonicalJson(setting);
    if (!found.has(name)) found.set(name, setting);
  }
  return [...found.values()];
}
