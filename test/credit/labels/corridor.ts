/**
 * A corridor with known true values: places 0, 1, 2 and the exit behind 2. Actions: 0 back, 1 stay, 2 forward, 3 a trap
 * that ends the episode. The reward is 1 for the exit. Observation vectors are one-hot places.
 */

import { type Config, resolveConfig } from '../../../src/config/config.ts';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { createPolicy, type Policy } from '../../../src/engine/policy/policy.ts';
import type { Environment, Step } from '../../../src/env/environment.ts';
import { collect } from '../../../src/rollout/collect.ts';
import type { Rollout } from '../../../src/rollout/rollout.ts';
import { handMade, type Transition } from './rollouts.ts';

const FORWARD = 2;
const TRAP = 3;
const LAST = 2;
const OUT = 3;

/** Q*(place, action) at discount .9: V* is .81, .9, 1. */
export const trueValues: readonly (readonly number[])[] = [
  [0.729, 0.729, 0.81, 0],
  [0.729, 0.81, 0.9, 0],
  [0.81, 0.9, 1, 0],
];

/** The labels from Q*: the best action is good, the others are bad. */
export const trueLabels: readonly number[] = trueValues.flatMap((row) =>
  row.map((q) => (q === Math.max(...row) ? 1 : 0)),
);

const next = (place: number, action: number): number =>
  action === FORWARD ? place + 1 : action === 0 ? Math.max(0, place - 1) : place;

export interface Corridor extends Environment {
  clone(): Corridor;
}

export function createCorridor(place = 0, steps = 0, ended = false): Corridor {
  let state = { place, steps, ended };
  const show = (reward: number): Step => ({
    observation: Float32Array.from({ length: OUT }, (_, i) => (i === state.place ? 1 : 0)),
    reward,
    terminated: state.ended,
    truncated: !state.ended && state.steps === 12,
    info: { admissibleActions: state.ended || state.steps === 12 ? [] : [0, 1, FORWARD, TRAP] },
  });
  return {
    spec: {
      ...{ name: 'corridor', version: '1', form: 'vector', maxSteps: 12, hasExpert: true },
      ...{ vectorWidth: OUT, actionCount: 4 },
    },
    reset({ seed }) {
      state = { place: seed % OUT, steps: 0, ended: false };
      return show(0);
    },
    step(action) {
      const to = next(state.place, action);
      state = { place: to, steps: state.steps + 1, ended: action === TRAP || to === OUT };
      return show(to === OUT ? 1 : 0);
    },
    observationText: () => `place ${state.place}`,
    actionTexts: () => ['back', 'stay', 'forward', 'trap'],
    stateHash: () => state.place,
    expertActions: () => [FORWARD],
    clone: () => createCorridor(state.place, state.steps, state.ended),
  };
}

/** Every action tried first in every place, then forward to the exit: the return of each action is its true value. */
export function everyAction(): Rollout {
  const episodes: Transition[][] = [];
  for (let place = 0; place <= LAST; place++) {
    for (let action = 0; action <= TRAP; action++) {
      const episode: Transition[] = [];
      for (let at = place, a = action; ; a = FORWARD) {
        const to = next(at, a);
        const terminated = a === TRAP || to === OUT;
        episode.push({
          hash: at,
          taken: a,
          next: to,
          candidates: 4,
          reward: to === OUT ? 1 : 0,
          terminated,
          expert: [FORWARD],
          seen: at - 1,
        });
        if (terminated) break;
        at = to;
      }
      episodes.push(episode);
    }
  }
  return handMade(episodes);
}

export interface Played {
  readonly policy: Policy;
  readonly environment: Corridor;
  readonly rollout: Rollout;
  readonly config: Config;
}

/** Episodes of a policy that takes every action with equal probability. */
export async function playCorridor(episodes: number, changes: Partial<Config> = {}): Promise<Played> {
  const config = resolveConfig({ policy: 'mlp', ...changes });
  const environment = createCorridor();
  const policy = createPolicy(await createArena(), environment.spec, { ...config, logitScale: 1 });
  policy.network.prepare(policy.weights);
  const games = Array.from({ length: episodes }, (_, i) => ({ seed: i % OUT, split: 'train' as const, rollout: i }));
  const rollout = await collect(
    policy,
    games.map(() => createCorridor()),
    games,
    { key: [1, 2], temperature: 1 },
  );
  return { policy, environment, rollout, config };
}

/** Labels of the first state in each place, concatenated. */
export function labelsByPlace(rollout: Rollout, labels: Int8Array): number[] {
  return [0, 1, 2].flatMap((place) => {
    const state = rollout.hash.indexOf(place);
    return [...labels.subarray(rollout.states.rowOffsets[state], rollout.states.rowOffsets[state + 1])];
  });
}
