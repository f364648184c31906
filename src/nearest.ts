/** The name that a user probably meant. */
import { distance } from 'fastest-levenshtein';

/** The same word in snake_case or with other capitals is the same word. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** The name in `known` with the smallest edit distance to `name`; null if half of its letters or more differ. */
export function nearestName(name: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const edits = distance(plain(name), plain(candidate));
    if (edits < least) [best, least] = [candidate, edits];
  }
  return best !== null && least * 2 <= best.length ? best : null;
}
