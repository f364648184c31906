/** Lists of states in arena memory, from which a kernel loads batches. */
import { index32 } from '../kernels/address.ts';
import type { Arena } from '../kernels/arena.ts';
import type { Batch } from '../layers/batch.ts';
import { createGrowingArrays, enlarge, type GrowingArrays } from './growingArrays.ts';
import { endBatch, growForState, type LoadStates } from './loadBatch.ts';
import type { StateList } from './stateList.ts';

export const listArrays = [
  'rowOffsets',
  'stateOffsets',
  'stateFeatures',
  'actionOffsets',
  'actionFeatures',
  'vectors',
] as const;
type ArrayName = (typeof listArrays)[number];

/** Addresses of the arrays of a list; see `StateList`. */
export type PlacedStates = Readonly<Record<ArrayName, number>>;

/** Enlarges the batch for state `s` of the list alone, if it needs more than the capacity. */
export function growForPlaced({ i32 }: Arena, batch: Batch, from: PlacedStates, s: number): void {
  const at = (name: 'rowOffsets' | 'stateOffsets' | 'actionOffsets'): Int32Array => i32.subarray(index32(from[name]));
  const offsets = {
    rowOffsets: at('rowOffsets'),
    stateOffsets: at('stateOffsets'),
    actionOffsets: at('actionOffsets'),
  };
  growForState(batch, offsets, s);
}

/**
 * Loads `n` states of the list with all their candidate actions. `order` is the address of their numbers. They must fit
 * the batch.
 */
export function gatherBatch(arena: Arena, batch: Batch, from: PlacedStates, order: number, n: number): void {
  arena.kernels.gatherStates(
    n,
    order,
    from.rowOffsets,
    from.stateOffsets,
    from.stateFeatures,
    from.actionOffsets,
    from.actionFeatures,
    batch.shape.vectorWidth,
    from.vectors,
    batch.rowOffsets,
    batch.stateOffsets,
    batch.stateFeatures,
    batch.actionOffsets,
    batch.actionFeatures,
    batch.vectors,
  );
  endBatch(arena, batch, n);
}

/** Returns a function that loads batches of a list in arena memory, as `loadStates` does. */
export function loadPlaced(addresses: PlacedStates): LoadStates {
  return (arena, batch, _, order, from, to) => {
    if (to - from === 1) growForPlaced(arena, batch, addresses, order[from]);
    const { i32 } = arena;
    // rowState is free until endBatch computes it.
    const at = index32(batch.rowState);
    for (let i = from; i < to; i++) i32[at + i - from] = order[i];
    gatherBatch(arena, batch, addresses, batch.rowState, to - from);
  };
}

/** Reusable arrays: an arena does not free what it allocated, so each phase uses the arrays of the last one. */
const reusableArrays = new WeakMap<Arena, GrowingArrays<ArrayName>[]>();

/** Words of each array of a list. */
export function wordsOf(list: StateList): Record<ArrayName, number> {
  const { states, actions, stateOffsets, actionOffsets, shape } = list;
  return {
    rowOffsets: states + 1,
    stateOffsets: states + 1,
    stateFeatures: stateOffsets[states],
    actionOffsets: actions + 1,
    actionFeatures: actionOffsets[actions],
    vectors: states * shape.vectorWidth,
  };
}

/** Copies a list into arrays of the arena. */
export function placeList(arena: Arena, arrays: GrowingArrays<ArrayName>, list: StateList): void {
  const used = wordsOf(list);
  for (const name of listArrays) {
    if (arrays.words[name] < used[name]) enlarge(arena, arrays, name, used[name], 0);
    const memory = name === 'vectors' ? arena.f32 : arena.i32;
    memory.set(list[name].subarray(0, used[name]), index32(arrays.addresses[name]));
  }
}

/**
 * Copies lists into the arena and returns for each a function that loads its batches, as `loadStates` does. The copies
 * are valid until the next call: call it once for all lists of a phase, and outside `arena.mark()` sections.
 */
export function placeLists(arena: Arena, lists: readonly StateList[]): LoadStates[] {
  const reusable = reusableArrays.get(arena) ?? [];
  reusableArrays.set(arena, reusable);
  return lists.map((list, k) => {
    reusable[k] ??= createGrowingArrays(listArrays);
    placeList(arena, reusable[k], list);
    return loadPlaced(reusable[k].addresses);
  });
}
