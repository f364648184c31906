/** Suggests the known name that is closest to a misspelt one. */

/** Longer names are not compared, because the time grows with the length. All known names are shorter. */
const LONGEST_NAME = 64;

/** Lower case without underscores, so that snake_case and other capitals compare as equal. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/**
 * Levenshtein distance: least number of characters to insert, delete or replace. Written here because the edge build,
 * which includes this file, has no dependency for it.
 */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}

/** The name in `known` with the smallest edit distance to `name`; null if half of its letters or more differ. */
export function nearestName(name: string, known: readonly string[]): string | null {
  if (name.length > LONGEST_NAME) return null;
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const edits = distance(plain(name), plain(candidate));
    if (edits < least) [best, least] = [candidate, edits];
  }
  return best !== null && least * 2 <= best.length ? best : null;
}
