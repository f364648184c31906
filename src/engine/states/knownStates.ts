/**
 * The states of the current rollout, in the arena. A kernel checks them, converts their features to table rows and
 * finds repeated states.
 */
import type { EnvironmentSpec, Features, Step } from '../../env/environment.ts';
import { MOST_ACTIONS } from '../../env/limits.ts';
import { index32 } from '../kernels/address.ts';
import type { Arena } from '../kernels/arena.ts';
import type { InputShape } from '../layers/batch.ts';
import { createGrowingArrays, enlarge, type GrowingArrays } from './growingArrays.ts';
import { createStateList, grown, inputShape, pushState, type StateList } from './stateList.ts';

const byState = ['rowOffsets', 'stateOffsets', 'hash', 'first', 'waiting'] as const;
const others = ['stateFeatures', 'actionOffsets', 'actionFeatures', 'vectors', 'logProbs', 'table'] as const;

/** A list of states like `StateList`, with values in 32-bit words by state and by action row. */
export interface KnownStates {
  readonly arena: Arena;
  readonly shape: InputShape;
  readonly arrays: GrowingArrays<(typeof byState)[number] | (typeof others)[number]>;
  /** Number of states and of action rows. */
  states: number;
  actions: number;
  /**
   * Number of distinct states, and of those that still need log-probabilities; their numbers are stored from
   * arrays.addresses.waiting on.
   */
  distinct: number;
  waiting: number;
}

const FIRST_STATES = 256;
const FIRST_TABLE = 1024;

/** Reusable arrays: an arena does not free what it allocated. */
const reusableArrays = new WeakMap<Arena, KnownStates['arrays'][]>();

/**
 * Returns an empty list. Return its arrays with `closeKnownStates`. Do not call it inside an `arena.mark()` section.
 */
export function openKnownStates(arena: Arena, spec: EnvironmentSpec): KnownStates {
  const reusable = reusableArrays.get(arena) ?? [];
  reusableArrays.set(arena, reusable);
  const arrays = reusable.pop() ?? createGrowingArrays([...byState, ...others]);
  const known = { arena, shape: inputShape(spec), arrays, states: 0, actions: 0, distinct: 0, waiting: 0 };
  if (arrays.words.table === 0) enlarge(arena, arrays, 'table', FIRST_TABLE, 0);
  forgetStates(known);
  return known;
}

export function closeKnownStates({ arena, arrays }: KnownStates): void {
  reusableArrays.get(arena)?.push(arrays);
}

export function forgetStates(known: KnownStates): void {
  const { arena, arrays } = known;
  known.states = known.actions = known.distinct = known.waiting = 0;
  arena.kernels.fill(arrays.addresses.table, arrays.words.table, 0);
}

/** A feature as a 32-bit word. A number that is not an integer becomes -1, which is out of range. */
const wordOf = (feature: number): number => ((feature | 0) === feature ? feature : -1);

function putObservation({ arena, arrays, shape }: KnownStates, s: number, observation: Step['observation']): void {
  const { addresses, words } = arrays;
  const offsets = index32(addresses.stateOffsets) + s;
  const from = arena.i32[offsets];
  if (shape.form === 'tokens') {
    const features = observation as Features;
    const to = from + features.length;
    if (to > words.stateFeatures) enlarge(arena, arrays, 'stateFeatures', to, from);
    const { i32 } = arena;
    const at = index32(addresses.stateFeatures) + from;
    for (let i = 0; i < features.length; i++) i32[at + i] = wordOf(features[i]);
    i32[offsets + 1] = to;
    return;
  }
  const vector = observation as Float32Array;
  const at = index32(addresses.vectors) + s * shape.vectorWidth;
  for (let i = 0; i < shape.vectorWidth; i++) arena.f32[at + i] = vector[i];
  // NaN makes the kernel reject a vector of another length as one that is not finite.
  if (vector.length !== shape.vectorWidth) arena.f32[at] = Number.NaN;
  arena.i32[offsets + 1] = from;
}

function putActions(known: KnownStates, s: number, actions: Step['info']['admissibleActions']): void {
  const { arena, arrays } = known;
  const { addresses, words } = arrays;
  const rows = known.actions + actions.length;
  if (rows + 1 > words.actionOffsets) {
    enlarge(arena, arrays, 'actionOffsets', rows + 1, known.actions + 1);
    enlarge(arena, arrays, 'logProbs', rows + 1, known.actions);
  }
  const offsets = index32(addresses.actionOffsets) + known.actions + 1;
  const from = arena.i32[offsets - 1];
  // Features are counted first, so that the loop over all features contains only reads and writes.
  let to = from;
  for (let a = 0; a < actions.length; a++) {
    const action = actions[a];
    to += typeof action === 'number' ? 1 : action.length;
  }
  if (to > words.actionFeatures) enlarge(arena, arrays, 'actionFeatures', to, from);
  const { i32 } = arena;
  const start = index32(addresses.actionFeatures);
  let at = start + from;
  for (let a = 0; a < actions.length; a++) {
    const action = actions[a];
    if (typeof action === 'number') i32[at++] = wordOf(action);
    else for (let i = 0; i < action.length; i++) i32[at++] = wordOf(action[i]);
    i32[offsets + a] = at - start;
  }
  known.actions = rows;
  i32[index32(addresses.rowOffsets) + s + 1] = rows;
}

