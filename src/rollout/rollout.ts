/** The record of a batch of episodes, in flat typed arrays. */

import type { InputShape } from '../engine/layers/batch.ts';
import { createStateList, grown, type StateList } from '../engine/states/stateList.ts';
import type { Split } from '../env/environment.ts';

/** The game of an episode. Episodes of one group have the same game and differ in `rollout`. */
export interface GameChoice {
  readonly seed: number;
  readonly split: Split;
  readonly rollout: number;
  /** Another goal than the game's own, for relabelled episodes; see `Environment.reset`. */
  readonly goal?: number;
}

/** The states after the last steps of truncated episodes, by number of steps, then by episode. */
export interface FinalStates {
  readonly states: StateList;
  /** i32[states.states]: the episode of each. */
  readonly episode: Int32Array;
}

/** A batch of episodes in flat arrays: by state in the order of `states`, by episode in the order of `games`. */
export interface Rollout {
  readonly states: StateList;
  /** By state: index of the first state with the same observation and the same actions in the same order. */
  first: Int32Array;
  /** By state: its episode. */
  episode: Int32Array;
  /** By state: its step in the episode. */
  step: Int32Array;
  /** By state: index of the action taken. */
  taken: Int32Array;
  /** By state: log-probability of the action when it was taken. */
  logProb: Float32Array;
  /** By state: `stateHash()` before the action. */
  hash: Float64Array;
  /** By state: `stateHash()` after the action. */
  nextHash: Float64Array;
  /** By state: the reward of the action. */
  reward: Float64Array;
  /** By state: 1 if the action terminated the episode (not if it was truncated). */
  terminated: Uint8Array;
  /**
   * u8[action rows]: 1 where a belief-based expert would take the action; empty without an expert or if its actions
   * were not recorded.
   */
  expert: Uint8Array;
  /** null unless they were asked for. */
  finals: FinalStates | null;
  /** By episode: its game. */
  readonly games: readonly GameChoice[];
  /** By episode: sum of its rewards. */
  readonly returns: Float64Array;
  /** By episode: its success as its last step states it; empty unless `spec.success` is `step`. */
  successes: Float64Array;
  /** By episode: number of its steps. */
  readonly lengths: Int32Array;
}

/** Largest initial capacity of the list, in states. */
const LIST_CAPACITY = 2048;
/**
 * Largest initial capacity of the other arrays, in states. Memory to which the program never writes is not committed.
 */
const ARRAY_CAPACITY = 65_536;

/**
 * Creates a rollout without states. `growRollout` enlarges its arrays where the initial capacity is too small.
 *
 * @param reusable a rollout that is no longer needed. Its arrays are reused, which avoids the allocation and clearing
 * of new memory
 */
export function createRollout(
  shape: InputShape,
  games: readonly GameChoice[],
  maxSteps: number,
  reusable: Rollout | null = null,
): Rollout {
  const most = Math.min(games.length * maxSteps, ARRAY_CAPACITY);
  const old = reusable !== null && reusable.episode.length >= most ? reusable : null;
  return {
    states: old
      ? { ...old.states, shape, states: 0, actions: 0 }
      : createStateList(shape, Math.min(most, LIST_CAPACITY)),
    first: old?.first ?? new Int32Array(most),
    episode: old?.episode ?? new Int32Array(most),
    step: old?.step ?? new Int32Array(most),
    taken: old?.taken ?? new Int32Array(most),
    logProb: old?.logProb ?? new Float32Array(most),
    hash: old?.hash ?? new Float64Array(most),
    nextHash: old?.nextHash ?? new Float64Array(most),
    reward: old?.reward ?? new Float64Array(most),
    terminated: old?.terminated ?? new Uint8Array(most),
    expert: new Uint8Array(0),
    finals: null,
    games,
    returns: new Float64Array(games.length),
    successes: new Float64Array(0),
    lengths: new Int32Array(games.length),
  };
}

/** Enlarges the arrays to a capacity of at least `states` states. */
export function growRollout(rollout: Rollout, states: number): void {
  if (states <= rollout.episode.length) return;
  rollout.first = grown(rollout.first, states);
  rollout.episode = grown(rollout.episode, states);
  rollout.step = grown(rollout.step, states);
  rollout.taken = grown(rollout.taken, states);
  rollout.logProb = grown(rollout.logProb, states);
  rollout.hash = grown(rollout.hash, states);
  rollout.nextHash = grown(rollout.nextHash, states);
  rollout.reward = grown(rollout.reward, states);
  rollout.terminated = grown(rollout.terminated, states);
}
