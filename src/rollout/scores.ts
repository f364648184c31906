/**
 * Computes log-probabilities for the distinct states of the running episodes. Each distinct state is computed once,
 * also if several episodes reach it.
 */
import { index32 } from '../engine/kernels/address.ts';
import { drawActions, finiteLogProbs, type Policy } from '../engine/policy/policy.ts';
import type { KnownStates } from '../engine/states/knownStates.ts';
import { cutBatches } from '../engine/states/loadBatch.ts';
import { gatherBatch, growForPlaced } from '../engine/states/placedLists.ts';

/**
 * Scores the waiting states, batch by batch. All states in `known` must have the same weights and temperature.
 *
 * @param onBatch called with the address of the numbers of the states of each batch and their number, while the outputs
 *   of the network and `policy.logProbs` are those of the batch
 * @throws if a log-probability is not finite
 */
export function scoreBatches(
  policy: Policy,
  known: KnownStates,
  temperature: number,
  onBatch: (at: number, count: number) => void,
): void {
  const { arena, network } = policy;
  const { addresses } = known.arrays;
  const { i32 } = arena;
  const order = i32.subarray(index32(addresses.waiting), index32(addresses.waiting) + known.waiting);
  const offsets = {
    rowOffsets: i32.subarray(index32(addresses.rowOffsets)),
    stateOffsets: i32.subarray(index32(addresses.stateOffsets)),
    actionOffsets: i32.subarray(index32(addresses.actionOffsets)),
  };
  let from = 0;
  for (const to of cutBatches(offsets, order, network.batch.capacity)) {
    const at = addresses.waiting + 4 * from;
    if (to - from === 1) growForPlaced(arena, network.batch, addresses, arena.i32[index32(at)]);
    gatherBatch(arena, network.batch, addresses, at, to - from);
    finiteLogProbs(policy, policy.weights, temperature);
    onBatch(at, to - from);
    from = to;
  }
  known.waiting = 0;
}

/**
 * Computes the log-probabilities of the waiting states; see `scoreBatches`.
 *
 * @throws if a log-probability is not finite
 */
export function scoreWaiting(policy: Policy, known: KnownStates, temperature: number): void {
  const { addresses } = known.arrays;
  scoreBatches(policy, known, temperature, (at, count) =>
    policy.arena.kernels.scatterRowValues(count, at, addresses.rowOffsets, policy.logProbs, addresses.logProbs),
  );
}

/** Output of `sampleScored`: the action and its log-probability of each state, from index `at` on. */
export interface SampledActions {
  readonly taken: Int32Array;
  readonly logProb: Float32Array;
}

/**
 * Samples an action for each of the states `from` to `from + count - 1`, whose log-probabilities are computed.
 * Overwrites the batch of the policy.
 *
 * @param key key of the random stream; see `streamKey`
 * @param counters i32[count], the random counter of each state
 * @param at index in `sampled` of the first result
 */
export function sampleScored(
  policy: Policy,
  { arrays: { addresses } }: KnownStates,
  from: number,
  count: number,
  key: readonly [number, number],
  counters: Int32Array,
  sampled: SampledActions,
  at: number,
): void {
  const { arena, network } = policy;
  const { i32, f32, kernels } = arena;
  const { rowOffsets, capacity } = network.batch;
  const ofRows = index32(addresses.rowOffsets) + from;
  const [countersAt, takenAt, takenLogProbAt] = [
    index32(policy.indices),
    index32(policy.taken),
    index32(policy.takenLogProb),
  ];
  for (let done = 0; done < count; ) {
    let n = 0;
    for (; done + n < count && n < capacity.states; n++) {
      // A single state can exceed the capacity.
      if (n > 0 && i32[ofRows + done + n + 1] - i32[ofRows + done] > capacity.actions) break;
      i32[countersAt + n] = counters[done + n];
    }
    const first = addresses.first + 4 * (from + done);
    kernels.gatherRowValues(n, first, addresses.rowOffsets, addresses.logProbs, rowOffsets, policy.logProbs);
    drawActions(policy, n, key);
    for (let j = 0; j < n; j++) {
      sampled.taken[at + done + j] = i32[takenAt + j];
      sampled.logProb[at + done + j] = f32[takenLogProbAt + j];
    }
    done += n;
  }
}
