/** Yes-or-no questions on a terminal. */
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/**
 * Writes the question to `output` and reads one line of `input`.
 *
 * @returns true for y or yes; false for any other answer and at the end of the input
 * @throws the signal's reason on abort
 */
export function askOn(input: Readable, output: Writable, question: string, signal: AbortSignal): Promise<boolean> {
  // With terminal: true, readline would consume Ctrl-C, which must reach the process as a signal.
  const lines = createInterface({ input, output, terminal: false });
  return new Promise<boolean>((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    signal.throwIfAborted();
    signal.addEventListener('abort', stop);
    lines.once('close', () => {
      signal.removeEventListener('abort', stop);
      resolve(false);
    });
    lines.question(`${question} [y/N] `, (answer) => resolve(/^\s*y(es)?\s*$/i.test(answer)));
  }).finally(() => lines.close());
}
