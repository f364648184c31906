/**
 * Repeated states within a list. The rollouts of a group share their starts and often reach the same states, so about
 * half of the states of a batch are copies.
 */
import type { StateList } from './stateList.ts';

function sameRange(array: ArrayLike<number>, a: number, b: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (array[a + i] !== array[b + i]) return false;
  return true;
}

function sameState(list: StateList, a: number, b: number): boolean {
  const { rowOffsets, stateOffsets, stateFeatures, actionOffsets, actionFeatures, vectors } = list;
  const { vectorWidth } = list.shape;
  const rowA = rowOffsets[a];
  const rowB = rowOffsets[b];
  const rows = rowOffsets[a + 1] - rowA;
  const stateLength = stateOffsets[a + 1] - stateOffsets[a];
  if (rowOffsets[b + 1] - rowB !== rows || stateOffsets[b + 1] - stateOffsets[b] !== stateLength) return false;
  const atA = actionOffsets[rowA];
  const atB = actionOffsets[rowB];
  for (let r = 1; r <= rows; r++) if (actionOffsets[rowA + r] - atA !== actionOffsets[rowB + r] - atB) return false;
  return (
    sameRange(stateFeatures, stateOffsets[a], stateOffsets[b], stateLength) &&
    sameRange(vectors, a * vectorWidth, b * vectorWidth, vectorWidth) &&
    sameRange(actionFeatures, atA, atB, actionOffsets[rowA + rows] - atA)
  );
}

/**
 * Adds one word to a hash. The rotation lets words that differ only in high bits, as floats do, change the low bits of
 * later steps.
 */
const mix = (hash: number, word: number): number => Math.imul(((hash << 5) | (hash >>> 27)) ^ word, 0x27220a95);

/**
 * Hash of the features and vector of a state and of the features of its actions. The actions use two independent
 * hashes, because each step of one hash depends on the previous step.
 */
function contentHash(list: StateList, bits: Int32Array, s: number): number {
  const { rowOffsets, stateOffsets, stateFeatures, actionOffsets, actionFeatures } = list;
  const { vectorWidth } = list.shape;
  let hash = 0;
  const stateEnd = stateOffsets[s + 1];
  for (let i = stateOffsets[s]; i < stateEnd; i++) hash = mix(hash, stateFeatures[i]);
  for (let i = s * vectorWidth; i < (s + 1) * vectorWidth; i++) hash = mix(hash, bits[i]);
  const end = actionOffsets[rowOffsets[s + 1]];
  let other = 0;
  let f = actionOffsets[rowOffsets[s]];
  for (; f + 1 < end; f += 2) {
    hash = mix(hash, actionFeatures[f]);
    other = mix(other, actionFeatures[f + 1]);
  }
  if (f < end) hash = mix(hash, actionFeatures[f]);
  hash = mix(hash, other);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

/** A hash table of the distinct states of one list: open addressing, at most half full. */
export interface StateIndex {
  /** i32[a power of two]: 1 + the number of a state, or 0. `hashes` holds the hash of that state. */
  slots: Int32Array;
  hashes: Int32Array;
  count: number;
  /** The vectors of the list as bits. */
  bits: Int32Array;
}

const FIRST_SLOTS = 1024;

export function createStateIndex(): StateIndex {
  return {
    slots: new Int32Array(FIRST_SLOTS),
    hashes: new Int32Array(FIRST_SLOTS),
    count: 0,
    bits: new Int32Array(0),
  };
}

function grow(index: StateIndex): void {
  const { slots, hashes } = index;
  index.slots = new Int32Array(2 * slots.length);
  index.hashes = new Int32Array(2 * slots.length);
  const mask = index.slots.length - 1;
  for (let i = 0; i < slots.length; i++) {
    if (slots[i] === 0) continue;
    let at = hashes[i] & mask;
    while (index.slots[at] !== 0) at = (at + 1) & mask;
    index.slots[at] = slots[i];
    index.hashes[at] = hashes[i];
  }
}

/** Returns the first state with the content of state `s` among the states of earlier calls, or `s` if there is none. */
export function firstEqual(index: StateIndex, list: StateList, s: number): number {
  if (index.bits.buffer !== list.vectors.buffer) index.bits = new Int32Array(list.vectors.buffer);
  const hash = contentHash(list, index.bits, s);
  const { slots, hashes } = index;
  const mask = slots.length - 1;
  let at = hash & mask;
  for (; slots[at] !== 0; at = (at + 1) & mask) {
    if (hashes[at] === hash && sameState(list, slots[at] - 1, s)) return slots[at] - 1;
  }
  slots[at] = s + 1;
  hashes[at] = hash;
  if (2 * ++index.count > slots.length) grow(index);
  return s;
}

/**
 * Returns for each state of the list the first state with the same observation, the same actions in the same order and
 * the same labels. The output of a policy is the same for all of them.
 *
 * @param first i32[list.states]: the first equal state without regard to labels
 * @param labels i8[list.actions]
 * @returns i32[list.states]
 */
export function repeatsWithLabels({ states, rowOffsets }: StateList, first: Int32Array, labels: Int8Array): Int32Array {
  const repeats = new Int32Array(states);
  /** The next state with the same content whose labels differ from those of the states before it, or 0. */
  const unlike = new Int32Array(states);
  for (let s = 0; s < states; s++) {
    const row = rowOffsets[s];
    const rows = rowOffsets[s + 1] - row;
    let same = first[s];
    while (same !== s && !sameRange(labels, rowOffsets[same], row, rows)) {
      if (unlike[same] === 0) unlike[same] = s;
      same = unlike[same];
    }
    repeats[s] = same;
  }
  return repeats;
}

/** Like `repeatsWithLabels`, for a list whose repeated states are not known yet. */
export function findRepeats(list: StateList, labels: Int8Array): Int32Array {
  const index = createStateIndex();
  const first = new Int32Array(list.states);
  for (let s = 0; s < list.states; s++) first[s] = firstEqual(index, list, s);
  return repeatsWithLabels(list, first, labels);
}
