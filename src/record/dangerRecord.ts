/** The record of a danger-zone experiment. `schemas.ts` has its schema; declarations of the library name this type. */

/** One method, one label source and one start probability; means over seeds. */
export interface DangerRow {
  /** Probability of the bad action before training. */
  start: number;
  /**
   * False for the condition "other state's data removed": only the samples of the look-alike state are in the losses,
   * so no update comes from the other state, and its task is not learnt.
   */
  coupling: boolean;
  method: string;
  labels: string;
  /** Largest probability of the bad action during training, and the probability at the end. */
  peak: number;
  end: number;
  /** Mean return after training, in [0, 1]; null in a record of a version that did not measure it. */
  return: number | null;
  seeds: number;
}

/** Probability of the bad action over training. */
export interface DangerCurve {
  method: string;
  labels: string;
  coupling: boolean;
  start: number;
  /** Iteration, mean over seeds, lower and upper bound of the interval. */
  points: [iteration: number, mean: number, low: number, high: number][];
}

/** danger.json and what `runDanger` returns. */
export interface DangerRecord {
  command: 'danger';
  /** Present if the networks were initialised in another way than in training runs. */
  preset?: 'prototype' | undefined;
  /** `decoupleLambda` of the rows with the term `decouple`; absent without such rows. */
  decoupleLambda?: number | undefined;
  /** Similarity (cosine) of the two states. */
  rho: number;
  seeds: number;
  iterations: number;
  rows: DangerRow[];
  curves: DangerCurve[];
}
