/**
 * Sources: the arrays by state that the sets of an update read. Each source is sent to the workers once, with the first
 * update that uses it.
 */
import { index32 } from '../engine/kernels/address.ts';
import type { Arena } from '../engine/kernels/arena.ts';
import type { InputShape } from '../engine/layers/batch.ts';
import type { LossSet } from '../engine/learn/shards.ts';
import { createGrowingArrays, enlarge, type GrowingArrays } from '../engine/states/growingArrays.ts';
import { listArrays, type PlacedStates, placeList, wordsOf } from '../engine/states/placedLists.ts';
import { createStateList, type StateList } from '../engine/states/stateList.ts';
import { packArray, packStates } from '../rollout/pack.ts';

/** Number of sources that workers keep: a rollout and demonstrations. */
const KEPT_SOURCES = 2;

const sourceKeys = [
  'list',
  'taken',
  'oldLogProb',
  'refLogProb',
  'advantage',
  'valueTarget',
  'oldValue',
  'labels',
  'repeats',
] as const;

/** A source in a worker: copies, or views of arrays in shared memory. */
export type SetSource = Pick<LossSet, (typeof sourceKeys)[number] | 'placed'>;

const integers = ['taken', 'repeats'] as const;
const floats = ['oldLogProb', 'refLogProb', 'advantage', 'valueTarget', 'oldValue'] as const;
type SourceArray = (typeof integers)[number] | (typeof floats)[number] | 'labels';
type SourceRoom = GrowingArrays<keyof PlacedStates | SourceArray>;

/** A source in shared memory. */
export interface PlacedSource {
  readonly shape: InputShape;
  readonly states: number;
  readonly actions: number;
  /** Address of each array; 0 for an array that the source lacks. */
  readonly at: SourceRoom['addresses'];
}

/** A set as it is sent. Its source is null if an earlier set already carried it. */
export type SentSet = Omit<LossSet, keyof SetSource> & {
  readonly id: number;
  readonly source: SetSource | PlacedSource | null;
};

function placeSource(arena: Arena, room: SourceRoom, set: LossSet): PlacedSource {
  const { shape, states, actions } = set.list;
  placeList(arena, room, set.list);
  const at = { ...room.addresses };
  for (const name of [...integers, ...floats]) {
    const array = set[name];
    if (room.words[name] < states && array) enlarge(arena, room, name, states, 0);
    at[name] = array ? room.addresses[name] : 0;
    const memory = array instanceof Int32Array ? arena.i32 : arena.f32;
    if (array) memory.set(array.subarray(0, states), index32(at[name]));
  }
  const { labels } = set;
  const words = Math.ceil(actions / 4);
  if (room.words.labels < words && labels) enlarge(arena, room, 'labels', words, 0);
  at.labels = labels ? room.addresses.labels : 0;
  if (labels) arena.i8.set(labels.subarray(0, actions), at.labels);
  return { shape, states, actions, at };
}

/** Views of a source through another arena on the same memory. */
function viewSource({ i32, f32, i8 }: Arena, { shape, states, actions, at }: PlacedSource): SetSource {
  const ints = (name: keyof typeof at, count: number): Int32Array =>
    i32.subarray(index32(at[name]), index32(at[name]) + count);
  const numbers = (name: keyof typeof at): Float32Array => f32.subarray(index32(at[name]), index32(at[name]) + states);
  const offsets = {
    rowOffsets: ints('rowOffsets', states + 1),
    stateOffsets: ints('stateOffsets', states + 1),
    actionOffsets: ints('actionOffsets', actions + 1),
  };
  const vectors = f32.subarray(index32(at.vectors), index32(at.vectors) + states * shape.vectorWidth);
  const list: StateList = { ...createStateList(shape, 0), ...offsets, states, actions, vectors };
  const { stateFeatures, actionFeatures } = wordsOf(list);
  list.stateFeatures = ints('stateFeatures', stateFeatures);
  list.actionFeatures = ints('actionFeatures', actionFeatures);
  return {
    list,
    placed: at,
    taken: ints('taken', states),
    oldLogProb: numbers('oldLogProb'),
    refLogProb: at.refLogProb ? numbers('refLogProb') : null,
    advantage: numbers('advantage'),
    valueTarget: at.valueTarget ? numbers('valueTarget') : undefined,
    oldValue: at.oldValue ? numbers('oldValue') : undefined,
    labels: at.labels ? i8.subarray(at.labels, at.labels + actions) : null,
    repeats: at.repeats ? ints('repeats', states) : null,
  };
}

