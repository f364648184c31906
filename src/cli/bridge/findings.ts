/** The findings of `unbraid bridge check`, in the order of the checks. */

/** The checks in the order in which they run. */
export const checkNames = [
  'start',
  'episodes',
  'abandoned episodes',
  'other environments',
  'fresh process',
  'stepMany',
  'step limit',
  'seeds',
  'splits',
  'resets',
  'exit',
] as const;

export type CheckName = (typeof checkNames)[number];

/** One check. A warning does not make the bridge wrong. */
export interface Finding {
  readonly check: CheckName;
  readonly result: 'ok' | 'warning' | 'failed' | 'not run';
  readonly detail: string;
}

/** Ends the checks: the others cannot run after a failure of the program. */
export class Stopped extends Error {}

export interface Findings {
  /** Notes the result of a check; the first failure of a check stays. */
  note(check: CheckName, result: Finding['result'], detail: string): void;
  /**
   * Does the work of a check.
   *
   * @throws Stopped if the work fails, which fails the check; the signal's reason on abort
   */
  during<T>(check: CheckName, work: () => Promise<T>): Promise<T>;
  /** One finding for each check. */
  all(): readonly Finding[];
}

export function createFindings(signal: AbortSignal): Findings {
  const found = new Map<CheckName, Finding>();
  const note: Findings['note'] = (check, result, detail) => {
    if (found.get(check)?.result !== 'failed') found.set(check, { check, result, detail });
  };
  return {
    note,
    async during(check, work) {
      try {
        return await work();
      } catch (error) {
        signal.throwIfAborted();
        note(check, 'failed', error instanceof Error ? error.message : String(error));
        throw new Stopped('a check failed', { cause: error });
      }
    },
    all: () =>
      checkNames.map((check) => found.get(check) ?? { check, result: 'not run', detail: 'an earlier check failed' }),
  };
}
