/**
 * A growing list of states with their candidate actions, in flat typed arrays. Rollouts fill it, and batches are loaded
 * from it.
 */

import { checkChoice, checkInteger, checkObject, isList, refuse, shown } from '../../check/values.ts';
import type { EnvironmentSpec, Features, Step } from '../../env/environment.ts';
import { MOST_ACTIONS } from '../../env/limits.ts';
import { type Capacity, checkShape, type InputShape } from '../layers/batch.ts';

/**
 * @throws RangeError if a count of `spec` is not a count, or is too large for a batch
 */
export function inputShape(spec: EnvironmentSpec): InputShape {
  checkObject('inputShape', 'spec', spec, 'pass the spec of an environment');
  const shape: InputShape =
    spec.form === 'tokens'
      ? {
          form: 'tokens',
          layout: spec.layout,
          vocabularySize: spec.vocabulary?.length,
          stateSlots: spec.stateSlots,
          actionSlots: spec.actionSlots,
          vectorWidth: 0,
        }
      : {
          form: 'vector',
          layout: 'slots',
          vocabularySize: spec.actionCount,
          stateSlots: 0,
          actionSlots: 1,
          vectorWidth: spec.vectorWidth,
        };
  checkChoice('inputShape', 'spec.form', spec.form, ['tokens', 'vector']);
  checkShape('inputShape', shape);
  return shape;
}

/** States with their candidate actions, without padding. Arrays may be longer than what is in use. */
export interface StateList {
  readonly shape: InputShape;
  /** Number of states and of action rows. */
  states: number;
  actions: number;
  /** i32[states + 1] */
  rowOffsets: Int32Array;
  /** Features as token * slots + slot, with offsets by state and by action row. */
  stateFeatures: Int32Array;
  stateOffsets: Int32Array;
  actionFeatures: Int32Array;
  actionOffsets: Int32Array;
  /** f32[states, vectorWidth] */
  vectors: Float32Array;
}

/** Largest initial capacity of a list in states. A list grows as long as the runtime has memory. */
const MOST_CAPACITY = 2 ** 20;

/**
 * @param capacity approximate number of states before the first arrays are reallocated
 * @throws RangeError if the shape is not valid, or capacity is not an integer in [0, 2^20]
 */
export function createStateList(shape: InputShape, capacity = 256): StateList {
  checkShape('createStateList', shape);
  checkInteger('createStateList', 'capacity', capacity, 0, MOST_CAPACITY, 'the list grows by itself');
  return {
    shape,
    states: 0,
    actions: 0,
    rowOffsets: new Int32Array(capacity + 1),
    stateFeatures: new Int32Array(16 * capacity),
    stateOffsets: new Int32Array(capacity + 1),
    actionFeatures: new Int32Array(64 * capacity),
    actionOffsets: new Int32Array(8 * capacity + 1),
    vectors: new Float32Array(capacity * shape.vectorWidth),
  };
}

/** Empties a list; its memory is used again. */
export function clearStates(list: StateList): void {
  list.states = 0;
  list.actions = 0;
}

/** Returns the array, or a copy of at least twice the length if it has fewer than `length` elements. */
export function grown<T extends Uint8Array | Int32Array | Float32Array | Float64Array>(array: T, length: number): T {
  if (length <= array.length) return array;
  const larger = new (array.constructor as new (n: number) => T)(Math.max(length, array.length * 2));
  larger.set(array);
  return larger;
}

/** Size limits of one state in a list; a batch has lower limits. */
const mostOfState: StateLimits = { actions: 2 ** 20, stateFeatures: 2 ** 20, actionFeatures: 2 ** 20 };

/** Limits on the candidate actions of one state, on its features, and on the features of all its actions. */
type StateLimits = Pick<Capacity, 'actions' | 'stateFeatures' | 'actionFeatures'>;

/** Returns the length of a list that a caller passed. `a` is the number of the action to which the features belong. */
function lengthOf(caller: string, name: string, values: unknown, rule: string, most: number, a?: number): number {
  if (isList(values) && values.length <= most) return values.length;
  const advice = isList(values) ? 'give fewer' : "check the environment's encoding";
  return refuse(caller, a === undefined ? name : `${name}[${a}]`, `${rule} of at most ${most}`, values, advice);
}

