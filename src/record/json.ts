/** JSON for records: what JSON cannot hold is refused, where `JSON.stringify` would write null or drop the key. */

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

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
 * @param name what the value is, for the error: `metrics`, `state.json`
 * @throws Error naming the path of a value JSON cannot hold: NaN, an infinity, undefined, a typed array, a function
 */
export function encodeJson(value: unknown, name: string, indent = 0): string {
  check(value, name);
  return JSON.stringify(value, null, indent);
}

/** Whether `value` is a JSON object (neither null nor a list). */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
