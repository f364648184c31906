/** When a policy on a control task is evaluated, and how soon it reaches a threshold: the rules of all programs. */
import { evaluationGames } from '../../src/rollout/success.ts';

/** An evaluation during training. */
export interface Point {
  /** Environment steps of training so far. */
  readonly steps: number;
  /** Seconds of training so far: without set-up and without evaluations. */
  readonly seconds: number;
  /** Return of each episode. */
  readonly returns: readonly number[];
}

/** Environment steps between evaluations. */
export const EVERY = 2000;

/** Episodes of an evaluation. */
export const EPISODES = 20;

/** The multiple of `every` at which the next evaluation is due, after one at `steps`. */
export function nextDue(steps: number, every: number): number {
  return (Math.floor(steps / every) + 1) * every;
}

/**
 * The first evaluation whose mean return is at least `threshold`; null if none is.
 *
 * @param points in any order
 */
export function firstReached(points: readonly Point[], threshold: number): Point | null {
  const sorted = points.toSorted((a, b) => a.steps - b.steps);
  return sorted.find(({ returns }) => returns.reduce((sum, x) => sum + x, 0) / returns.length >= threshold) ?? null;
}

/**
 * Seeds with which Gymnasium resets the episodes of an evaluation. bridges/gym_bridge.py plays the same ones for the
 * in-domain games of a run with this seed.
 */
export function evaluationSeeds(seed: number): number[] {
  return evaluationGames(seed, 'in-domain', EPISODES, 1).map((game) => 3 * (game.seed % 2 ** 29) + 1);
}