/** Writes features in table order from `at` on. */
function pushFeatures(
  caller: string,
  features: Features,
  count: number,
  slots: number,
  vocabulary: number,
  out: Int32Array,
  at: number,
): void {
  let least = 0;
  for (let i = 0; i < count; i++) {
    const feature = features[i];
    const slot = typeof feature === 'number' ? (feature / vocabulary) | 0 : slots;
    if (slot >= slots || (feature | 0) !== feature || feature < 0) {
      throw new RangeError(
        `${caller}: features must be integers slot * ${vocabulary} + token with slot < ${slots}, got ${shown(feature)}; check the environment's encoding`,
      );
    }
    if (slot < least) {
      throw new RangeError(
        `${caller}: features must ascend by slot, got ${feature} of slot ${slot} after slot ${least}; sort them`,
      );
    }
    least = slot;
    // From slot * vocabulary + token to token * slots + slot, the row order of the product tables.
    out[at + i] = (feature - slot * vocabulary) * slots + slot;
  }
}

/** Writes a vector as row number `states`. */
function pushVector(caller: string, list: StateList, vector: ArrayLike<number>): void {
  const { states, shape } = list;
  const { vectorWidth } = shape;
  if (!isList(vector)) {
    refuse(caller, 'observation', `an array of ${vectorWidth} numbers`, vector, 'check the environment');
  }
  if (vector.length !== vectorWidth) {
    throw new RangeError(
      `${caller}: observation must have ${vectorWidth} numbers, got ${vector.length}; check the environment`,
    );
  }
  list.vectors = grown(list.vectors, (states + 1) * vectorWidth);
  const { vectors } = list;
  for (let i = 0, at = states * vectorWidth; i < vectorWidth; i++, at++) {
    const x = vector[i];
    vectors[at] = typeof x === 'number' ? x : Number.NaN;
    if (!Number.isFinite(vectors[at])) {
      const rule = Number.isFinite(x) ? 'in the range of 32-bit floats' : 'finite';
      throw new RangeError(`${caller}: observation must be ${rule}, got ${shown(x)} at ${i}; check the environment`);
    }
  }
}

/** Writes action number `a` of the state, whose features start at `at`. Returns the position after its last feature. */
function pushAction(
  caller: string,
  list: StateList,
  action: Features | number,
  a: number,
  at: number,
  most: number,
): number {
  const { form, actionSlots, vocabularySize } = list.shape;
  const row = list.actions + a;
  let count = 1;
  if (form === 'tokens') {
    count = lengthOf(caller, 'admissibleActions', action, 'an array of features', most, a);
    const total = at + count - list.actionOffsets[list.actions];
    if (total > most) {
      throw new RangeError(
        `${caller}: all actions together must have at most ${most} features, got ${total} up to action ${a}; give fewer`,
      );
    }
  } else if (!(Number.isInteger(action) && (action as number) >= 0 && (action as number) < vocabularySize)) {
    throw new RangeError(
      `${caller}: action ids must be integers in [0, ${vocabularySize}), got ${shown(action)}; check the environment`,
    );
  }
  list.actionFeatures = grown(list.actionFeatures, at + count);
  if (form === 'vector') list.actionFeatures[at] = action as number;
  else pushFeatures(caller, action as Features, count, actionSlots, vocabularySize, list.actionFeatures, at);
  list.actionOffsets[row + 1] = at + count;
  return at + count;
}

/**
 * Appends a state as `pushState` does. Error messages name `caller`.
 *
 * @param most size limits of the state
 * @throws if there is no admissible action or more than `MOST_ACTIONS`, a feature is out of range, or a vector has the
 *   wrong length or a non-finite element
 */
