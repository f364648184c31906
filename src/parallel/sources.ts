/** The arrays by state that updates read: each goes to the workers once, for all updates that have it. */
import { index32 } from '../engine/kernels/address.ts';
import type { Arena } from '../engine/kernels/arena.ts';
import type { InputShape } from '../engine/layers/batch.ts';
import type { LossSet } from '../engine/learn/shards.ts';
import { createGrowingArrays, enlarge, type GrowingArrays } from '../engine/states/growingArrays.ts';
import { listArrays, type PlacedStates, placeList, wordsOf } from '../engine/states/placedLists.ts';
import { createStateList, type StateList } from '../engine/states/stateList.ts';
import { packArray, packStates } from '../rollout/pack.ts';

/** Sources of sets that workers keep: a rollout and demonstrations. */
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

/** A source in the memory of a worker: copies, or views of what stands on memory that threads share. */
export type SetSource = Pick<LossSet, (typeof sourceKeys)[number] | 'placed'>;

const integers = ['taken', 'repeats'] as const;
const floats = ['oldLogProb', 'refLogProb', 'advantage', 'valueTarget', 'oldValue'] as const;
type SourceArray = (typeof integers)[number] | (typeof floats)[number] | 'labels';
type SourceRoom = GrowingArrays<keyof PlacedStates | SourceArray>;

/** A source on shared memory: how much there is, and the address of each array, 0 where the source has none. */
export interface PlacedSource {
  readonly shape: InputShape;
  readonly states: number;
  readonly actions: number;
  readonly at: SourceRoom['addresses'];
}

/** A set as it is sent. What does not change from update to update comes with the first set that has it. */
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

/** The source as another thread's arena on the same memory shows it. */
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

/** Ships each source once, and knows which the workers still have. */
export interface Sources {
  /** The sets as workers get them. On shared memory sources are copied into the arena, in which nothing may be marked. */
  ship(sets: readonly LossSet[]): SentSet[];
  /** A set that was shipped, with the place of its list if it has one. */
  placed(set: LossSet): LossSet;
  /** The sources that workers keep from now on. */
  keep(): number[];
  /** @param done when workers have done with all that was sent so far: what stands in the places of sources not kept may then be overwritten */
  reuse(done: Promise<unknown>): void;
}

/** @param arena on memory that threads share, or null: workers get copies */
export function createSources(arena: Arena | null): Sources {
  const held: { id: number; set: LossSet; room: SourceRoom | null; at: PlacedStates | null }[] = [];
  const free: SourceRoom[] = [];
  const leaving: SourceRoom[] = [];
  let lastId = 0;
  const hold = (set: LossSet): SetSource | PlacedSource => {
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
    if (found < 0) return { source: hold(set), id: lastId, ...rest };
    const [entry] = held.splice(found, 1);
    held.push(entry);
    return { id: entry.id, source: null, ...rest };
  };
  return {
    ship: (sets) => sets.map(sent),
    placed: (set) => ({ ...set, placed: held[find(set)]?.at ?? null }),
    keep() {
      for (const { room } of held.splice(0, Math.max(0, held.length - KEPT_SOURCES))) if (room) leaving.push(room);
      return held.map(({ id }) => id);
    },
    reuse(done) {
      const rooms = leaving.splice(0);
      const give = (): void => void free.push(...rooms);
      // A worker that failed may still read them.
      done.then(give, () => {});
    },
  };
}

/** A worker's side: the sets with their sources, of which those not in `keep` are forgotten afterwards. */
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
