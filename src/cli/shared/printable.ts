/**
 * What the command prints, made safe for a terminal: names, messages and versions come from files and programs of
 * strangers.
 */

/**
 * Characters that a terminal obeys or that change the order in which it shows others: C0 but line feed and tab, DEL,
 * C1, line and paragraph separators, the marks, overrides and isolates of bidirectional text.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const commands = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * Most UTF-16 code units of a message for people; the longest texts of a program's that errors repeat are half as
 * long.
 */
const MOST_MESSAGE = 8_000;

/** Most UTF-16 code units of a result for people: longer than any that commands make of their own. */
const MOST_RESULT = 1_000_000;

/**
 * The text with its middle left out where it is longer than `most`: errors name the cause first and the next step
 * last.
 */
function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const half = Math.floor(most / 2);
  const left = `[${text.length - 2 * half} characters left out]`;
  return `${text.slice(0, half)} ${left} ${text.slice(text.length - half)}`;
}

/** Text of several lines: control characters as `\u001b`, at most `most` UTF-16 code units before that. */
function printable(text: string, most: number): string {
  return shortened(text, most).replace(commands, escaped);
}

/** A message of several lines. */
export function printableMessage(text: string): string {
  return printable(text, MOST_MESSAGE);
}

/** A result of several lines. */
export function printableResult(text: string): string {
  return printable(text, MOST_RESULT);
}

/** A name, in one line. */
export function printableName(text: string): string {
  return printable(text, MOST_MESSAGE).replace(/[\n\t]/g, escaped);
}

/**
 * One line of JSON that parses to the record: outside of strings, which alone can hold such characters, it has none.
 */
export function printableJson(record: object): string {
  return JSON.stringify(record).replace(commands, escaped);
}
