/** JSON from a file or from another program. */

/** Deepest nesting of lists and objects that `parseJson` accepts. A run's own records need 6. */
const maxDepth = 64;

/** Whether brackets outside of strings are nested deeper than `maxDepth`. The text need not be valid JSON. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) inString = true;
    else if (c === 0x5b || c === 0x7b) {
      if (++depth > maxDepth) return true;
    } else if (c === 0x5d || c === 0x7d) depth--;
  }
  return false;
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
