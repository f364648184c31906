/** JSON from a file or from another program. */

/** Deepest nesting of lists and objects that `parseJson` accepts. A run's own records need 6. */
const maxDepth = 64;

/** Calls `visit` with the code of each character outside of strings, until it returns false. The text need not be valid JSON. */
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
 * `JSON.parse` for text from a file or from another program. Recursive code can read the result: its depth is bounded, where `JSON.parse`
 * alone returns values that overflow the stack of whatever walks through them.
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
 * Whether some object in `text` has a key twice. `JSON.parse` keeps the last of them, other readers the first, so one file would mean two
 * things.
 *
 * @param value what `parseJson` returned for `text`
 */
export function hasRepeatedKey(text: string, value: unknown): boolean {
  // Outside of strings, a colon follows each key and nothing else.
  let colons = 0;
  scan(text, (code) => {
    if (code === 0x3a) colons++;
    return true;
  });
  return colons !== countKeys(value);
}
