/** Texts of other programs, as they may be shown and read. */

/** Control characters but tab and line feed: C0, DEL and C1, with which a terminal can be told to do things. */
const controls = /(?![\t\n])\p{Cc}/gu;

/** A half of a surrogate pair without the other. */
const loneSurrogates = /\p{Cs}/gu;

/** A byte order mark, which may stand at the start of any text of a file. */
const byteOrderMarks = /\ufeff/g;

/**
 * The text without byte order marks, with a space in place of each control character but tab and line feed, and with U+FFFD in place of each
 * half of a surrogate pair. Most texts have none of these and stay as they are.
 */
export function shownText(text: string): string {
  return text.replace(byteOrderMarks, '').replace(controls, ' ').replace(loneSurrogates, '\ufffd');
}
