/** Text of strangers' files, as the page shows it. */

/** Most characters of a value of a file that the page shows. */
const longest = 60;

/** The start of a text, without characters that reverse its direction or hide it. */
export function shownText(text: string): string {
  const plain = text.replace(/[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu, '?');
  return plain.length > longest ? `${plain.slice(0, longest)}…` : plain;
}
