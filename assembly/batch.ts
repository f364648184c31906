// What follows from a batch's features and offsets: the state of each action row, and which slots hold a token.
import { at, getI } from './memory';

function markSlots(rows: i32, slots: i32, features: usize, offsets: usize, mask: usize): void {
  memory.fill(mask, 0, <usize>(rows * slots));
  let f = 0;
  for (let r = 0; r < rows; r++) {
    for (const to = getI(offsets, r + 1); f < to; f++) store<u8>(mask + <usize>(<u32>getI(features, f) % <u32>slots), 1);
    mask += slots;
  }
}

/**
 * rowState[action row] = its state; stateMask[states, stateSlots] and actionMask[action rows, actionSlots] = 1 where a slot holds a token, else 0.
 * Features are token * slots + slot; states without slots have none. Returns the number of action rows.
 */
export function indexBatch(states: i32, rowOffsets: usize, rowState: usize, stateSlots: i32, stateFeatures: usize, stateOffsets: usize, stateMask: usize, actionSlots: i32, actionFeatures: usize, actionOffsets: usize, actionMask: usize): i32 {
  const rows = getI(rowOffsets, states);
  let r = 0;
  for (let n = 0; n < states; n++) {
    for (const to = getI(rowOffsets, n + 1); r < to; r++) store<i32>(at(rowState, r), n);
  }
  markSlots(states, stateSlots, stateFeatures, stateOffsets, stateMask);
  markSlots(rows, actionSlots, actionFeatures, actionOffsets, actionMask);
  return rows;
}
