/**
 * The shards of an update: parts of its states. The gradient of each shard is computed separately, and the gradients
 * are summed in a fixed tree (`treeSum.ts`), independent of the assignment of shards to threads.
 */
import { index32 } from '../kernels/address.ts';
import type { Policy } from '../policy/policy.ts';
import { countRows, cutEvenly, type LoadStates, loadStates } from '../states/loadBatch.ts';
import { loadPlaced, type PlacedStates, placeLists } from '../states/placedLists.ts';
import { grown, type StateList } from '../states/stateList.ts';
import { batchLosses, type LossInputs, type LossSettings, SAMPLES_PER_STATE } from './objective.ts';
import { closeSums, openSums } from './treeSum.ts';

/**
 * Largest number of shards of a set, unless its states do not fit. Smallest mean number of action rows of a shard,
 * unless the set has fewer: each shard costs the time of about 20 rows beside that of its rows.
 */
const SHARDS = 64;
const LEAST_ROWS = 170;

/** Number of f64 loss sums of a shard. */
export const SUMS = 16;

/**
 * States with the inputs of their losses. Arrays by state are indexed by the number of the state in the list, not by
 * its position in `order`.
 */
export interface LossSet {
  readonly list: StateList;
  /** Addresses of the list, if it is in the memory of the policy. */
  readonly placed?: PlacedStates | null;
  readonly order: Int32Array;
  readonly taken: Int32Array;
  readonly oldLogProb: Float32Array;
  readonly refLogProb: Float32Array | null;
  readonly advantage: Float32Array;
  /** f32[order.length], by position in `order`: weights of the policy loss and of the cloning loss. */
  readonly weight: Float32Array;
  readonly cloningWeight: Float32Array | null;
  /**
   * For a value loss: f32[list.states] of targets and of values at the time of the rollout, and f32[order.length] of
   * weights.
   */
  readonly valueTarget?: Float32Array | undefined;
  readonly oldValue?: Float32Array | undefined;
  readonly valueWeight?: Float32Array | undefined;
  /** i8[list.actions], or null without labels */
  readonly labels: Int8Array | null;
  /**
   * The first equal state of each state of the list, labels included (see `findRepeats`). Equal states are computed
   * once. null without repeats.
   */
  readonly repeats: Int32Array | null;
  readonly settings: LossSettings;
}

/** Distinct states. Each has the samples (positions in `order`) that it represents, in their order. */
interface Entries {
  readonly states: Int32Array;
  /** i32[states.length + 1] into `samples`. */
  readonly offsets: Int32Array;
  readonly samples: Int32Array;
}

/** A set and the ends of its shards among its entries. The partition depends on the set alone. */
export interface ShardPlan {
  readonly set: LossSet;
  readonly entries: Entries;
  readonly ends: readonly number[];
  /** Loads states of the list of the set. */
  readonly load: LoadStates;
}

/**
 * Reusable buffers of `mergeRepeats`, for one call at a time: the entry of each sample, the state and the number of
 * samples of each entry, and the latest entry of each state.
 */
let entryOf = new Int32Array(512);
let stateOf = new Int32Array(512);
let samplesOf = new Int32Array(512);
let latestEntry = new Int32Array(2048);

function mergeRepeats({ list, order, repeats }: LossSet): Entries {
  const count = order.length;
  entryOf = grown(entryOf, count);
  stateOf = grown(stateOf, count);
  samplesOf = grown(samplesOf, count);
  latestEntry = grown(latestEntry, list.states);
  const [entry, state, size, open] = [entryOf, stateOf, samplesOf, latestEntry];
  size.fill(0, 0, count);
  // Entries count from 1 here; 0 means none.
  open.fill(0, 0, list.states);
  let entries = 0;
  for (let i = 0; i < count; i++) {
    const s = repeats ? repeats[order[i]] : order[i];
    let e = repeats ? open[s] - 1 : -1;
    if (e < 0 || size[e] === SAMPLES_PER_STATE) {
      e = entries++;
      state[e] = s;
      open[s] = entries;
    }
    entry[i] = e;
    size[e]++;
  }
  const offsets = new Int32Array(entries + 1);
  for (let e = 0; e < entries; e++) offsets[e + 1] = offsets[e] + size[e];
  const samples = new Int32Array(count);
  for (let i = count - 1; i >= 0; i--) samples[offsets[entry[i]] + --size[entry[i]]] = i;
  return { states: state.slice(0, entries), offsets, samples };
}

/** Number of shards of a set: a power of two, so that 2, 4, 8 or more threads compute equally many. */
function shardsOf(rows: number): number {
  const most = Math.max(1, Math.min(SHARDS, Math.floor(rows / LEAST_ROWS)));
  return 1 << (31 - Math.clz32(most));
}

/** Partitions a set into shards of about equally many action rows. */
export function planShards(set: LossSet, policy: Policy, load: LoadStates = loadStates): ShardPlan {
  const entries = mergeRepeats(set);
  const rows = countRows(set.list, entries.states);
  const ends = cutEvenly(set.list, entries.states, policy.network.batch.capacity, shardsOf(rows));
  return { set, entries, ends, load };
}

/** One shard of the plans of an update. */
export interface PlannedShard {
  readonly plan: ShardPlan;
  readonly shard: number;
}

/** The shards of an update in the order in which they are summed. */
export function shardsIn(plans: readonly ShardPlan[]): PlannedShard[] {
  const shards: PlannedShard[] = [];
  for (const plan of plans) for (let shard = 0; shard < plan.ends.length; shard++) shards.push({ plan, shard });
  return shards;
}

