/** A batch in arena memory: states with their candidate actions, packed without padding. */
import { checkChoice, checkInteger, checkObject } from '../../check/values.ts';
import type { Arena } from '../kernels/arena.ts';

/**
 * Sizes of the input of a policy, from `EnvironmentSpec`. In the vector form, an action is one token (its id) in one
 * slot.
 */
export interface InputShape {
  readonly form: 'tokens' | 'vector';
  readonly layout: 'slots' | 'sequence';
  readonly vocabularySize: number;
  readonly stateSlots: number;
  readonly actionSlots: number;
  readonly vectorWidth: number;
}

/** Sizes of the buffers of a batch. */
export interface Capacity {
  readonly states: number;
  readonly actions: number;
  readonly stateFeatures: number;
  readonly actionFeatures: number;
}

/** Addresses in the arena and the current counts. Offset arrays have one more element than there are rows. */
export interface Batch {
  readonly shape: InputShape;
  /**
   * Size limit of a batch of several states. Lists are partitioned by it, so it determines the order in which gradients
   * are summed. It never changes.
   */
  readonly capacity: Capacity;
  /** Allocated size of the buffers. It equals the capacity until a larger state is loaded as a batch of its own. */
  readonly room: Capacity;
  states: number;
  actions: number;
  /** i32[states + 1]: first action row of each state. */
  readonly rowOffsets: number;
  /** i32[actions]: the state of each action row. */
  readonly rowState: number;
  /** i32: features (token * slots + slot) of the states and, per row, of the actions, with their offsets. */
  readonly stateFeatures: number;
  readonly stateOffsets: number;
  readonly actionFeatures: number;
  readonly actionOffsets: number;
  /** u8[states * stateSlots], u8[actions * actionSlots]: 1 where a slot holds a token. */
  readonly stateMask: number;
  readonly actionMask: number;
  /** f32[states, vectorWidth] */
  readonly vectors: number;
  /**
   * Allocates larger, empty buffers so that `room` is at least `need`. Call it only outside `arena.mark()` sections,
   * because `release` would free the new buffers. The memory of the old buffers is not reused.
   *
   * @throws RangeError if the memory is too small; the batch is then unchanged
   */
  grow(need: Capacity): void;
}

/** Limit of each count of a shape. A feature, slot * vocabularySize + token, must also be a 32-bit integer. */
const MOST_OF_SHAPE = 2 ** 24;

/**
 * @throws RangeError that names the value of a shape that is not a count, not a known word, or too large
 */
export function checkShape(caller: string, shape: InputShape): void {
  const advice = 'pass inputShape(spec) of an environment';
  checkObject(caller, 'shape', shape, advice);
  checkChoice(caller, 'shape.form', shape.form, ['tokens', 'vector']);
  checkChoice(caller, 'shape.layout', shape.layout, ['slots', 'sequence']);
  for (const key of ['vocabularySize', 'stateSlots', 'actionSlots', 'vectorWidth'] as const) {
    const least = key === 'vocabularySize' || key === 'actionSlots' ? 1 : 0;
    checkInteger(caller, `shape.${key}`, shape[key], least, MOST_OF_SHAPE, advice);
  }
  const features = shape.vocabularySize * Math.max(shape.stateSlots, shape.actionSlots);
  checkInteger(caller, 'vocabularySize times slots', features, 1, 2 ** 31 - 1, 'use a smaller vocabulary');
}

/**
 * @throws RangeError that names the value of a capacity that is not a count
 */
export function checkCapacity(caller: string, capacity: Capacity): void {
  const advice = 'pass batchCapacity(shape, states)';
  checkObject(caller, 'capacity', capacity, advice);
  for (const key of ['states', 'actions', 'stateFeatures', 'actionFeatures'] as const) {
    checkInteger(caller, `capacity.${key}`, capacity[key], key.endsWith('Features') ? 0 : 1, 2 ** 31 - 1, advice);
  }
}

type Buffers = Omit<Batch, 'shape' | 'capacity' | 'grow'>;

function allocateBuffers(arena: Arena, shape: InputShape, room: Capacity): Buffers {
  return {
    room,
    states: 0,
    actions: 0,
    rowOffsets: arena.floats(room.states + 1),
    rowState: arena.floats(room.actions),
    stateFeatures: arena.floats(room.stateFeatures),
    stateOffsets: arena.floats(room.states + 1),
    actionFeatures: arena.floats(room.actionFeatures),
    actionOffsets: arena.floats(room.actions + 1),
    stateMask: arena.reserve(room.states * shape.stateSlots),
    actionMask: arena.reserve(room.actions * shape.actionSlots),
    vectors: arena.floats(room.states * shape.vectorWidth),
  };
}

/**
 * Returns sizes that are at least `need`. A size that is too small becomes the larger of `need` and `factor` times its
 * old value.
 */
function enlarged(room: Capacity, need: Capacity, factor: number): Capacity {
  const size = (name: keyof Capacity): number =>
    need[name] <= room[name] ? room[name] : Math.max(need[name], factor * room[name]);
  return {
    states: size('states'),
    actions: size('actions'),
    stateFeatures: size('stateFeatures'),
    actionFeatures: size('actionFeatures'),
  };
}

/**
 * @param rebuild called when the batch has new buffers, to allocate the buffers whose sizes depend on `batch.room`
 */
export function createBatch(
  arena: Arena,
  shape: InputShape,
  capacity: Capacity,
  rebuild: () => void = () => {},
): Batch {
  const reallocate = (room: Capacity): void => {
    const before = { ...batch };
    const mark = arena.mark();
    try {
      Object.assign(batch, allocateBuffers(arena, shape, room));
      rebuild();
    } catch (error) {
      Object.assign(batch, before);
      arena.release(mark);
      throw error;
    }
  };
  const batch: Batch = {
    shape,
    capacity,
    ...allocateBuffers(arena, shape, capacity),
    grow(need) {
      try {
        // Double the size, so that repeated small growth leaves little unused memory behind.
        reallocate(enlarged(batch.room, need, 2));
      } catch (refused) {
        if (!(refused instanceof RangeError)) throw refused;
        try {
          reallocate(enlarged(batch.room, need, 1));
        } catch (cause) {
          throw new RangeError(
            `batch: the memory must hold a state with ${need.stateFeatures} tokens and ${need.actions} actions with ${need.actionFeatures} tokens, got too little; use fewer threads, a smaller policy, or an environment with fewer actions`,
            { cause },
          );
        }
      }
    },
  };
  return batch;
}
