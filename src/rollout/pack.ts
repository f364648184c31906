/** Copies states and rollouts for other threads, without the unused ends of their arrays. */

import type { StateList } from '../engine/states/stateList.ts';
import type { Rollout } from './rollout.ts';

type Packable = Int8Array | Uint8Array | Int32Array | Float32Array | Float64Array;

/** Returns a copy of an array's first elements. */
type Pack = <T extends Packable>(array: T, length: number) => T;

/** A copy of the first `length` elements, in shared memory if `shared` is true. */
export function packArray<T extends Packable>(array: T, length: number, shared: boolean): T {
  if (!shared) return array.slice(0, length) as T;
  const Constructor = array.constructor as new (buffer: SharedArrayBuffer) => T;
  const copy = new Constructor(new SharedArrayBuffer(length * array.BYTES_PER_ELEMENT));
  copy.set(array.subarray(0, length));
  return copy;
}

function packList(list: StateList, pack: Pack): StateList {
  const { shape, states, actions, rowOffsets, stateOffsets, actionOffsets } = list;
  return {
    shape,
    states,
    actions,
    rowOffsets: pack(rowOffsets, states + 1),
    stateOffsets: pack(stateOffsets, states + 1),
    actionOffsets: pack(actionOffsets, actions + 1),
    stateFeatures: pack(list.stateFeatures, stateOffsets[states]),
    actionFeatures: pack(list.actionFeatures, actionOffsets[actions]),
    vectors: pack(list.vectors, states * shape.vectorWidth),
  };
}

export function packStates(list: StateList, shared: boolean): StateList {
  return packList(list, (array, length) => packArray(array, length, shared));
}

function packArrays(rollout: Rollout, pack: Pack): Rollout {
  const { states, expert, finals, returns, successes, lengths } = rollout;
  const n = states.states;
  return {
    ...rollout,
    states: packList(states, pack),
    returns: pack(returns, returns.length),
    successes: pack(successes, successes.length),
    lengths: pack(lengths, lengths.length),
    first: pack(rollout.first, n),
    episode: pack(rollout.episode, n),
    step: pack(rollout.step, n),
    taken: pack(rollout.taken, n),
    logProb: pack(rollout.logProb, n),
    hash: pack(rollout.hash, n),
    nextHash: pack(rollout.nextHash, n),
    reward: pack(rollout.reward, n),
    terminated: pack(rollout.terminated, n),
    expert: pack(expert, expert.length === 0 ? 0 : states.actions),
    finals: finals && {
      states: packList(finals.states, pack),
      episode: pack(finals.episode, finals.states.states),
    },
  };
}

/** Bytes of an array in the common buffer, rounded up to 8 so that the next array is aligned for any type. */
const bytesOf = (array: Packable, length: number): number => Math.ceil((length * array.BYTES_PER_ELEMENT) / 8) * 8;

/**
 * A copy of a rollout with all arrays in one buffer: one buffer is transferred to another thread faster than several.
 */
export function packRollout(rollout: Rollout): Rollout {
  let bytes = 0;
  packArrays(rollout, (array, length) => {
    bytes += bytesOf(array, length);
    return array;
  });
  const buffer = new ArrayBuffer(bytes);
  let at = 0;
  return packArrays(rollout, <T extends Packable>(array: T, length: number): T => {
    const Constructor = array.constructor as new (buffer: ArrayBuffer, at: number, length: number) => T;
    const copy = new Constructor(buffer, at, length);
    copy.set(array.subarray(0, length));
    at += bytesOf(array, length);
    return copy;
  });
}
