import { expect } from 'vitest';

function messageOf(error: unknown): string {
  expect(error).toBeInstanceOf(Error);
  // Errors of this kind are the engine's own: no check threw them.
  expect(error).not.toBeInstanceOf(TypeError);
  return (error as Error).message;
}

/** The message of the error that a call throws, which must not be a TypeError; `nothing` if it throws none. */
export function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return messageOf(error);
  }
  return 'nothing';
}

/** The same of a call that returns a promise. */
export async function rejection(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
  } catch (error) {
    return messageOf(error);
  }
  return 'nothing';
}
