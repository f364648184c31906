/** A growing list of states with their candidate actions, in flat typed arrays: what rollouts collect and batches are cut from. */
import type { EnvironmentSpec, Features, Step } from '../env/environment.ts';
import { MOST_ACTIONS } from '../env/limits.ts';
import type { InputShape } from '../layers/batch.ts';

export function inputShape(spec: EnvironmentSpec): InputShape {
  return spec.form === 'tokens'
    ? {
        form: 'tokens',
        layout: spec.layout,
        vocabularySize: spec.vocabulary.length,
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
}

export interface StateList {
  readonly shape: InputShape;
  /** States and action rows held. */
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

/** @param room for about so many states before the first arrays are outgrown */
export function createStateList(shape: InputShape, room = 256): StateList {
  return {
    shape,
    states: 0,
    actions: 0,
    rowOffsets: new Int32Array(room + 1),
    stateFeatures: new Int32Array(16 * room),
    stateOffsets: new Int32Array(room + 1),
    actionFeatures: new Int32Array(64 * room),
    actionOffsets: new Int32Array(8 * room + 1),
    vectors: new Float32Array(room * shape.vectorWidth),
  };
}

export function clearStates(list: StateList): void {
  list.states = 0;
  list.actions = 0;
}

/** The array, or a copy twice as long where it has no room for `length` elements. */
export function grown<T extends Uint8Array | Int32Array | Float32Array | Float64Array>(array: T, length: number): T {
  if (length <= array.length) return array;
  const larger = new (array.constructor as new (n: number) => T)(Math.max(length, array.length * 2));
  larger.set(array);
  return larger;
}

function pushFeatures(features: Features, slots: number, vocabulary: number, out: Int32Array, at: number): void {
  for (let i = 0; i < features.length; i++) {
    const feature = features[i];
    const slot = (feature / vocabulary) | 0;
    if ((feature | 0) !== feature || feature < 0 || slot >= slots) {
      throw new RangeError(
        `pushState: features must be integers slot * ${vocabulary} + token with slot < ${slots}, got ${feature}; check the environment's encoding`,
      );
    }
    // From slot * vocabulary + token to token * slots + slot, the row order of the product tables.
    out[at + i] = (feature - slot * vocabulary) * slots + slot;
  }
}

/**
 * Appends a state.
 *
 * @throws if there is no admissible action or more than `MOST_ACTIONS`, a feature is out of range, or a vector has the wrong length or a non-finite element
 */
export function pushState(
  list: StateList,
  observation: Step['observation'],
  admissibleActions: Step['info']['admissibleActions'],
): void {
  const { shape, states } = list;
  const count = admissibleActions.length;
  if (count === 0) {
    throw new RangeError(
      'pushState: admissibleActions must not be empty before the end of an episode, got []; check the environment',
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
    list.stateFeatures = grown(list.stateFeatures, end + features.length);
    pushFeatures(features, shape.stateSlots, shape.vocabularySize, list.stateFeatures, end);
    end += features.length;
  } else {
    const vector = observation as Float32Array;
    if (vector.length !== shape.vectorWidth) {
      throw new RangeError(
        `pushState: observation must have ${shape.vectorWidth} numbers, got ${vector.length}; check the environment`,
      );
    }
    list.vectors = grown(list.vectors, (states + 1) * shape.vectorWidth);
    for (let i = 0; i < vector.length; i++) {
      if (!Number.isFinite(vector[i])) {
        throw new RangeError(`pushState: observation must be finite, got ${vector[i]} at ${i}; check the environment`);
      }
    }
    list.vectors.set(vector, states * shape.vectorWidth);
  }
  list.stateOffsets[states + 1] = end;
  const { actionOffsets } = list;
  let row = list.actions;
  let at = actionOffsets[row];
  for (let a = 0; a < count; a++) {
    const action = admissibleActions[a];
    at += typeof action === 'number' ? 1 : action.length;
    actionOffsets[row + a + 1] = at;
  }
  list.actionFeatures = grown(list.actionFeatures, at);
  const { actionFeatures } = list;
  for (let a = 0; a < count; a++) {
    const action = admissibleActions[a];
    at = actionOffsets[row++];
    if (typeof action === 'number') {
      if (!(Number.isInteger(action) && action >= 0 && action < shape.vocabularySize)) {
        throw new RangeError(
          `pushState: action ids must be integers in [0, ${shape.vocabularySize}), got ${action}; check the environment`,
        );
      }
      actionFeatures[at] = action;
    } else pushFeatures(action, shape.actionSlots, shape.vocabularySize, actionFeatures, at);
  }
  list.actions = row;
  list.rowOffsets[states + 1] = row;
  list.states = states + 1;
}

/** Appends states [s, s + count) of another list of the same shape, with all their actions or, of one state, with that of index `only` alone. */
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