/** Enlarges the hash table to `needed` slots or more and inserts the distinct states again. */
function enlargeTable({ arena, arrays, states }: KnownStates, needed: number): void {
  const { addresses, words } = arrays;
  let size = words.table;
  while (size < needed) size *= 2;
  enlarge(arena, arrays, 'table', size, 0);
  const { i32 } = arena;
  const mask = words.table - 1;
  const [table, hash, first] = [index32(addresses.table), index32(addresses.hash), index32(addresses.first)];
  for (let s = 0; s < states; s++) {
    if (i32[first + s] !== s) continue;
    let at = i32[hash + s] & mask;
    while (i32[table + at] !== 0) at = (at + 1) & mask;
    i32[table + at] = s + 1;
  }
}

/**
 * Appends the states of the first `count` steps. States that occur for the first time wait for their log-probabilities.
 *
 * @throws the errors of `pushState`
 */
export function meetStates(known: KnownStates, steps: readonly Step[], count: number): void {
  const { arena, arrays, shape } = known;
  const { addresses, words } = arrays;
  const from = known.states;
  const to = from + count;
  if (to + 1 > words.rowOffsets) {
    for (const name of byState) enlarge(arena, arrays, name, Math.max(to + 1, FIRST_STATES), from + 1);
  }
  if (to * shape.vectorWidth > words.vectors)
    enlarge(arena, arrays, 'vectors', to * shape.vectorWidth, from * shape.vectorWidth);
  if (2 * (known.distinct + count) > words.table) enlargeTable(known, 2 * (known.distinct + count));
  let put = 0;
  try {
    for (; put < count; put++) {
      if (steps[put].info.admissibleActions.length > MOST_ACTIONS) refuse(shape, steps[put]);
      putObservation(known, from + put, steps[put].observation);
      putActions(known, from + put, steps[put].info.admissibleActions);
    }
  } catch (cause) {
    // The environment returned something that is not a list. Checking every step here would cost more than the checks
    // of the kernel.
    refuse(shape, steps[put]);
    throw cause;
  }
  const found = arena.kernels.recogniseStates(
    from,
    to,
    shape.vocabularySize,
    shape.stateSlots,
    shape.actionSlots,
    shape.vectorWidth,
    addresses.rowOffsets,
    addresses.stateOffsets,
    addresses.stateFeatures,
    addresses.actionOffsets,
    addresses.actionFeatures,
    addresses.vectors,
    addresses.table,
    words.table - 1,
    addresses.hash,
    addresses.first,
    addresses.waiting + 4 * known.waiting,
  );
  if (found < 0) refuse(shape, steps[-1 - found - from]);
  known.states = to;
  known.distinct += found;
  known.waiting += found;
}

/** Throws the error that describes a wrong step. */
function refuse(shape: InputShape, step: Step): void {
  pushState(createStateList(shape, 1), step?.observation, step?.info?.admissibleActions);
}

/**
 * Copies all states into a list of the same shape and replaces its content. Writes to `first` the number of the first
 * equal state of each.
 */
export function copyStates(known: KnownStates, list: StateList, first: Int32Array): void {
  const { arena, arrays, states, actions, shape } = known;
  const { addresses } = arrays;
  const ints = (name: Exclude<keyof typeof addresses, 'vectors'>, count: number, to: Int32Array): Int32Array => {
    const array = grown(to, count);
    array.set(arena.i32.subarray(index32(addresses[name]), index32(addresses[name]) + count));
    return array;
  };
  list.states = states;
  list.actions = actions;
  list.rowOffsets = ints('rowOffsets', states + 1, list.rowOffsets);
  list.stateOffsets = ints('stateOffsets', states + 1, list.stateOffsets);
  list.stateFeatures = ints('stateFeatures', list.stateOffsets[states], list.stateFeatures);
  list.actionOffsets = ints('actionOffsets', actions + 1, list.actionOffsets);
  list.actionFeatures = ints('actionFeatures', list.actionOffsets[actions], list.actionFeatures);
  list.vectors = grown(list.vectors, states * shape.vectorWidth);
  const vectors = index32(addresses.vectors);
  list.vectors.set(arena.f32.subarray(vectors, vectors + states * shape.vectorWidth));
  ints('first', states, first);
}
