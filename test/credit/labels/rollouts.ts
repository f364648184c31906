/** Rollouts written by hand, and rollouts of a synchronous environment with a given choice of actions. */

import { findRepeats } from '../../../src/engine/states/repeats.ts';
import { inputShape, pushState } from '../../../src/engine/states/stateList.ts';
import type { Step, VectorSpec } from '../../../src/env/environment.ts';
import type { WorldEnvironment } from '../../../src/env/worldEnvironment.ts';
import { createRollout, type GameChoice, type Rollout } from '../../../src/rollout/rollout.ts';

/** One step: the state's hash and number of candidates, the action taken, and its result. */
export interface Transition {
  hash: number;
  taken: number;
  next: number;
  candidates?: number;
  reward?: number;
  terminated?: boolean;
  expert?: number[];
  /** The observation, one number; default 0. */
  seen?: number;
}

export const handMadeSpec: VectorSpec = {
  name: 'hand-made',
  version: '1',
  form: 'vector',
  maxSteps: 100,
  hasExpert: false,
  vectorWidth: 1,
  actionCount: 100,
};

const shape = inputShape(handMadeSpec);

/** Consecutive episodes, each in its game; the default game is seed 0 of `train`. */
export function handMade(episodes: readonly Transition[][], games: readonly Partial<GameChoice>[] = []): Rollout {
  const choices = episodes.map((_, i): GameChoice => ({ seed: 0, split: 'train', rollout: i, ...games[i] }));
  const rollout = createRollout(shape, choices, Math.max(1, ...episodes.map((steps) => steps.length)));
  const expert: number[] = [];
  episodes.forEach((steps, episode) => {
    for (const { hash, taken, next, candidates = 3, reward = 0, terminated = false, expert: good, seen = 0 } of steps) {
      const n = rollout.states.states;
      pushState(
        rollout.states,
        Float32Array.of(seen),
        Array.from({ length: candidates }, (_, a) => a),
      );
      rollout.episode[n] = episode;
      rollout.step[n] = rollout.lengths[episode]++;
      rollout.taken[n] = taken;
      rollout.hash[n] = hash;
      rollout.nextHash[n] = next;
      rollout.reward[n] = reward;
      rollout.terminated[n] = terminated ? 1 : 0;
      rollout.returns[episode] += reward;
      if (good) for (let a = 0; a < candidates; a++) expert.push(good.includes(a) ? 1 : 0);
    }
  });
  rollout.expert = Uint8Array.from(expert);
  rollout.first = findRepeats(rollout.states, new Int8Array(rollout.states.actions));
  return rollout;
}

/** Plays one episode per game, one after another. */
export function playGames(
  env: WorldEnvironment,
  games: readonly GameChoice[],
  choose: (env: WorldEnvironment, step: Step, index: number) => number,
): Rollout {
  const rollout = createRollout(inputShape(env.spec), games, env.spec.maxSteps);
  const expert: number[] = [];
  games.forEach((game, episode) => {
    let step = env.reset(game);
    while (!step.terminated && !step.truncated) {
      const n = rollout.states.states;
      const good = env.expertActions();
      pushState(rollout.states, step.observation, step.info.admissibleActions);
      for (let a = 0; a < step.info.admissibleActions.length; a++) expert.push(good.includes(a) ? 1 : 0);
      rollout.episode[n] = episode;
      rollout.hash[n] = env.stateHash();
      rollout.taken[n] = choose(env, step, rollout.lengths[episode]);
      rollout.step[n] = rollout.lengths[episode]++;
      step = env.step(rollout.taken[n]);
      rollout.nextHash[n] = env.stateHash();
      rollout.reward[n] = step.reward;
      rollout.returns[episode] += step.reward;
      rollout.terminated[n] = step.terminated ? 1 : 0;
    }
  });
  rollout.expert = Uint8Array.from(expert);
  rollout.first = findRepeats(rollout.states, new Int8Array(rollout.states.actions));
  return rollout;
}
