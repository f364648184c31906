/** A batch in arena memory: states with their candidate actions, packed without padding. */
import { checkChoice, checkInteger, checkObject } from '../given.ts';
import type { Arena } from '../kernels/arena.ts';

/** Sizes of what a policy reads; from `EnvironmentSpec`. In the vector form an action is one token (its id) in one slot. */
export interface InputShape {
  readonly form: 'tokens' | 'vector';
  readonly layout: 'slots' | 'sequence';
  readonly vocabularySize: number;
  readonly stateSlots: number;
  readonly actionSlots: number;
  readonly vectorWidth: number;
}

/** The most that one batch can hold. */
export interface Capacity {
  readonly states: number;
  readonly actions: number;
  readonly stateFeatures: number;
  readonly actionFeatures: number;
}

/** Pointers into the arena and the present counts. Offsets have one more element than there are rows. */
export interface Batch {
  readonly shape: InputShape;
  readonly capacity: Capacity;
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
}

/** Most of each count of a shape; a feature, slot * vocabularySize + token, must be a 32-bit integer, too. */
const MOST_OF_SHAPE = 2 ** 24;

/** @throws RangeError naming what of a shape is no count or no known word, or is too large */
export function checkShape(caller: string, shape: InputShape): void {
  const advice = "give an environment's inputShape(spec)";
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

/** @throws RangeError naming what of a capacity is no count */
export function checkCapacity(caller: string, capacity: Capacity): void {
  const advice = 'give batchCapacity(shape, states)';
  checkObject(caller, 'capacity', capacity, advice);
  for (const key of ['states', 'actions', 'stateFeatures', 'actionFeatures'] as const) {
    checkInteger(caller, `capacity.${key}`, capacity[key], key.endsWith('Features') ? 0 : 1, 2 ** 31 - 1, advice);
  }
}

export function createBatch(arena: Arena, shape: InputShape, capacity: Capacity): Batch {
  return {
    shape,
    capacity,
    states: 0,
    actions: 0,
    rowOffsets: arena.floats(capacity.states + 1),
    rowState: arena.floats(capacity.actions),
    stateFeatures: arena.floats(capacity.stateFeatures),
    stateOffsets: arena.floats(capacity.states + 1),
    actionFeatures: arena.floats(capacity.actionFeatures),
    actionOffsets: arena.floats(capacity.actions + 1),
    stateMask: arena.reserve(capacity.states * shape.stateSlots),
    actionMask: arena.reserve(capacity.actions * shape.actionSlots),
    vectors: arena.floats(capacity.states * shape.vectorWidth),
  };
}
