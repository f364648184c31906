// Batches of states gathered from a longer list, and the arrays that are derived from their features and offsets: the
// state of each action row, and which slots hold a token.
import { at, getI, setI } from './memory';

/** Copies the words from..to-1 of a list to out; returns the address after the last copied word. */
// @ts-ignore: decorator
@inline
function gather(out: usize, list: usize, from: i32, to: i32): usize {
  let f = from;
  for (; f + 4 <= to; f += 4, out += 16) v128.store(out, v128.load(at(list, f)));
  for (; f < to; f++, out += 4) store<i32>(out, getI(list, f));
  return out;
}

function markSlots(rows: i32, slots: i32, features: usize, offsets: usize, mask: usize): void {
  memory.fill(mask, 0, <usize>(rows * slots));
  let f = 0;
  for (let r = 0; r < rows; r++) {
    for (const to = getI(offsets, r + 1); f < to; f++)
      store<u8>(mask + <usize>(<u32>getI(features, f) % <u32>slots), 1);
    mask += slots;
  }
}

/**
 * Sets rowState[action row] to the state of the row. Sets stateMask[states, stateSlots] and actionMask[action rows,
 * actionSlots] to 1 where a slot holds a token, else 0. A feature is token * slots + slot. States without slots have no
 * features. Returns the number of action rows.
 */
export function indexBatch(
  states: i32,
  rowOffsets: usize,
  rowState: usize,
  stateSlots: i32,
  stateFeatures: usize,
  stateOffsets: usize,
  stateMask: usize,
  actionSlots: i32,
  actionFeatures: usize,
  actionOffsets: usize,
  actionMask: usize,
): i32 {
  const rows = getI(rowOffsets, states);
  let r = 0;
  for (let n = 0; n < states; n++) {
    for (const to = getI(rowOffsets, n + 1); r < to; r++) setI(rowState, r, n);
  }
  markSlots(states, stateSlots, stateFeatures, stateOffsets, stateMask);
  markSlots(rows, actionSlots, actionFeatures, actionOffsets, actionMask);
  return rows;
}

/**
 * Copies the states order[n] of a list into a batch. In the list, rowOffsets[states + 1] delimits the action rows of
 * each state, stateOffsets[states + 1] and actionOffsets[rows + 1] delimit the features, and vectors[states, width]
 * holds the numbers. The arrays of the batch have names that begin with `to`; their offsets count from 0.
 */
export function gatherStates(
  n: i32,
  order: usize,
  rowOffsets: usize,
  stateOffsets: usize,
  stateFeatures: usize,
  actionOffsets: usize,
  actionFeatures: usize,
  width: i32,
  vectors: usize,
  toRowOffsets: usize,
  toStateOffsets: usize,
  toStateFeatures: usize,
  toActionOffsets: usize,
  toActionFeatures: usize,
  toVectors: usize,
): void {
  let stateOut = toStateFeatures;
  let actionOut = toActionFeatures;
  let row = 0;
  setI(toRowOffsets, 0, 0);
  setI(toStateOffsets, 0, 0);
  setI(toActionOffsets, 0, 0);
  for (let i = 0; i < n; i++) {
    const s = getI(order, i);
    const first = getI(rowOffsets, s);
    const last = getI(rowOffsets, s + 1);
    const from = getI(actionOffsets, first);
    const shift = <i32>((actionOut - toActionFeatures) >> 2) - from;
    for (let r = first + 1; r <= last; r++) setI(toActionOffsets, ++row, getI(actionOffsets, r) + shift);
    stateOut = gather(stateOut, stateFeatures, getI(stateOffsets, s), getI(stateOffsets, s + 1));
    actionOut = gather(actionOut, actionFeatures, from, getI(actionOffsets, last));
    gather(at(toVectors, i * width), vectors, s * width, (s + 1) * width);
    setI(toRowOffsets, i + 1, row);
    setI(toStateOffsets, i + 1, <i32>((stateOut - toStateFeatures) >> 2));
  }
}
