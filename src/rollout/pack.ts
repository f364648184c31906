/** Copies for other threads: arrays exactly as long as what they hold, where asked for on memory that threads share. */
import type { Rollout } from './rollout.ts';
import type { StateList } from './states.ts';

type Packable = Int8Array | Uint8Array | Int32Array | Float32Array | Float64Array;

/** The first `length` elements, copied. */
export function packArray<T extends Packable>(array: T, length: number, shared: boolean): T {
  if (!shared) return array.slice(0, length) as T;
  const Constructor = array.constructor as new (buffer: SharedArrayBuffer) => T;
  const copy = new Constructor(new SharedArrayBuffer(length * array.BYTES_PER_ELEMENT));
  copy.set(array.subarray(0, length));
  return copy;
}

export function packStates(list: StateList, shared: boolean): StateList {
  const { shape, states, actions, rowOffsets, stateOffsets, actionOffsets } = list;
  return {
    shape,
    states,
    actions,
    rowOffsets: packArray(rowOffsets, states + 1, shared),
    stateOffsets: packArray(stateOffsets, states + 1, shared),
    actionOffsets: packArray(actionOffsets, actions + 1, shared),
    stateFeatures: packArray(list.stateFeatures, stateOffsets[states], shared),
    actionFeatures: packArray(list.actionFeatures, actionOffsets[actions], shared),
    vectors: packArray(list.vectors, states * shape.vectorWidth, shared),
  };
}

/** A rollout whose buffers can be handed over whole. */
export function packRollout(rollout: Rollout): Rollout {
  const { states, expert } = rollout;
  const n = states.states;
  return {
    ...rollout,
    states: packStates(states, false),
    first: packArray(rollout.first, n, false),
    episode: packArray(rollout.episode, n, false),
    step: packArray(rollout.step, n, false),
    taken: packArray(rollout.taken, n, false),
    logProb: packArray(rollout.logProb, n, false),
    hash: packArray(rollout.hash, n, false),
    nextHash: packArray(rollout.nextHash, n, false),
    reward: packArray(rollout.reward, n, false),
    terminated: packArray(rollout.terminated, n, false),
    expert: packArray(expert, expert.length === 0 ? 0 : states.actions, false),
  };
}
