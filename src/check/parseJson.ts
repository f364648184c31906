/** Parses JSON from a file or from another program. */

/** Deepest nesting of lists and objects that `parseJson` accepts. The records of a run nest at most 6 levels. */
const maxDepth = 64;

/**
 * Calls `visit` with the code of each character outside of strings, until `visit` returns false. The text may be
 * invalid JSON.
 */
function scan(text: string, visit: (code: number) => boolean): void {
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) i++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (!visit(code)) return;
  }
}

/** Whether brackets outside of strings are nested deeper than `maxDepth`. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  scan(text, (code) => {
    if (code === 0x5b || code === 0x7b) depth++;
    else if (code === 0x5d || code === 0x7d) depth--;
    return depth <= maxDepth;
  });
  return depth > maxDepth;
}

/**
 * `JSON.parse` for text from a file or from another program, with a limit on the depth. Without the limit, a deeply
 * nested value overflows the stack of recursive code that reads it.
 *
 * @throws SyntaxError if `text` is not JSON or is nested deeper than 64 levels
 */
export function parseJson(text: string): unknown {
  if (isTooDeep(text)) throw new SyntaxError(`lists and objects are nested deeper than ${maxDepth} levels`);
  return JSON.parse(text);
}

function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const item of Object.values(value)) count += countKeys(item);
  return count;
}

/**
 * Whether an object in `text` has the same key twice. `JSON.parse` keeps the last value and other readers keep the
 * first, so such a file is ambiguous.
 *
 * @param value what `parseJson` returned for `text`
 */
export function hasRepeatedKey(text: string, value: unknown): boolean {
  // Outside of strings, a colon occurs only after a key, so the number of colons is the number of keys.
  let colons = 0;
  scan(text, (code) => {
    if (code === 0x3a) colons++;
    return true;
  });
  return colons !== countKeys(value);
}
