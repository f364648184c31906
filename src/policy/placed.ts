/** Lists of states in an arena, from which a kernel loads one batch after another. */
import type { Arena } from '../kernels/arena.ts';
import type { Batch } from '../layers/batch.ts';
import type { StateList } from '../rollout/states.ts';
import { endBatch, type LoadStates } from './load.ts';
import { copyWords, createRoom, enlarge, type Room } from './room.ts';

const arrays = ['rowOffsets', 'stateOffsets', 'stateFeatures', 'actionOffsets', 'actionFeatures', 'vectors'] as const;
type ArrayName = (typeof arrays)[number];

/** Addresses of a list's arrays; see `StateList`. */
export type PlacedStates = Readonly<Record<ArrayName, number>>;

/** Loads `n` states of the list, whose numbers stand at `order`, with all their candidate actions; the batch must have room. */
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

/** What an arena has placed stays there, so that its rooms serve one phase after another. */
const roomsOf = new WeakMap<Arena, Room<ArrayName>[]>();

function place(arena: Arena, room: Room<ArrayName>, list: StateList): void {
  const { states, actions, stateOffsets, actionOffsets, shape } = list;
  const used = {
    rowOffsets: states + 1,
    stateOffsets: states + 1,
    stateFeatures: stateOffsets[states],
    actionOffsets: actions + 1,
    actionFeatures: actionOffsets[actions],
    vectors: states * shape.vectorWidth,
  };
  for (const name of arrays) {
    if (room.words[name] < used[name]) enlarge(arena, room, name, used[name], 0);
    const memory = name === 'vectors' ? arena.f32 : arena.i32;
    copyWords(arena, list[name] as typeof memory, 0, used[name], memory, room.addresses[name] >> 2);
  }
}

/**
 * Copies lists into the arena and gives what loads batches of each, as `loadStates` does. The copies hold until lists are placed again: call
 * it where nothing is marked in the arena, once for all that is loaded next.
 */
export function placeLists(arena: Arena, lists: readonly StateList[]): LoadStates[] {
  const rooms = roomsOf.get(arena) ?? [];
  roomsOf.set(arena, rooms);
  return lists.map((list, k): LoadStates => {
    rooms[k] ??= createRoom(arrays);
    place(arena, rooms[k], list);
    const { addresses } = rooms[k];
    return (_arena, batch, _list, order, from, to) => {
      const { i32 } = arena;
      // The batch's states of its rows are made last.
      const at = batch.rowState >> 2;
      for (let i = from; i < to; i++) i32[at + i - from] = order[i];
      gatherBatch(arena, batch, addresses, batch.rowState, to - from);
    };
  });
}
