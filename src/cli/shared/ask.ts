/** A question on a terminal. */
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/**
 * Asks on `output` and reads one line of `input`.
 *
 * @returns whether the answer was yes; the end of the input means no
 * @throws the signal's reason on abort
 */
export function askOn(input: Readable, output: Writable, question: string, signal: AbortSignal): Promise<boolean> {
  // Without terminal handling of its own Ctrl-C stays a signal to the process.
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
