/** What a batch of episodes leaves behind, in flat typed arrays. */
import type { Split } from '../env/environment.ts';
import type { InputShape } from '../layers/batch.ts';
import { createStateList, type StateList } from './states.ts';

/** Which game an episode plays. Episodes of one group share their game and differ in `rollout`. */
export interface GameChoice {
  readonly seed: number;
  readonly split: Split;
  readonly rollout: number;
}

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

/** States for which room is made at once; memory that nothing is written to costs nothing. */
const MOST_ROOM = 2048;

export function createRollout(shape: InputShape, games: readonly GameChoice[], maxSteps: number): Rollout {
  const most = games.length * maxSteps;
  return {
    states: createStateList(shape, Math.min(most, MOST_ROOM)),
    first: new Int32Array(most),
    episode: new Int32Array(most),
    step: new Int32Array(most),
    taken: new Int32Array(most),
    logProb: new Float32Array(most),
    hash: new Float64Array(most),
    nextHash: new Float64Array(most),
    reward: new Float64Array(most),
    terminated: new Uint8Array(most),
    expert: new Uint8Array(0),
    games,
    returns: new Float64Array(games.length),
    lengths: new Int32Array(games.length),
  };
}
