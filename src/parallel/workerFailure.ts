/** Errors of workers that have ended. They are failures of a run, whatever its config says. */

const failures = new WeakSet<Error>();

/** Marks an error as that of a worker that has ended, and returns it. */
export function workerFailure(error: Error): Error {
  failures.add(error);
  return error;
}

export function isWorkerFailure(error: unknown): boolean {
  return error instanceof Error && failures.has(error);
}