export function pushGivenState(
  caller: string,
  list: StateList,
  observation: Step['observation'],
  admissibleActions: Step['info']['admissibleActions'],
  most: StateLimits,
): void {
  const { shape, states } = list;
  const count = lengthOf(caller, 'admissibleActions', admissibleActions, 'an array', most.actions);
  if (count === 0) {
    throw new RangeError(
      `${caller}: admissibleActions must not be empty before the end of an episode, got []; check the environment`,
    );
  }
  if (count > MOST_ACTIONS) {
    throw new RangeError(
      `pushState: a state must have at most ${MOST_ACTIONS} admissible actions, got ${count}; check the environment`,
    );
  }
  list.rowOffsets = grown(list.rowOffsets, states + 2);
  list.stateOffsets = grown(list.stateOffsets, states + 2);
  list.actionOffsets = grown(list.actionOffsets, list.actions + count + 1);
  let end = list.stateOffsets[states];
  if (shape.form === 'tokens') {
    const features = observation as Features;
    const length = lengthOf(caller, 'observation', features, 'an array of features', most.stateFeatures);
    list.stateFeatures = grown(list.stateFeatures, end + length);
    pushFeatures(caller, features, length, shape.stateSlots, shape.vocabularySize, list.stateFeatures, end);
    end += length;
  } else pushVector(caller, list, observation);
  list.stateOffsets[states + 1] = end;
  let at = list.actionOffsets[list.actions];
  for (let a = 0; a < count; a++) at = pushAction(caller, list, admissibleActions[a], a, at, most.actionFeatures);
  list.actions += count;
  list.rowOffsets[states + 1] = list.actions;
  list.states = states + 1;
}

/**
 * Appends a state.
 *
 * @param observation features, or in the vector form `vectorWidth` numbers
 * @param admissibleActions features of each action, or in the vector form action ids
 * @throws RangeError if there is no admissible action or more than 2^20, a feature is out of range or follows one of a
 *   later slot, or a vector has the wrong length or an element that is not a finite 32-bit float; the list is then
 *   unchanged
 */
export function pushState(
  list: StateList,
  observation: Step['observation'],
  admissibleActions: Step['info']['admissibleActions'],
): void {
  pushGivenState('pushState', list, observation, admissibleActions, mostOfState);
}

/**
 * Appends the states [s, s + count) of another list of the same shape with all their actions. For one state, `only`
 * selects the single action that is copied.
 */
export function appendStates(list: StateList, from: StateList, s: number, count: number, only?: number): void {
  const { states, actions, shape } = list;
  const firstRow = from.rowOffsets[s] + (only ?? 0);
  const rows = only === undefined ? from.rowOffsets[s + count] - firstRow : 1;
  const [stateStart, stateEnd] = [from.stateOffsets[s], from.stateOffsets[s + count]];
  const [actionStart, actionEnd] = [from.actionOffsets[firstRow], from.actionOffsets[firstRow + rows]];
  list.rowOffsets = grown(list.rowOffsets, states + count + 1);
  list.stateOffsets = grown(list.stateOffsets, states + count + 1);
  list.actionOffsets = grown(list.actionOffsets, actions + rows + 1);
  const stateAt = list.stateOffsets[states];
  const actionAt = list.actionOffsets[actions];
  list.stateFeatures = grown(list.stateFeatures, stateAt + stateEnd - stateStart);
  list.actionFeatures = grown(list.actionFeatures, actionAt + actionEnd - actionStart);
  list.stateFeatures.set(from.stateFeatures.subarray(stateStart, stateEnd), stateAt);
  list.actionFeatures.set(from.actionFeatures.subarray(actionStart, actionEnd), actionAt);
  const width = shape.vectorWidth;
  list.vectors = grown(list.vectors, (states + count) * width);
  list.vectors.set(from.vectors.subarray(s * width, (s + count) * width), states * width);
  for (let r = 1; r <= rows; r++) {
    list.actionOffsets[actions + r] = actionAt + from.actionOffsets[firstRow + r] - actionStart;
  }
  for (let i = 1; i <= count; i++) {
    list.stateOffsets[states + i] = stateAt + from.stateOffsets[s + i] - stateStart;
    list.rowOffsets[states + i] = actions + Math.min(from.rowOffsets[s + i] - firstRow, rows);
  }
  list.actions += rows;
  list.states += count;
}
