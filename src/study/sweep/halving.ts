/**
 * Synchronous successive halving (Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter
 * optimization", AISTATS 2016): all trials train for few iterations, and the best 1 / eta of them train again for eta
 * times as many.
 */

/** Number of iterations of each trial of a rung, and number of its trials. */
export interface Rung {
  /** Null where the iterations are those of the trial's setting. */
  readonly iterations: number | null;
  readonly trials: number;
}

/**
 * The rungs of a sweep: iterations grow by the factor `eta` up to `iterations`, and of each rung's trials
 * max(1, floor(trials / eta)) are promoted. A rung of one trial would choose nothing, so it is left out.
 */
export function rungsOf(trials: number, eta: number, minIterations: number, iterations: number): readonly Rung[] {
  const rungs: Rung[] = [];
  let [count, budget] = [trials, minIterations];
  for (;;) {
    rungs.push({ iterations: budget, trials: count });
    count = Math.floor(count / eta);
    if (budget === iterations || count <= 1) return rungs;
    budget = Math.min(iterations, budget * eta);
  }
}

/** A trial with the mean of its measure. */
export interface Score {
  readonly trial: number;
  readonly mean: number;
}

/** Numbers of the trials, the highest mean first, of equal ones the lowest number. The order of `scores` is free. */
export function ranked(scores: readonly Score[]): readonly number[] {
  return scores.toSorted((a, b) => b.mean - a.mean || a.trial - b.trial).map(({ trial }) => trial);
}
