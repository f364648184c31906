/** Finds the text that a user means among listed texts. */

/** Lower-case words of letters and digits. */
function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Words in both texts / words in either of them. */
function similarity(a: readonly string[], b: readonly string[]): number {
  const [left, right] = [new Set(a), new Set(b)];
  let both = 0;
  for (const word of left) if (right.has(word)) both++;
  return both / Math.max(1, left.size + right.size - both);
}

/** The text that was found, or the numbers of the candidates, nearest first. */
export type Match = { readonly index: number } | { readonly found: number; readonly nearest: readonly number[] };

/** Number of nearest texts that a failed match returns. */
const NEAREST = 3;

/**
 * Finds `wanted` among `texts`: the first text with the same words in the same order, otherwise the only text that
 * starts with its words, otherwise the only text that contains all of them.
 */
export function matchText(wanted: string, texts: readonly string[]): Match {
  const words = wordsOf(wanted);
  const all = texts.map(wordsOf);
  const joined = words.join(' ');
  const same = all.findIndex((own) => own.join(' ') === joined);
  if (same >= 0) return { index: same };
  const indices = [...all.keys()];
  const starting = indices.filter((i) => `${all[i].join(' ')} `.startsWith(`${joined} `));
  if (words.length > 0 && starting.length === 1) return { index: starting[0] };
  const containing = words.length === 0 ? [] : indices.filter((i) => words.every((word) => all[i].includes(word)));
  if (containing.length === 1) return { index: containing[0] };
  const scores = all.map((own) => similarity(words, own));
  const pool = containing.length > 0 ? containing : indices;
  const nearest = [...pool].sort((i, j) => scores[j] - scores[i] || i - j).slice(0, NEAREST);
  return { found: containing.length, nearest };
}
