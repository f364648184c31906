/** The churn penalty as a part of an update: how far the policy of some states is from an earlier policy. */
import { index64 } from '../kernels/address.ts';
import { clearOtherHeads } from '../policy/heads.ts';
import { finiteLogProbs } from '../policy/policy.ts';
import { cutBatches, growForStates, loadStates } from '../states/loadBatch.ts';
import type { StateList } from '../states/stateList.ts';
import { SUMS } from './shards.ts';
import { closeSums, openSums, vectorsFor } from './treeSum.ts';
import type { Learner, WholeLoss } from './update.ts';

/** States on which the policy should stay as it was. */
export interface ChurnSet {
  readonly list: StateList;
  /** Numbers of states of the list, and the weight of each: f32[states.length]. */
  readonly states: Int32Array;
  readonly weights: Float32Array;
  readonly coef: number;
  /** Divides the logits of both policies. */
  readonly temperature: number;
}

/**
 * coef sum over states of weight KL(earlier || policy) over all admissible actions (CHAIN, Tang and Berseth, 2024,
 * arXiv 2409.04792; for discrete actions, minimising the cross-entropy has the same gradient).
 *
 * @param earlier returns the address of the earlier weights, prepared, when the update computes its gradient
 * @param onLoss receives the sum without coef
 */
export function churnLoss(set: ChurnSet, earlier: () => number, onLoss: (divergence: number) => void): WholeLoss {
  return (learner) => {
    const { batch } = learner.policy.network;
    growForStates(batch, set.list, set.states);
    const ends = cutBatches(set.list, set.states, batch.capacity);
    return {
      shards: ends.length,
      compute: (vectors, sums) => onLoss(accumulate(learner, set, earlier(), ends, vectors, sums)),
    };
  };
}

function accumulate(
  { policy }: Learner,
  set: ChurnSet,
  earlier: number,
  ends: readonly number[],
  vectors: readonly number[],
  sums: readonly number[],
): number {
  const { arena, network, weights, logProbs } = policy;
  const { kernels } = arena;
  const { batch, heads } = network;
  const mark = arena.mark();
  const weightAt = arena.floats(set.states.length);
  arena.write(weightAt, set.weights);
  const oldLogProbs = arena.floats(batch.room.actions);
  const divergence = arena.reserve(8);
  let from = 0;
  for (const [shard, to] of ends.entries()) {
    loadStates(arena, batch, set.list, set.states, from, to);
    const { states, actions, rowOffsets } = batch;
    finiteLogProbs(policy, earlier, set.temperature);
    arena.copy(oldLogProbs, logProbs, actions * 4);
    finiteLogProbs(policy, weights, set.temperature);
    const d = heads.logit.grad;
    kernels.fill(d, actions, 0);
    clearOtherHeads(network);
    kernels.policyKl(states, rowOffsets, logProbs, oldLogProbs, weightAt + from * 4, set.coef, d, divergence);
    if (set.temperature !== 1) kernels.scaleBy(d, actions, 1 / set.temperature);
    const g = vectors[openSums(shard)];
    network.clearGradient(g);
    network.backward(weights, g);
    arena.zero(sums[shard], SUMS * 8);
    closeSums(network, vectors, shard, shard === ends.length - 1);
    from = to;
  }
  const sum = arena.f64[index64(divergence)];
  arena.release(mark);
  return sum;
}

/** The sum of two losses; null counts as 0. */
export function sumOfLosses(first: WholeLoss | null, second: WholeLoss | null): WholeLoss | null {
  if (!first || !second) return first ?? second;
  return (learner) => {
    const { network, arena } = learner.policy;
    const [a, b] = [first(learner), second(learner)];
    // Twice the larger number has one vector more than it: the first vector holds the first loss.
    const shards = 2 * Math.max(a.shards, b.shards);
    return {
      shards,
      compute(vectors, sums) {
        for (const address of sums) arena.zero(address, SUMS * 8);
        a.compute(vectors, sums);
        const others = vectors.slice(1, 1 + vectorsFor(b.shards));
        b.compute(others, sums.slice(a.shards));
        network.addGradient(vectors[0], others[0]);
      },
    };
  };
}
