/** What a batch of episodes leaves behind, in flat typed arrays. */

import type { InputShape } from '../engine/layers/batch.ts';
import { createStateList, grown, type StateList } from '../engine/states/stateList.ts';
import type { Split } from '../env/environment.ts';

/** Which game an episode plays. Episodes of one group share their game and differ in `rollout`. */
export interface GameChoice {
  readonly seed: number;
  readonly split: Split;
  readonly rollout: number;
}

/** A batch of episodes in flat arrays: by state in the order of `states`, by episode in the order of `games`. */
export interface Rollout {
  readonly states: StateList;
  /** Of each state: the first one with the same observation and the same actions in the same order. */
  first: Int32Array;
  /** Of each state: its episode, its step in it, the index of the action taken, and that action's log-probability when it was taken. */
  episode: Int32Array;
  step: Int32Array;
  taken: Int32Array;
  logProb: Float32Array;
  /** Of each state: `stateHash()` before and after the action, the reward, and whether the episode was terminated (not truncated) by it. */
  hash: Float64Array;
  nextHash: Float64Array;
  reward: Float64Array;
  terminated: Uint8Array;
  /** u8[action rows]: 1 where a belief-based expert would take the action; empty without an expert or where it was not asked. */
  expert: Uint8Array;
  /** Of each episode: its game, sum of rewards, and number of steps. */
  readonly games: readonly GameChoice[];
  readonly returns: Float64Array;
  readonly lengths: Int32Array;
}

/** States for which room is made at once, in the list and in the other arrays; memory that nothing is written to costs nothing. */
const MOST_ROOM = 2048;
const FIRST_ROOM = 65_536;

/**
 * A rollout of no states; `growRollout` makes room for more than are likely.
 *
 * @param spent a rollout that nobody needs any more: its arrays are used again, so that no new memory must be found and cleared
 */
export function createRollout(
  shape: InputShape,
  games: readonly GameChoice[],
  maxSteps: number,
  spent: Rollout | null = null,
): Rollout {
  const most = Math.min(games.length * maxSteps, FIRST_ROOM);
  const room = spent !== null && spent.episode.length >= most ? spent : null;
  return {
    states: room ? { ...room.states, shape, states: 0, actions: 0 } : createStateList(shape, Math.min(most, MOST_ROOM)),
    first: room?.first ?? new Int32Array(most),
    episode: room?.episode ?? new Int32Array(most),
    step: room?.step ?? new Int32Array(most),
    taken: room?.taken ?? new Int32Array(most),
    logProb: room?.logProb ?? new Float32Array(most),
    hash: room?.hash ?? new Float64Array(most),
    nextHash: room?.nextHash ?? new Float64Array(most),
    reward: room?.reward ?? new Float64Array(most),
    terminated: room?.terminated ?? new Uint8Array(most),
    expert: new Uint8Array(0),
    games,
    returns: new Float64Array(games.length),
    lengths: new Int32Array(games.length),
  };
}

/** Makes room for `states` states. */
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
