/**
 * JSON for records. Values that JSON cannot represent are rejected; `JSON.stringify` would write null or drop the key.
 */

/** A value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A JSON object. */
export type JsonRecord = { readonly [key: string]: Json };

function check(value: unknown, path: string): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) {
      throw new Error(
        `encodeJson: ${path} must be finite, got ${value}; leave the key out or find where it comes from`,
      );
    }
    return;
  }
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) check(item, `${path}[${i}]`);
    return;
  }
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) {
    throw new Error(`encodeJson: ${path} must be null, text, a number, a boolean, a list or a plain object`);
  }
  for (const [key, item] of Object.entries(value)) check(item, `${path}.${key}`);
}

/**
 * JSON text of `value` on one line, or with `indent` spaces per level.
 *
 * @param name of the value, for the error: `metrics`, `state.json`
 * @throws Error that names the path of a value that JSON cannot represent: NaN, an infinity, undefined, a typed array,
 *   a function
 */
export function encodeJson(value: unknown, name: string, indent = 0): string {
  check(value, name);
  return JSON.stringify(value, null, indent);
}

/** One line of a JSON-lines file, including its newline. */
export function jsonLine(record: JsonRecord): string {
  return `${encodeJson(record, 'record')}\n`;
}

/** End of each complete line (the byte after its newline), in order. */
export function lineEnds(bytes: Uint8Array): number[] {
  const ends: number[] = [];
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) ends.push(at + 1);
  return ends;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
}

/**
 * JSON on one line with the keys of each object in alphabetical order: equal values have equal text, whatever the order
 * of their keys.
 */
export function canonicalJson(value: JsonRecord): string {
  return encodeJson(sorted(value), 'record');
}

/** Whether `value` is a JSON object, that is, neither null nor a list. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
