/** Texts of a program in error messages. */
import { stripVTControlCharacters } from 'node:util';
import type { Received } from './messages.ts';
import { shownText } from './receivedText.ts';

/** Longest reason from the program in an error message, in UTF-16 code units. */
const reasonLength = 2_000;

/** Text of the program for an error message, without terminal escape sequences and control characters. */
export const printable = (text: string): string => shownText(stripVTControlCharacters(text));

/** An error that the program reported. It rejects only the request that it belongs to. */
export class ProgramError extends Error {
  /** Whether the program requests that the same request be sent again. */
  readonly retry: boolean;

  constructor(message: string, retry: boolean) {
    super(message);
    this.retry = retry;
  }
}

/** @param name of the bridge @param received has a text in `error` */
export function programError(name: string, received: Received): ProgramError {
  const reason = printable(String(received.error).slice(0, reasonLength));
  return new ProgramError(`bridge ${name}: ${reason}`, received.retry === true);
}
