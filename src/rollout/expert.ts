/**
 * Plays episodes with an environment's expert and some random actions, for demonstrations and for states on which
 * coupling is measured.
 */

import { createStateList, inputShape, pushState, type StateList } from '../engine/states/stateList.ts';
import type { Environment } from '../env/environment.ts';
import { checkMaxSteps, requireEnd } from '../env/limits.ts';
import { pauses, settled } from '../eventLoop.ts';
import { randomStream } from '../random.ts';
import type { GameChoice } from './rollout.ts';

export interface ExpertPlay {
  readonly states: StateList;
  /**
   * i32[states]: the action that the expert chose (a random one of its actions), even if a random action was played
   * instead.
   */
  readonly taken: Int32Array;
  /** u8[action rows]: 1 where the expert would take the action. */
  readonly expert: Uint8Array;
  /** i32[states]: index of the game in `games`. */
  readonly game: Int32Array;
}

/**
 * Plays each game once. Each action is the expert's with probability 1 - noise, otherwise a uniformly random one.
 *
 * @throws if the environment has no expert or violates its contract (no admissible action, no end by `maxSteps`); the
 * signal's reason on abort
 */
export async function playExpert(
  environment: Environment,
  games: readonly GameChoice[],
  options: {
    readonly noise: number;
    readonly seed: number;
    readonly purpose: string;
    /** Called after each game with the number of games that have ended. */
    readonly onEpisode?: (done: number) => void;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<ExpertPlay> {
  const { spec } = environment;
  if (!environment.expertActions) {
    throw new Error(
      `playExpert: environment ${spec.name} has no expert; set coldStart to 0 and labels to "graph" or "advantage"`,
    );
  }
  checkMaxSteps('playExpert', spec);
  const states = createStateList(inputShape(spec));
  const taken: number[] = [];
  const game: number[] = [];
  const expert: number[] = [];
  const pause = pauses(options.signal);
  for (let g = 0; g < games.length; g++) {
    options.signal?.throwIfAborted();
    const random = randomStream(options.seed, options.purpose, g);
    let step = await settled(environment.reset(games[g]), options.signal);
    for (let steps = 1; !step.terminated && !step.truncated; steps++) {
      const { admissibleActions } = step.info;
      pushState(states, step.observation, admissibleActions);
      const good = environment.expertActions();
      const row = expert.length;
      for (let a = 0; a < admissibleActions.length; a++) expert.push(0);
      for (const action of good) expert[row + action] = 1;
      const choice = good.length > 0 ? good[random.below(good.length)] : random.below(admissibleActions.length);
      taken.push(choice);
      game.push(g);
      const action = random.uniform() < options.noise ? random.below(admissibleActions.length) : choice;
      step = await settled(environment.step(action), options.signal);
      requireEnd('playExpert', spec, step, steps);
      await pause(1);
    }
    options.onEpisode?.(g + 1);
  }
  return { states, taken: Int32Array.from(taken), expert: Uint8Array.from(expert), game: Int32Array.from(game) };
}
