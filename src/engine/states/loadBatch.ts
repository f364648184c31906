/** Copies states into a batch, and partitions lists of states into batches that fit. */

import { isInteger, refuse } from '../../check/values.ts';
import { index32 } from '../kernels/address.ts';
import type { Arena } from '../kernels/arena.ts';
import type { Batch, Capacity } from '../layers/batch.ts';
import type { StateList } from './stateList.ts';

/** Write positions of the next state, action row and features in the batch that is being loaded. */
interface Cursor {
  state: number;
  row: number;
  /** Number of features loaded. */
  ofStates: number;
  ofActions: number;
}

function startBatch(arena: Arena, batch: Batch): Cursor {
  const { i32 } = arena;
  i32[index32(batch.rowOffsets)] = 0;
  i32[index32(batch.stateOffsets)] = 0;
  i32[index32(batch.actionOffsets)] = 0;
  return { state: 0, row: 0, ofStates: 0, ofActions: 0 };
}

/** Enlarges the batch for one state if necessary; see `Batch.grow`. */
function growFor(batch: Batch, actions: number, stateFeatures: number, actionFeatures: number): void {
  const { room } = batch;
  if (actions <= room.actions && stateFeatures <= room.stateFeatures && actionFeatures <= room.actionFeatures) return;
  batch.grow({ states: 1, actions, stateFeatures, actionFeatures });
}

/** A list of states, or its offsets alone. */
type Offsets = Pick<StateList, 'rowOffsets' | 'stateOffsets' | 'actionOffsets'>;

/** Enlarges the batch, if necessary, so that state `s` alone fits. */
export function growForState(batch: Batch, { rowOffsets, stateOffsets, actionOffsets }: Offsets, s: number): void {
  const [row, end] = [rowOffsets[s], rowOffsets[s + 1]];
  growFor(batch, end - row, stateOffsets[s + 1] - stateOffsets[s], actionOffsets[end] - actionOffsets[row]);
}

/**
 * Enlarges the batch, if necessary, so that each of the states `order` alone fits. Call it before the `arena.mark()`
 * section in which they are loaded, because `release` would free the buffers of a batch that grew inside it.
 */
export function growForStates(batch: Batch, list: Offsets, order: ArrayLike<number>): void {
  for (let i = 0; i < order.length; i++) growForState(batch, list, order[i]);
}

/** Like `growForStates`, for `loadRows`. */
export function growForRows(batch: Batch, list: StateList, rows: ArrayLike<number>): void {
  for (let i = 0; i < rows.length; i++) {
    const s = stateOfRow(list, rows[i]);
    const ofAction = list.actionOffsets[rows[i] + 1] - list.actionOffsets[rows[i]];
    growFor(batch, 1, list.stateOffsets[s + 1] - list.stateOffsets[s], ofAction);
  }
}

function describe({ states, actions, stateFeatures, actionFeatures }: Capacity): string {
  return `${states} states with ${stateFeatures} tokens and ${actions} actions with ${actionFeatures} tokens`;
}

