/** The baseline of uniformly random actions: the results of an environment without a policy. */
import type { EnvironmentSpec, MaybePromise, Split } from '../env/environment.ts';
import { type Playable, type PlayedStep, playRandomly } from '../env/randomPlay.ts';
import { randomStream } from '../random.ts';
import { checkReward, type Played, successOf } from './collect.ts';
import { evaluationGames } from './success.ts';

interface RandomStep extends PlayedStep {
  readonly reward: number;
  readonly success?: boolean | number;
}

/** An environment of any form, before or after a vocabulary. */
export interface RandomEnvironment extends Playable<RandomStep> {
  readonly spec: Pick<EnvironmentSpec, 'name' | 'version' | 'maxSteps' | 'success'>;
  reset(game: { seed: number; split: Split; rollout?: number }): MaybePromise<RandomStep>;
}

export interface RandomOptions {
  /** Names the games, which are those of `evaluate` with this seed, and the actions. */
  readonly seed: number;
  readonly split: Split;
  readonly episodes: number;
  /** Number of the first episode; default 0. An episode is the same whatever the first one is. */
  readonly first?: number;
  /** Number of training games of the run, which the train split repeats. */
  readonly trainGames: number;
  readonly onEpisode?: (done: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Plays games of a split with uniformly random actions, one in each environment at a time.
 *
 * @returns results by game, which do not depend on the number of environments, and f64[episodes] of steps
 * @throws Error if an environment violates its contract; the signal's reason on abort
 */
export async function playBaseline(
  environments: readonly RandomEnvironment[],
  { seed, split, episodes, first = 0, trainGames, onEpisode, signal }: RandomOptions,
): Promise<Played & { readonly steps: Float64Array }> {
  const { spec } = environments[0];
  const games = evaluationGames(seed, split, first + episodes, trainGames).slice(first);
  const returns = new Float64Array(episodes);
  const successes = new Float64Array(spec.success === 'step' ? episodes : 0);
  const steps = new Float64Array(episodes);
  await playRandomly(environments, {
    ...{ caller: 'random', episodes, onEpisode, signal },
    random: (episode) => randomStream(seed, `random/${split}`, first + episode),
    game: (episode) => games[episode],
    onStep(episode, step, action) {
      if (action === null) return;
      checkReward('random', step, spec);
      steps[episode]++;
      returns[episode] += step.reward;
      if (spec.success === 'step' && (step.terminated || step.truncated)) successes[episode] = successOf(step, spec);
    },
  });
  return { returns, successes, steps };
}