/** Number of distinct states of a shard. */
export function statesOf({ plan: { ends }, shard }: PlannedShard): number {
  return ends[shard] - (shard === 0 ? 0 : ends[shard - 1]);
}

/**
 * Plans of consecutive updates. Each plan is computed on the first request, so a waiting thread can compute the next
 * one. Lists that are not in the memory of the policy are copied there at once, so do not call it inside an
 * `arena.mark()` section.
 */
export function planAhead(
  updates: readonly (readonly LossSet[])[],
  policy: Policy,
): (update: number) => readonly ShardPlan[] {
  const made: (readonly ShardPlan[])[] = [];
  const lists = [...new Set(updates.flatMap((sets) => sets.filter(({ placed }) => !placed).map(({ list }) => list)))];
  const loads = placeLists(policy.arena, lists);
  return (update) => {
    made[update] ??= updates[update].map((set) =>
      planShards(set, policy, set.placed ? loadPlaced(set.placed) : loads[lists.indexOf(set.list)]),
    );
    return made[update];
  };
}

/** A policy and the buffers of its losses, on which shards are computed. */
export interface ShardEngine {
  readonly policy: Policy;
  readonly inputs: LossInputs;
}

/** Copies the loss inputs of the entries [from, to) into the buffers of the loaded batch. */
function loadLossInputs(
  { policy, inputs }: ShardEngine,
  set: LossSet,
  entries: Entries,
  from: number,
  to: number,
): void {
  const { f32, i32, i8 } = policy.arena;
  const { list, order, taken, oldLogProb, refLogProb, advantage, weight, cloningWeight } = set;
  const { valueTarget, oldValue, valueWeight, labels } = set;
  const { cloningCoef, goodWeight, badWeight } = set.settings;
  const { states, offsets, samples } = entries;
  const usesLabels = cloningCoef > 0 || goodWeight > 0 || badWeight > 0;
  const first = offsets[from];
  const last = offsets[to];
  const [takenAt, oldLogProbAt, refLogProbAt] = [
    index32(inputs.taken),
    index32(inputs.oldLogProb),
    index32(inputs.refLogProb),
  ];
  const [advantageAt, weightAt] = [index32(inputs.advantage), index32(inputs.weight)];
  for (let at = first, m = 0; at < last; at++, m++) {
    const i = samples[at];
    const s = order[i];
    i32[takenAt + m] = taken[s];
    f32[oldLogProbAt + m] = oldLogProb[s];
    if (refLogProb) f32[refLogProbAt + m] = refLogProb[s];
    f32[advantageAt + m] = advantage[s];
    f32[weightAt + m] = weight[i];
    if (valueWeight && valueTarget && oldValue) {
      f32[index32(inputs.valueTarget) + m] = valueTarget[s];
      f32[index32(inputs.oldValue) + m] = oldValue[s];
      f32[index32(inputs.valueWeight) + m] = valueWeight[i];
    }
  }
  const sampleOffsetsAt = index32(inputs.sampleOffsets);
  const cloningWeightAt = index32(inputs.cloningWeight);
  const countsAt = index32(inputs.counts);
  let row = 0;
  i32[sampleOffsetsAt] = 0;
  for (let e = from, n = 0; e < to; e++, n++) {
    const end = offsets[e + 1];
    i32[sampleOffsetsAt + n + 1] = end - first;
    let sum = 0;
    if (cloningWeight) for (let at = offsets[e]; at < end; at++) sum += cloningWeight[samples[at]];
    f32[cloningWeightAt + n] = sum;
    if (!usesLabels) continue;
    const count = end - offsets[e];
    const lastRow = list.rowOffsets[states[e] + 1];
    for (let r = list.rowOffsets[states[e]]; r < lastRow; r++) {
      f32[countsAt + row] = count;
      if (labels) i8[inputs.labels + row] = labels[r];
      row++;
    }
  }
}

/**
 * Computes shard number `shard` of the plan. Writes its gradient to the vector at `g` and its loss sums to f64[SUMS] at
 * `sums`.
 */
export function computeShard(engine: ShardEngine, plan: ShardPlan, shard: number, g: number, sums: number): void {
  const { policy, inputs } = engine;
  const { arena, network, weights } = policy;
  const { set, entries, ends, load } = plan;
  const from = shard === 0 ? 0 : ends[shard - 1];
  network.clearGradient(g);
  load(arena, network.batch, set.list, entries.states, from, ends[shard]);
  loadLossInputs(engine, set, entries, from, ends[shard]);
  batchLosses(policy, inputs, set.settings);
  network.backward(weights, g);
  moveSums(engine, sums);
}

/** Moves the accumulated loss sums to f64[SUMS] at `sums` and sets the accumulators to 0. */
export function moveSums({ policy, inputs }: ShardEngine, sums: number): void {
  const { arena } = policy;
  arena.copy(sums, inputs.sums, SUMS * 8);
  arena.zero(inputs.sums, SUMS * 8);
}

/**
 * Computes shard n of an update, where one thread computes the shards [from, to) in their order, and closes the sums
 * that end with it.
 *
 * @param vectors `vectorsFor(to - from)` gradient vectors. After shard to - 1 the first one holds the sum
 * @param sums address of f64[SUMS] of each shard of the update
 */
export function computeInOrder(
  engine: ShardEngine,
  shards: readonly PlannedShard[],
  n: number,
  [from, to]: readonly [from: number, to: number],
  vectors: readonly number[],
  sums: readonly number[],
): void {
  const { plan, shard } = shards[n];
  computeShard(engine, plan, shard, vectors[openSums(n - from)], sums[n]);
  closeSums(engine.policy.network, vectors, n - from, n === to - 1);
}
