/** States that repeat within a list: groups of rollouts share their starts and meet again, so about half of a batch's states are copies. */
import type { StateList } from './states.ts';

function sameRange(array: ArrayLike<number>, a: number, aEnd: number, b: number, bEnd: number): boolean {
  if (aEnd - a !== bEnd - b) return false;
  for (let i = 0; i < aEnd - a; i++) if (array[a + i] !== array[b + i]) return false;
  return true;
}

function sameState(list: StateList, labels: Int8Array | null, a: number, b: number): boolean {
  const { rowOffsets, stateOffsets, stateFeatures, actionOffsets, actionFeatures, vectors } = list;
  const { vectorWidth } = list.shape;
  const [rowA, rowB] = [rowOffsets[a], rowOffsets[b]];
  const rows = rowOffsets[a + 1] - rowA;
  if (rowOffsets[b + 1] - rowB !== rows) return false;
  if (!sameRange(stateFeatures, stateOffsets[a], stateOffsets[a + 1], stateOffsets[b], stateOffsets[b + 1]))
    return false;
  if (!sameRange(vectors, a * vectorWidth, (a + 1) * vectorWidth, b * vectorWidth, (b + 1) * vectorWidth)) return false;
  for (let r = 0; r < rows; r++) {
    const [i, j] = [rowA + r, rowB + r];
    if (!sameRange(actionFeatures, actionOffsets[i], actionOffsets[i + 1], actionOffsets[j], actionOffsets[j + 1]))
      return false;
  }
  return labels === null || sameRange(labels, rowA, rowA + rows, rowB, rowB + rows);
}

/** FNV-1a over the state's own features and vector and its actions' features. */
function contentHash(list: StateList, bits: Int32Array, s: number): number {
  const { rowOffsets, stateOffsets, stateFeatures, actionOffsets, actionFeatures } = list;
  const { vectorWidth } = list.shape;
  let hash = 0x811c9dc5;
  for (let f = stateOffsets[s]; f < stateOffsets[s + 1]; f++) hash = Math.imul(hash ^ stateFeatures[f], 0x01000193);
  for (let i = s * vectorWidth; i < (s + 1) * vectorWidth; i++) hash = Math.imul(hash ^ bits[i], 0x01000193);
  const end = actionOffsets[rowOffsets[s + 1]];
  for (let f = actionOffsets[rowOffsets[s]]; f < end; f++) hash = Math.imul(hash ^ actionFeatures[f], 0x01000193);
  return hash;
}

/**
 * For each state of the list the first state with the same observation, the same actions in the same order and the same labels: what a policy
 * computes for one of them holds for all.
 *
 * @param labels i8[list.actions] or none
 * @returns i32[list.states]
 */
export function findRepeats(list: StateList, labels: Int8Array | null): Int32Array {
  const bits = new Int32Array(list.vectors.buffer, 0, list.states * list.shape.vectorWidth);
  const found = new Map<number, number[]>();
  const first = new Int32Array(list.states);
  for (let s = 0; s < list.states; s++) {
    const hash = contentHash(list, bits, s);
    const candidates = found.get(hash) ?? [];
    const same = candidates.find((other) => sameState(list, labels, other, s));
    first[s] = same ?? s;
    if (same !== undefined) continue;
    candidates.push(s);
    found.set(hash, candidates);
  }
  return first;
}
