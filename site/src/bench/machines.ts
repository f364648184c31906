/** Results that were measured on other machines, for comparison. `site/scripts/addMachine.ts` adds one. */
import stored from './machines.json' with { type: 'json' };

/** One result: of a machine and the runtime that ran the tasks on it. */
export interface Machine {
  /** Runtime and processor. */
  readonly name: string;
  /** Day and conditions; '' if unknown. */
  readonly note: string;
  /** Milliseconds of the fastest repetition by the id of the task. */
  readonly ms: Readonly<Record<string, number>>;
  /** Median over fastest repetition by the id of the task. */
  readonly noise: Readonly<Record<string, number>>;
}

export const machines: readonly Machine[] = stored as unknown as readonly Machine[];