/** Loads state `s` of the list with its action rows [firstRow, lastRow). */
function loadState(
  arena: Arena,
  batch: Batch,
  list: StateList,
  s: number,
  firstRow: number,
  lastRow: number,
  at: Cursor,
): void {
  const { stateFeatures, actionFeatures, actionOffsets } = list;
  const { vectorWidth } = batch.shape;
  const stateStart = list.stateOffsets[s];
  const stateEnd = list.stateOffsets[s + 1];
  const actionStart = actionOffsets[firstRow];
  const actionEnd = actionOffsets[lastRow];
  const n = at.state++;
  // Buffers that have grown are zero, like the first offsets that startBatch wrote.
  if (n === 0) growFor(batch, lastRow - firstRow, stateEnd - stateStart, actionEnd - actionStart);
  const { room } = batch;
  if (
    n >= room.states ||
    at.row + lastRow - firstRow > room.actions ||
    at.ofStates + stateEnd - stateStart > room.stateFeatures ||
    at.ofActions + actionEnd - actionStart > room.actionFeatures
  ) {
    throw new RangeError(
      `loadStates: a batch must hold at most ${describe(room)}, got more at its state ${n}; load what cutBatches allows`,
    );
  }
  const { i32, f32 } = arena;
  let to = index32(batch.stateFeatures) + at.ofStates;
  for (let f = stateStart; f < stateEnd; f++) i32[to++] = stateFeatures[f];
  to = index32(batch.vectors) + n * vectorWidth;
  for (let j = s * vectorWidth; j < (s + 1) * vectorWidth; j++) f32[to++] = list.vectors[j];
  to = index32(batch.actionFeatures) + at.ofActions;
  for (let f = actionStart; f < actionEnd; f++) i32[to++] = actionFeatures[f];
  to = index32(batch.actionOffsets) + at.row;
  const shift = at.ofActions - actionStart;
  for (let r = firstRow + 1; r <= lastRow; r++) i32[++to] = actionOffsets[r] + shift;
  at.row += lastRow - firstRow;
  at.ofStates += stateEnd - stateStart;
  at.ofActions += actionEnd - actionStart;
  i32[index32(batch.stateOffsets) + n + 1] = at.ofStates;
  i32[index32(batch.rowOffsets) + n + 1] = at.row;
}

/** Computes the derived arrays of the batch from the features and offsets of its `states` states. */
export function endBatch(arena: Arena, batch: Batch, states: number): void {
  const { shape } = batch;
  batch.states = states;
  batch.actions = arena.kernels.indexBatch(
    states,
    batch.rowOffsets,
    batch.rowState,
    shape.stateSlots,
    batch.stateFeatures,
    batch.stateOffsets,
    batch.stateMask,
    shape.actionSlots,
    batch.actionFeatures,
    batch.actionOffsets,
    batch.actionMask,
  );
}

/** Loads states of a list into a batch; see `loadStates`. */
export type LoadStates = typeof loadStates;

/**
 * Loads the states `order[from..to)` of the list with all their candidate actions. They must fit the batch (see
 * `cutBatches`); the batch grows for a first state that needs more. Offsets in the batch count from 0.
 *
 * @throws RangeError if the states do not fit the batch, or an element of `order` is not a state of the list
 */
export function loadStates(
  arena: Arena,
  batch: Batch,
  list: StateList,
  order: ArrayLike<number>,
  from: number,
  to: number,
): void {
  const at = startBatch(arena, batch);
  for (let i = from; i < to; i++) {
    const s = order[i];
    if (!isInteger(s, 0, list.states - 1)) {
      refuse('loadStates', `order[${i}]`, `an integer in [0, ${list.states})`, s, 'pass numbers of states in the list');
    }
    loadState(arena, batch, list, s, list.rowOffsets[s], list.rowOffsets[s + 1], at);
  }
  endBatch(arena, batch, at.state);
}

/** Returns the state of action row `row` of the list. */
function stateOfRow(list: StateList, row: number): number {
  let low = 0;
  let high = list.states;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (list.rowOffsets[middle] <= row) low = middle;
    else high = middle;
  }
  return low;
}

/** Loads action rows `rows[from..to)` of the list. Each becomes a separate state with this single candidate. */
export function loadRows(
  arena: Arena,
  batch: Batch,
  list: StateList,
  rows: ArrayLike<number>,
  from: number,
  to: number,
): void {
  const at = startBatch(arena, batch);
  for (let i = from; i < to; i++) loadState(arena, batch, list, stateOfRow(list, rows[i]), rows[i], rows[i] + 1, at);
  endBatch(arena, batch, at.state);
}

/** The ends of the batches, and the sizes of the entries in the current batch. */
interface Cut {
  readonly ends: number[];
  states: number;
  actions: number;
  stateFeatures: number;
  actionFeatures: number;
}

