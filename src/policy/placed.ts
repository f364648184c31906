/** Lists of states copied into an arena, from which a kernel loads one batch after another. */
import type { Arena } from '../kernels/arena.ts';
import type { StateList } from '../rollout/states.ts';
import { endBatch, type LoadStates } from './load.ts';

const arrays = ['rowOffsets', 'stateOffsets', 'stateFeatures', 'actionOffsets', 'actionFeatures', 'vectors'] as const;

/** Addresses of a list's arrays and how many 32-bit words they have room for, in the order of `arrays`. */
interface Room {
  readonly addresses: number[];
  readonly words: number[];
}

/** What an arena has placed stays there, so that its rooms serve one phase after another. */
const roomsOf = new WeakMap<Arena, Room[]>();

function place(arena: Arena, room: Room, list: StateList): void {
  const { states, actions, stateOffsets, actionOffsets, shape } = list;
  const used = [states + 1, states + 1, stateOffsets[states], actions + 1, actionOffsets[actions]];
  used.push(states * shape.vectorWidth);
  for (const [k, name] of arrays.entries()) {
    if (!(room.words[k] >= used[k])) {
      room.words[k] = Math.max(2 * (room.words[k] ?? 0), used[k]);
      room.addresses[k] = arena.floats(room.words[k]);
    }
    const to = room.addresses[k] >> 2;
    const from = list[name];
    const memory = name === 'vectors' ? arena.f32 : arena.i32;
    // Word by word: `set` goes byte by byte where memory is shared.
    for (let i = 0; i < used[k]; i++) memory[to + i] = from[i];
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
    rooms[k] ??= { addresses: [], words: [] };
    place(arena, rooms[k], list);
    const [rowOffsets, stateOffsets, stateFeatures, actionOffsets, actionFeatures, vectors] = rooms[k].addresses;
    return (_arena, batch, _list, order, from, to) => {
      const { i32 } = arena;
      // The batch's states of its rows are made last.
      const at = batch.rowState >> 2;
      for (let i = from; i < to; i++) i32[at + i - from] = order[i];
      arena.kernels.gatherStates(
        to - from,
        batch.rowState,
        rowOffsets,
        stateOffsets,
        stateFeatures,
        actionOffsets,
        actionFeatures,
        batch.shape.vectorWidth,
        vectors,
        batch.rowOffsets,
        batch.stateOffsets,
        batch.stateFeatures,
        batch.actionOffsets,
        batch.actionFeatures,
        batch.vectors,
      );
      endBatch(arena, batch, to - from);
    };
  });
}
