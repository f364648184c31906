/** Results that were measured with this page on other machines, for comparison. */

/** Milliseconds of one repetition by task, and the browser. */
export interface Machine {
  readonly name: string;
  readonly ms: Readonly<Record<string, number>>;
}

export const machines: readonly Machine[] = [];