/** Adds entry `i`, and starts a new batch if it does not fit the current one. */
function addEntry(
  cut: Cut,
  i: number,
  actions: number,
  stateFeatures: number,
  actionFeatures: number,
  capacity: Capacity,
  maxStates: number,
): void {
  const fits =
    cut.states < Math.min(maxStates, capacity.states) &&
    cut.actions + actions <= capacity.actions &&
    cut.stateFeatures + stateFeatures <= capacity.stateFeatures &&
    cut.actionFeatures + actionFeatures <= capacity.actionFeatures;
  // A state that needs more than the capacity is a batch of its own.
  if (!fits && cut.states > 0) {
    cut.ends.push(i);
    cut.states = cut.actions = cut.stateFeatures = cut.actionFeatures = 0;
  }
  cut.states++;
  cut.actions += actions;
  cut.stateFeatures += stateFeatures;
  cut.actionFeatures += actionFeatures;
}

const newCut = (): Cut => ({ ends: [], states: 0, actions: 0, stateFeatures: 0, actionFeatures: 0 });

/**
 * Returns the ends of consecutive runs of `order` that fit the capacity and have at most `maxStates` states each. A
 * state that does not fit alone is a separate run. The partition depends on the data and the capacity, and not on the
 * allocated size of the batch, so that shards are the same on every thread.
 */
export function cutBatches(
  list: Offsets,
  order: ArrayLike<number>,
  capacity: Capacity,
  maxStates = capacity.states,
): number[] {
  const { rowOffsets, stateOffsets, actionOffsets } = list;
  const cut = newCut();
  for (let i = 0; i < order.length; i++) {
    const s = order[i];
    const row = rowOffsets[s];
    const end = rowOffsets[s + 1];
    const ofState = stateOffsets[s + 1] - stateOffsets[s];
    addEntry(cut, i, end - row, ofState, actionOffsets[end] - actionOffsets[row], capacity, maxStates);
  }
  if (order.length > 0) cut.ends.push(order.length);
  return cut.ends;
}

/** Like `cutBatches`, for `loadRows`: ends of runs of action rows, each a separate state with one candidate. */
export function cutRows(list: StateList, rows: ArrayLike<number>, capacity: Capacity): number[] {
  const cut = newCut();
  for (let i = 0; i < rows.length; i++) {
    const s = stateOfRow(list, rows[i]);
    const ofState = list.stateOffsets[s + 1] - list.stateOffsets[s];
    addEntry(
      cut,
      i,
      1,
      ofState,
      list.actionOffsets[rows[i] + 1] - list.actionOffsets[rows[i]],
      capacity,
      capacity.states,
    );
  }
  if (rows.length > 0) cut.ends.push(rows.length);
  return cut.ends;
}

/** Returns the number of action rows of the states in `order`. */
export function countRows({ rowOffsets }: StateList, order: Int32Array): number {
  let rows = 0;
  for (let i = 0; i < order.length; i++) rows += rowOffsets[order[i] + 1] - rowOffsets[order[i]];
  return rows;
}

/**
 * Returns the ends of `parts` consecutive runs of `order` with about equally many action rows, or of more runs if a run
 * does not fit the capacity. The partition depends only on the data and the capacity.
 */
export function cutEvenly(list: StateList, order: Int32Array, capacity: Capacity, parts: number): number[] {
  const { rowOffsets, stateOffsets, actionOffsets } = list;
  const total = countRows(list, order);
  const ends: number[] = [];
  let from = 0;
  let rows = 0;
  for (let part = 1; part <= parts; part++) {
    const before = rows;
    let stateFeatures = 0;
    let actionFeatures = 0;
    let to = from;
    while (to < order.length && (part === parts || rows * parts < total * part)) {
      const s = order[to++];
      const row = rowOffsets[s];
      const end = rowOffsets[s + 1];
      rows += end - row;
      stateFeatures += stateOffsets[s + 1] - stateOffsets[s];
      actionFeatures += actionOffsets[end] - actionOffsets[row];
    }
    const fits =
      to - from <= capacity.states &&
      rows - before <= capacity.actions &&
      stateFeatures <= capacity.stateFeatures &&
      actionFeatures <= capacity.actionFeatures;
    // Fast path: most parts fit as a whole and need no partition state by state.
    if (!fits) for (const end of cutBatches(list, order.subarray(from, to), capacity)) ends.push(from + end);
    else if (to > from) ends.push(to);
    from = to;
  }
  return ends;
}
