/** Ways to play an episode of crafting. */

import type { Crafting } from '../../../src/env/crafting/crafting.ts';
import type { Split, Step } from '../../../src/env/environment.ts';
import { randomStream } from '../../../src/random.ts';

export type Choice = (env: Crafting, step: Step, index: number) => number;

export const expert: Choice = (env, _, i) => {
  const good = env.expertActions();
  return good[i % good.length];
};

export function randomChoice(seed: number): Choice {
  const random = randomStream(seed, 'test/actions');
  return (_, step) => random.below(step.info.admissibleActions.length);
}

/** An expert two times out of three, else random: reaches every phase of a game, success and failure. */
export function mixedChoice(seed: number): Choice {
  const random = randomStream(seed, 'test/mixed');
  return (env, step, i) =>
    random.below(3) > 0 ? expert(env, step, i) : random.below(step.info.admissibleActions.length);
}

export const isOver = (step: Step): boolean => step.terminated || step.truncated;

/** Plays one episode to its end; `visit` sees every state, the last one too. */
export function play(env: Crafting, seed: number, split: Split, choose: Choice, visit?: (step: Step) => void): Step {
  let step = env.reset({ seed, split });
  for (let i = 0; !isOver(step); i++) {
    visit?.(step);
    step = env.step(choose(env, step, i));
  }
  visit?.(step);
  return step;
}
