/** Rejections that nobody handles, of this process. */
import { afterAll, beforeAll } from 'vitest';

/** Listens during the tests of a file. What it gives returns the reasons so far, once the event loop has turned. */
export function gatherUnhandled(): () => unknown[] {
  const reasons: unknown[] = [];
  const take = (reason: unknown): void => void reasons.push(reason);
  beforeAll(() => void process.on('unhandledRejection', take));
  afterAll(() => void process.off('unhandledRejection', take));
  return () => reasons;
}
