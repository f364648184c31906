/** Marks errors of workers that have failed or exited, so that callers can tell them from errors in a config. */

const failures = new WeakSet<Error>();

/** Marks an error as a worker failure, and returns it. */
export function workerFailure(error: Error): Error {
  failures.add(error);
  return error;
}

export function isWorkerFailure(error: unknown): boolean {
  return error instanceof Error && failures.has(error);
}
