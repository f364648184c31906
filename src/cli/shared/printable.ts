/**
 * Makes printed text safe for a terminal. Names, messages and versions come from files and programs that the user may
 * not trust.
 */

/**
 * Characters that control a terminal or change the order in which it shows text: C0 without line feed and tab, DEL,
 * C1, line and paragraph separators, and the marks, overrides and isolates of bidirectional text.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the expression finds these characters
const commands = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * Longest message, in UTF-16 code units. The longest text of a program that an error repeats has half of this length.
 */
const MOST_MESSAGE = 8_000;

/** Longest result as text, in UTF-16 code units. It is longer than all results that commands print. */
const MOST_RESULT = 1_000_000;

/** The text, without its middle if it is longer than `most`: errors name the cause first and the next step last. */
function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const half = Math.floor(most / 2);
  const left = `[${text.length - 2 * half} characters left out]`;
  return `${text.slice(0, half)} ${left} ${text.slice(text.length - half)}`;
}

/**
 * Text with at most `most` UTF-16 code units and with control characters as escapes such as `\u001b`. Lines are kept.
 */
function printable(text: string, most: number): string {
  return shortened(text, most).replace(commands, escaped);
}

/** A message, safe to print; it can have several lines. */
export function printableMessage(text: string): string {
  return printable(text, MOST_MESSAGE);
}

/** A result, safe to print; it can have several lines. */
export function printableResult(text: string): string {
  return printable(text, MOST_RESULT);
}

/** A name, safe to print, on one line. */
export function printableName(text: string): string {
  return printable(text, MOST_MESSAGE).replace(/[\n\t]/g, escaped);
}

/**
 * The record as one line of JSON. Control characters occur only inside of JSON strings, so the escapes parse to the
 * same record.
 */
export function printableJson(record: object): string {
  return JSON.stringify(record).replace(commands, escaped);
}
