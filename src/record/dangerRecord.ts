/** The record of a danger-zone experiment. `schemas.ts` has its schema; declarations of the library name this type. */

/** Probability of the bad action with one method, one label source and one start probability; means over seeds. */
export interface DangerRow {
  /** Probability of the bad action before training. */
  start: number;
  /** Whether the updates of one state change the other. */
  coupling: boolean;
  method: string;
  labels: string;
  /** Largest probability of the bad action during training, and the probability at the end. */
  peak: number;
  end: number;
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
  /** Similarity (cosine) of the two states. */
  rho: number;
  seeds: number;
  iterations: number;
  rows: DangerRow[];
  curves: DangerCurve[];
}
