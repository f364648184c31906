/** Cleans texts of other programs for display. */

/** Control characters (C0, DEL and C1) without tab and line feed. Terminals interpret them as commands. */
const controls = /(?![\t\n])\p{Cc}/gu;

/** A half of a surrogate pair without the other half. */
const loneSurrogates = /\p{Cs}/gu;

/** A byte order mark, which can occur at the start of any text from a file. */
const byteOrderMarks = /\ufeff/g;

/**
 * The text without byte order marks. Each control character except tab and line feed is replaced by a space, and each
 * half of a surrogate pair by U+FFFD. Most texts contain none of these and are returned unchanged.
 */
export function shownText(text: string): string {
  return text.replace(byteOrderMarks, '').replace(controls, ' ').replace(loneSurrogates, '\ufffd');
}
