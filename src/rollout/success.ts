/** Measures the returns and the success of a policy on games of a split. */

import { checkChoice, checkInteger, checkKeys, checkObject, checkPositive, checkSeed } from '../check/values.ts';
import type { Policy } from '../engine/policy/policy.ts';
import { actionKey } from '../engine/policy/policy.ts';
import { type Environment, type EnvironmentSpec, type Split, splits } from '../env/environment.ts';
import { randomStream } from '../random.ts';
import { type CollectOptions, checkEnvironments, type Played, play } from './collect.ts';
import type { GameChoice } from './rollout.ts';

/** The run's training games: `count` seeds of the train split, determined by the run's seed. */
export function trainingGames(seed: number, count: number): GameChoice[] {
  const first = randomStream(seed, 'games/train').below(0x1000_0000) * 6;
  return Array.from({ length: count }, (_, i) => ({ seed: first + i, split: 'train', rollout: 0 }));
}

/**
 * Games to evaluate on. For the train split: the run's training games, repeated in order. For the other splits:
 * `episodes` new seeds. The games are the same for every method with one seed, so that methods can be compared in
 * pairs.
 */
export function evaluationGames(seed: number, split: Split, episodes: number, trainGames: number): GameChoice[] {
  if (split === 'train') {
    const games = trainingGames(seed, trainGames);
    return Array.from({ length: episodes }, (_, i) => ({
      ...games[i % trainGames],
      rollout: Math.floor(i / trainGames),
    }));
  }
  const first = 0x8000_0000 + randomStream(seed, `games/${split}`).below(0x1000_0000);
  return Array.from({ length: episodes }, (_, i) => ({ seed: first + i, split, rollout: 0 }));
}

/** Options of `evaluate`. */
export interface EvaluateOptions {
  /** Names the games and the random numbers that actions are drawn with. Equal seeds play equal games. */
  readonly seed: number;
  readonly split: Split;
  /** Number of episodes. */
  readonly episodes: number;
  /** Number of training games of the run, which the train split repeats. Default 150, as in the config. */
  readonly trainGames?: number;
  /** Divides the logits; default 1. */
  readonly temperature?: number;
  /** Called after each episode with the number of episodes that have ended. */
  readonly onEpisode?: (done: number) => void;
  readonly signal?: AbortSignal | undefined;
  /**
   * Plays the games, by default on this thread with the given environments.
   *
   * @internal
   */
  readonly play?: (games: readonly GameChoice[], options: CollectOptions) => Promise<Played>;
}

const optionKeys = {
  seed: 1,
  split: 1,
  episodes: 1,
  trainGames: 1,
  temperature: 1,
  onEpisode: 1,
  signal: 1,
  play: 1,
} satisfies Record<keyof EvaluateOptions, 1>;

/**
 * Largest number of episodes of an evaluation, and of training games. Up to this number the seeds of different splits
 * are disjoint.
 */
const MOST_GAMES = 2 ** 28;

/** Default number of training games, that of the config. */
const TRAIN_GAMES = 150;

function checkArguments(policy: unknown, environments: unknown, options: EvaluateOptions): void {
  checkObject('evaluate', 'policy', policy, 'pass the result of createPolicy');
  checkEnvironments('evaluate', environments);
  checkKeys('evaluate', 'options', options, optionKeys);
  const { seed, split, episodes, trainGames = TRAIN_GAMES, temperature = 1 } = options;
  checkSeed('evaluate', seed);
  checkChoice('evaluate', 'split', split, splits);
  checkInteger('evaluate', 'episodes', episodes, 1, MOST_GAMES, 'pass the number of episodes');
  checkInteger('evaluate', 'trainGames', trainGames, 1, MOST_GAMES, 'pass the number of training games of the run');
  checkPositive('evaluate', 'temperature', temperature, true, '1 leaves the scores as they are');
}

/** What `evaluate` returns. */
export interface Evaluation {
  /** Mean of `returns`. */
  readonly mean: number;
  /** f64[episodes]: sum of the rewards of each episode. */
  readonly returns: Float64Array;
  /** Mean of `successes`, the success rate; null where success means nothing. */
  readonly success: number | null;
  /** f64[episodes]: the success of each episode, as `spec.success` defines it; null where success means nothing. */
  readonly successes: Float64Array | null;
}

/** The success of each episode, as `spec.success` defines it; null where success means nothing. */
export function successesOf(
  { success = 'return' }: Pick<EnvironmentSpec, 'success'>,
  played: Played,
): Float64Array | null {
  if (success === null) return null;
  return success === 'step' ? played.successes : played.returns;
}

export function meanOf(values: Float64Array): number {
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}

/**
 * Plays episodes with sampled (not greedy) actions and returns their mean return and success rate. By default the
 * return of an episode is its success: 1 for a solved game and 0 otherwise, or a score; `spec.success` can define
 * another one.
 *
 * @param policy with prepared weights
 * @param environments one or more instances of the policy's environment; that many episodes are played at a time, with
 *   the same result
 * @returns the mean return, the success rate, and both by episode
 * @throws RangeError or Error that names an invalid argument; the signal's reason on abort
 */
export async function evaluate(
  policy: Policy,
  environments: readonly Environment[],
  options: EvaluateOptions,
): Promise<Evaluation> {
  checkArguments(policy, environments, options);
  const { seed, split, episodes, trainGames = TRAIN_GAMES, temperature = 1, signal } = options;
  signal?.throwIfAborted();
  const games = evaluationGames(seed, split, episodes, trainGames);
  const key = actionKey(seed, `evaluate/${split}`, 0);
  const onEpisode = options.onEpisode ? { onEpisode: options.onEpisode } : {};
  const playAll = options.play ?? ((all, how) => play(policy, environments, all, how));
  const played = await playAll(games, { key, temperature, signal, ...onEpisode });
  signal?.throwIfAborted();
  const { returns } = played;
  const successes = successesOf(environments[0].spec, played);
  return { mean: meanOf(returns), returns, success: successes && meanOf(successes), successes };
}
