/** Text of strangers as a terminal may show it. */

const hidden = /[\p{C}\p{Zl}\p{Zp}]/gu;

function escaped(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  return `\\u{${(character.codePointAt(0) as number).toString(16)}}`;
}

/**
 * The text with every character that a terminal would obey or not show written as an escape: control characters, line and paragraph
 * separators, marks of direction, halves of surrogate pairs.
 */
export function visible(text: string): string {
  return text.replaceAll(hidden, escaped);
}