function copySource(set: LossSet): SetSource {
  const { states, actions } = set.list;
  const pack = <T extends Int32Array | Float32Array>(array: T): T => packArray(array, states, false);
  return {
    list: packStates(set.list, false),
    taken: pack(set.taken),
    oldLogProb: pack(set.oldLogProb),
    refLogProb: set.refLogProb && pack(set.refLogProb),
    advantage: pack(set.advantage),
    valueTarget: set.valueTarget && pack(set.valueTarget),
    oldValue: set.oldValue && pack(set.oldValue),
    labels: set.labels && packArray(set.labels, actions, false),
    repeats: set.repeats && pack(set.repeats),
  };
}

/** Sends each source once, and records which sources the workers keep. */
export interface Sources {
  /**
   * The sets in the form that workers receive. On shared memory this copies sources into the arena, so no mark of the
   * arena may be open.
   */
  send(sets: readonly LossSet[]): SentSet[];
  /** A set that was sent, with the addresses of its list where the list is in shared memory. */
  placed(set: LossSet): LossSet;
  /** Drops all but the latest sources. Returns the ids of those that workers keep. */
  keep(): number[];
  /**
   * Reuses the memory of dropped sources.
   *
   * @param done resolves when the workers have finished everything sent so far; the memory may be overwritten from then
   * on
   */
  reuse(done: Promise<unknown>): void;
}

/** @param arena an arena on shared memory, or null: workers receive copies */
export function createSources(arena: Arena | null): Sources {
  const held: { id: number; set: LossSet; room: SourceRoom | null; at: PlacedStates | null }[] = [];
  const free: SourceRoom[] = [];
  const dropped: SourceRoom[] = [];
  let lastId = 0;
  const add = (set: LossSet): SetSource | PlacedSource => {
    if (!arena) {
      held.push({ id: ++lastId, set, room: null, at: null });
      return copySource(set);
    }
    const room = free.pop() ?? createGrowingArrays([...listArrays, ...integers, ...floats, 'labels']);
    const source = placeSource(arena, room, set);
    held.push({ id: ++lastId, set, room, at: source.at });
    return source;
  };
  const find = (set: LossSet): number =>
    held.findIndex((other) => sourceKeys.every((key) => other.set[key] === set[key]));
  const sent = (set: LossSet): SentSet => {
    const { order, weight, cloningWeight, valueWeight, settings } = set;
    const rest = { order: order.slice(), weight, cloningWeight, valueWeight, settings };
    const found = find(set);
    if (found < 0) return { source: add(set), id: lastId, ...rest };
    const [entry] = held.splice(found, 1);
    held.push(entry);
    return { id: entry.id, source: null, ...rest };
  };
  return {
    send: (sets) => sets.map(sent),
    placed: (set) => ({ ...set, placed: held[find(set)]?.at ?? null }),
    keep() {
      for (const { room } of held.splice(0, Math.max(0, held.length - KEPT_SOURCES))) if (room) dropped.push(room);
      return held.map(({ id }) => id);
    },
    reuse(done) {
      const rooms = dropped.splice(0);
      const release = (): void => void free.push(...rooms);
      // After a failure a worker can still read them, so they are not reused.
      done.then(release, () => {});
    },
  };
}

/** For a worker: the sets with their sources. Removes the sources whose ids are not in `keep` from `known`. */
export function receiveSets(
  arena: Arena,
  known: Map<number, SetSource>,
  updates: readonly (readonly SentSet[])[],
  keep: readonly number[],
): LossSet[][] {
  for (const { id, source } of updates.flat())
    if (source) known.set(id, 'at' in source ? viewSource(arena, source) : source);
  const sets = updates.map((sent) =>
    sent.map(({ id, source: _, ...set }) => ({ ...set, ...(known.get(id) as SetSource) })),
  );
  for (const id of [...known.keys()]) if (!keep.includes(id)) known.delete(id);
  return sets;
}
