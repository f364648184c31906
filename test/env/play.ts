/** Ways to play an episode of household or crafting. */

import type { Split, Step } from '../../src/env/environment.ts';
import type { WorldEnvironment } from '../../src/env/worldEnvironment.ts';
import { randomStream } from '../../src/random.ts';

export type Choice = (env: WorldEnvironment, step: Step, index: number) => number;

export const expert: Choice = (env, _, i) => {
  const good = env.expertActions();
  return good[i % good.length];
};

export function randomChoice(seed: number, purpose = 'test/actions'): Choice {
  const random = randomStream(seed, purpose);
  return (_, step) => random.below(step.info.admissibleActions.length);
}

/** Mixes where that is possible and else takes something in half of the steps: in crafting, it makes other products. */
export function mixingChoice(seed: number): Choice {
  const random = randomStream(seed, 'test/mixing');
  return (env, step) => {
    const texts = env.actionTexts();
    const mix = texts.findIndex((text) => text.startsWith('mix'));
    if (mix >= 0) return mix;
    const takes = [...texts.keys()].filter((a) => texts[a].startsWith('take'));
    if (takes.length > 0 && random.below(2) === 0) return takes[random.below(takes.length)];
    return random.below(step.info.admissibleActions.length);
  };
}

/** Records pairs of renderings of one thing and counts those that break a one-to-one relation. */
export function oneToOne(): { add(left: string, right: string): void; size(): number; broken(): number } {
  const rights = new Map<string, string>();
  const lefts = new Map<string, string>();
  let broken = 0;
  return {
    add(left, right) {
      if ((rights.get(left) ?? right) !== right || (lefts.get(right) ?? left) !== left) broken++;
      rights.set(left, right);
      lefts.set(right, left);
    },
    size: () => rights.size,
    broken: () => broken,
  };
}

export const isOver = (step: Step): boolean => step.terminated || step.truncated;

/** Plays one episode to its end; `visit` is called with every state, including the last one. */
export function play(
  env: WorldEnvironment,
  seed: number,
  split: Split,
  choose: Choice,
  visit?: (step: Step) => void,
): Step {
  let step = env.reset({ seed, split });
  for (let i = 0; !isOver(step); i++) {
    visit?.(step);
    step = env.step(choose(env, step, i));
  }
  visit?.(step);
  return step;
}

/** The expert in two of three steps, else random: reaches every phase of a task, success and failure. */
export function mixedChoice(seed: number): Choice {
  const random = randomStream(seed, 'test/mixed');
  return (env, step, i) =>
    random.below(3) > 0 ? expert(env, step, i) : random.below(step.info.admissibleActions.length);
}
